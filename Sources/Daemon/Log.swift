import Configuration
import Host
import Internet
import Ownership
import Systemd
import VRRP

/// The daemon's messages, each with the fields by which the journal is searched.
struct Log {
  let journal: Journal

  func write(_ message: Message, of stage: Stage) {
    let settings = stage.settings
    let fields: [Journal.Field] = [
      ("VIP", settings.addresses.map(\.address.description).joined(separator: " ")),
      ("VIP_INSTANCE", settings.instance),
      ("VRRP_STATE", stage.state),
      ("VRRP_VRID", String(settings.virtualRouterID)),
      ("INTERFACE", settings.interface),
    ]
    // Both have the levels of syslog(3).
    let severity = Journal.Severity(rawValue: message.severity.rawValue) ?? .error
    journal.send(severity, message.text, id: message.kind.id, fields: fields + message.fields)
  }

  /// What is about the daemon itself, and not about the instance.
  func write(_ severity: Journal.Severity, _ text: String) { journal.send(severity, text) }
}
