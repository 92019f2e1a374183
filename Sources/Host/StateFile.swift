import Configuration
import Internet
import Ownership
import VRRP

/// The file `state` of the runtime directory: what a script may want to know, one KEY=value a line, to be read
/// like os-release(5).
public struct StateFile: CustomStringConvertible {
  /// The file's text.
  public let description: String

  /// The file for an instance that waits for its surroundings.
  init(_ prospect: Prospect, status: String) {
    let settings = prospect.settings
    description = Self.text(
      Self.head(settings, "initialize", isOwned: false) + [("STATUS", status)])
  }

  /// The file for what `host` is now; `status` is its line for `systemctl status`.
  init(_ host: Host, status: String) {
    let instance = host.core
    var lines = Self.head(host.settings, instance.election.state.field, isOwned: host.standing.owns)
    if let active = instance.following { lines.append(("VRRP_ACTIVE", "\(active)")) }
    if let hardware = instance.witnessed { lines.append(("VIP_MAC", "\(hardware)")) }
    if let hold = instance.hold { lines.append(("HOLDING", hold.name)) }
    lines.append(("STATUS", status))
    description = Self.text(lines)
  }

  private static func head(
    _ settings: Settings, _ state: String, isOwned: Bool
  ) -> [(String, String)] {
    [
      ("INSTANCE", settings.instance), ("VRRP_STATE", state),
      ("VIP", settings.addresses.map(\.description).joined(separator: " ")),
      ("INTERFACE", settings.interface), ("VRRP_VRID", String(settings.virtualRouterID)),
      ("OWNED", isOwned ? "yes" : "no"),
    ]
  }

  private static func text(_ lines: [(String, String)]) -> String {
    lines.map { "\($0)=\"\($1)\"\n" }.joined()
  }
}

extension Hold {
  /// The value of HOLDING=.
  fileprivate var name: String {
    switch self {
    case .answered: "answered"
    case .foreign: "foreign"
    case .isolated: "isolated"
    case .barred: "barred"
    }
  }
}
