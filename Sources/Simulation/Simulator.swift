/// Runs cases.
public struct Simulator: Sendable {
  /// What all runs so far met.
  public private(set) var coverage = Coverage()
  private let rules: Rules

  /// A simulator of a core with these rules.
  public init(rules: Rules = .all) {
    self.rules = rules
  }

  /// Runs `plan` until its end or the first violation, recording what happens if asked to.
  public mutating func run(_ plan: Case, tracing: Bool = false) -> Outcome {
    var world = World(plan, rules: rules, isTracing: tracing)
    world.run()
    coverage.add(world.coverage)
    return Outcome(violation: world.violation, trace: world.trace)
  }
}
