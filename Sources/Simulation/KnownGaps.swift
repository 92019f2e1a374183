import Ownership
import VRRP

/// Where the core does not keep its promise yet. Each gap has a schedule in Tests/SimulationTests that shows
/// it; whoever closes one deletes it here, and every run checks it from then on.
struct Gaps {
  var inSafety = false
  var inFencing = false
  var inLiveness = false

  /// None.
  init() {}

  /// Those that `plan` may meet.
  init(of plan: Case) {
    inSafety = plan.electsWithoutHearing || plan.claimsFromTheDead || plan.hasUnwitnessedAddress
    inFencing = plan.hasBusyNetwork
    inLiveness = plan.preemptsLate || plan.missesOwnGateway
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
  /// Routers that cannot hear each other's Advertisements, and whose timers fire at the same time, both take
  /// the VIP and keep it, for the witness of each was asked before the other one had it. Likewise a departing
  /// router that cannot hear its successor goes on offering.
  fileprivate var electsWithoutHearing: Bool {
    let settled = (hosts.map(\.start).max() ?? 0) + 5 * longestInterval
    let quiet: [Fault.Kind] = [.blockedVRRP, .duplication, .hostile, .gatewayDown, .gatewaySlow]
    let isAlone = faults.allSatisfy { quiet.contains($0.kind) && $0.start > settled }
    return has(.blockedVRRP) && !isAlone
  }

  /// A router preempts one whose daemon is dead, gives up, and by its resignation invites a third one, which
  /// does not ask its witness.
  fileprivate var claimsFromTheDead: Bool { has(.kill, .crash, .freeze, .blockedVRRP) && mayPreempt }

  /// A preemption waits for evidence that the host is on the network, though it hears the router that it
  /// preempts.
  fileprivate var preemptsLate: Bool { mayPreempt }

  /// The witness asks for the first address only.
  fileprivate var hasUnwitnessedAddress: Bool { network.addressCount > 1 && has(.deletedAddress) }

  /// A Backup router never asks the gateway while it hears anybody else, and takes a gateway that it never
  /// heard for no evidence at all. An Active router that was cut off becomes such a Backup router.
  fileprivate var hasBusyNetwork: Bool { network.chatter > 0 || !network.clients.isEmpty }

  /// A gateway that turns out to be a peer is still missed when that peer is silent.
  fileprivate var missesOwnGateway: Bool {
    network.gateway == .peer && has(.kill, .crash, .freeze, .blockedVRRP, .blockedARP)
  }

  private var mayPreempt: Bool { hosts.contains { $0.priority != hosts[0].priority } || has(.reload) }
}
