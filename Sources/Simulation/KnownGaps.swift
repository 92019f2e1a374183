/// Where the core does not keep its promise yet. Each gap has a schedule in Tests/SimulationTests that shows
/// it; whoever closes one deletes it here, and every run checks it from then on.
struct Gaps {
  var inLiveness = false

  /// None.
  init() {}

  /// Those that `plan` may meet.
  init(of plan: Case) { inLiveness = plan.asksTooSlowly }
}

extension Case {
  /// An Active router that gave up asking a silent gateway asks its peers but once a second, too, and yet
  /// counts two intervals without a third station as being cut off.
  fileprivate var asksTooSlowly: Bool {
    let isBusy = network.chatter > 0 || !network.clients.isEmpty
    return isBusy && (network.gateway != .router || has(.gatewayDown, .gatewaySlow, .blockedARP))
  }
}
