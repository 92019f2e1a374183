import Configuration
import Internet
import Ownership
import Systemd

/// The daemon's messages, each with the fields by which the journal is searched.
struct Log {
  let journal: Journal
  let instance: String

  func write(_ message: Message, settings: Settings, state: String) {
    let fields: [Journal.Field] = [
      ("VIP", settings.addresses.map(\.address.description).joined(separator: " ")),
      ("VIP_INSTANCE", instance),
      ("VRRP_STATE", state),
      ("VRRP_VRID", String(settings.virtualRouterID)),
      ("INTERFACE", settings.interface),
    ]
    journal.send(message.severity, message.text, id: message.kind.id, fields: fields + message.fields)
  }
}
