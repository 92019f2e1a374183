import Control
import Host
import Internet

/// An instance as far as it can be known now.
struct Report: Hashable {
  enum Answer: Hashable {
    /// The daemon's own words.
    case status(InstanceStatus)
    /// There is no daemon.
    case stopped
    /// There was one, which was killed or crashed.
    case dead
    /// There is one, but it does not answer; why.
    case silent(String)
  }

  let known: InstanceList.Known
  var answer: Answer

  var name: String { known.name }
  var status: InstanceStatus? { if case .status(let status) = answer { status } else { nil } }

  /// Whether there is a daemon that listens.
  var mayRun: Bool {
    switch answer {
    case .status, .silent: true
    case .stopped, .dead: false
    }
  }

  /// Something that an operator should know before everything else.
  struct Remark: Hashable {
    let text: String
    /// Clients are without the VIP, or may be any moment; otherwise it is only worth a look.
    let isTrouble: Bool

    /// As much as fits a line each, with the name of the instance where it is not clear.
    func lines(named name: String? = nil, on terminal: Terminal) -> [String] {
      let text = (name.map { "\($0): " } ?? "") + text.printable
      return wrap(text, to: terminal.width, indent: 0).map {
        terminal.styled($0, isTrouble ? .trouble : .warning)
      }
    }
  }

  /// The worst first.
  var remarks: [Remark] {
    switch answer {
    case .silent(let reason):
      let remedy = "systemctl status vip@\(name)"
      return [Remark(text: "the daemon does not answer (\(reason)); look at: \(remedy)", isTrouble: true)]
    case .dead:
      let remedy = "systemctl status vip@\(name)"
      return [Remark(text: "the daemon was killed or has crashed; look at: \(remedy)", isTrouble: true)]
    case .stopped:
      guard known.isEnabled else { return [] }
      return [
        Remark(text: "enabled, but not running; look at: systemctl status vip@\(name)", isTrouble: true)
      ]
    case .status(let status):
      return Self.troubles(of: status).map { Remark(text: $0, isTrouble: true) }
        + Self.warnings(of: status).map { warning in
          // Clients find the VIP as little as whoever found out.
          Remark(
            text: warning, isTrouble: !status.unreachable.isEmpty && warning.contains(status.unreachable))
        }
    }
  }

  /// Whether the VIP is served, here or elsewhere, as far as this host knows.
  var isWell: Bool { !remarks.contains { $0.isTrouble } }

  private static func troubles(of status: InstanceStatus) -> [String] {
    switch status.state {
    case "active": return status.owns ? [] : ["\(vip(status)) is not on \(status.interface) yet"]
    case "backup":
      if !status.holding.isEmpty { return [status.holding] }
      return status.owner.isEmpty ? ["no Active router heard yet"] : []
    default: return [status.summary]
    }
  }

  private static func warnings(of status: InstanceStatus) -> [String] {
    var warnings: [String] = []
    if status.isHeld {
      warnings.append("held by its operator: stays Backup until \"vipctl release \(status.instance)\"")
    }
    if !status.checks.isEmpty {
      warnings.append("\(status.standsBack ? "must not own the VIP: " : "")\(status.checks)")
    }
    if status.lacksRealtime {
      warnings.append(
        "runs without realtime priority; what to do: vipctl check \(status.instance)"
      )
    }
    if status.isUnprotected { warnings.append("no standby has shown itself") }
    return warnings
  }

  static func vip(_ status: InstanceStatus) -> String { status.addresses.abridged }
}
