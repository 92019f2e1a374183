import Configuration
import Internet
import Ownership
import VRRP

/// The file `state` of the runtime directory: what a script may want to know, one KEY=value a line, to be read
/// like os-release(5).
struct StateFile: CustomStringConvertible {
  let description: String

  init(_ instance: Instance, settings: Settings, status: String) {
    var lines = [
      ("INSTANCE", settings.instance), ("VRRP_STATE", instance.election.state.field),
      ("VIP", settings.addresses.map(\.description).joined(separator: " ")),
      ("INTERFACE", settings.interface), ("VRRP_VRID", String(settings.virtualRouterID)),
      ("OWNED", instance.owns ? "yes" : "no"),
    ]
    if let active = instance.following { lines.append(("VRRP_ACTIVE", "\(active)")) }
    if let hardware = instance.witnessed { lines.append(("VIP_MAC", "\(hardware)")) }
    if let hold = instance.hold { lines.append(("HOLDING", hold.name)) }
    lines.append(("STATUS", status))
    description = lines.map { "\($0)=\"\($1)\"\n" }.joined()
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
