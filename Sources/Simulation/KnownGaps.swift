/// Where the core does not keep its promise yet. Each gap has a schedule in Tests/SimulationTests that shows
/// it; whoever closes one deletes it here, and every run checks it from then on.
struct Gaps {
  var inSafety = false

  /// None.
  init() {}

  /// Those that `plan` may meet.
  init(of plan: Case) {
    inSafety = plan.contestsWithSeveral
  }
}

extension Case {
  /// A router that has the VIP beside several others forgets one rival when it hears of the next.
  fileprivate var contestsWithSeveral: Bool { has(.blockedVRRP) && hosts.count > 2 }
}
