import Ownership
import VRRP

/// Where the core does not keep its promise yet. Each gap has a schedule in Tests/SimulationTests that shows
/// it; whoever closes one deletes it here, and every run checks it from then on.
struct Gaps {
  var inSafety = false
  var inFencing = false

  /// None.
  init() {}

  /// Those that `plan` may meet.
  init(of plan: Case) {
    inSafety = plan.hasUnwitnessedAddress
    inFencing = plan.hasBusyNetwork
  }
}

extension World {
  /// What a Backup router heard between the last Advertisement and the cut counts as evidence after the cut:
  /// only an Active router that is unplugged lets go in time.
  mutating func noteGap(of fault: Fault) {
    guard fault.kind == .unplug, !isStrict else { return }
    fault.stations.forEach { station in
      guard station < hosts.count, hosts[station].instance.election.state != .active else { return }
      meetsGapInFencing = true
    }
  }
}

extension Case {
  /// The witness asks for the first address only, whichever others a dead owner still has.
  fileprivate var hasUnwitnessedAddress: Bool {
    network.addressCount > 1 && has(.deletedAddress) && has(.kill, .crash, .freeze, .blockedVRRP)
  }

  /// A Backup router never asks the gateway while it hears anybody else, and takes a gateway that it never
  /// heard for no evidence at all. An Active router that was cut off becomes such a Backup router.
  fileprivate var hasBusyNetwork: Bool { network.chatter > 0 || !network.clients.isEmpty }
}
