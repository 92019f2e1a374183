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
    inSafety = plan.electsWithoutHearing || plan.claimsFromTheDead
    inFencing = plan.network.chatter > 0 || !plan.network.clients.isEmpty
    inLiveness = plan.preemptsLate || plan.missesOwnGateway
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

  /// A gateway that turns out to be a peer is still missed when that peer is silent.
  fileprivate var missesOwnGateway: Bool {
    network.gateway == .peer && has(.kill, .crash, .freeze, .blockedVRRP, .blockedARP)
  }

  private var mayPreempt: Bool { hosts.contains { $0.priority != hosts[0].priority } || has(.reload) }
}
