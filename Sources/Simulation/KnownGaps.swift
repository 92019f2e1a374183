import VRRP

/// Where the core does not keep its promise yet. Each gap has a schedule in Tests/SimulationTests that shows
/// it; whoever closes one deletes it here, and every run checks it from then on.
extension Case {
  var meetsGapInSafety: Bool { electsWithoutHearing || claimsFromTheDead }
  var meetsGapInLiveness: Bool { hasOwnGateway && has(.kill, .crash, .freeze, .blockedVRRP, .blockedARP) }
  var meetsGapInFencing: Bool { network.chatter > 0 || !network.clients.isEmpty }

  /// Whether the rightful owner may be late: a preemption waits for evidence that the host is on the network,
  /// though it hears the router that it preempts.
  var meetsGapInPreemption: Bool { hosts.contains { $0.priority != hosts[0].priority } || has(.reload) }

  /// Routers that cannot hear each other's Advertisements, and whose timers fire at the same time, both take
  /// the VIP and keep it, for the witness of each was asked before the other one had it. Likewise a departing
  /// router that cannot hear its successor goes on offering.
  private var electsWithoutHearing: Bool {
    let settled = (hosts.map(\.start).max() ?? 0) + 5 * longestInterval
    let quiet: [Fault.Kind] = [.blockedVRRP, .duplication, .hostile, .gatewayDown, .gatewaySlow]
    let isAlone = faults.allSatisfy { quiet.contains($0.kind) && $0.start > settled }
    return has(.blockedVRRP) && !isAlone
  }

  /// A router preempts one whose daemon is dead, gives up, and by its resignation invites a third one, which
  /// does not ask its witness.
  private var claimsFromTheDead: Bool { has(.kill, .crash, .freeze, .blockedVRRP) && meetsGapInPreemption }

  /// A gateway that turns out to be a peer is still missed when that peer is silent.
  private var hasOwnGateway: Bool { network.gateway == .peer }
}
