/// Runs cases.
public struct Simulator: Sendable {
  /// What all runs so far met.
  public private(set) var coverage = Coverage()
  private let rules: Rules
  private let isStrict: Bool

  /// A simulator of a core with these rules; `isStrict` demands what it is known not to keep yet, too.
  public init(rules: Rules = .all, isStrict: Bool = false) {
    self.rules = rules
    self.isStrict = isStrict
  }

  /// Runs `plan` until its end or the first violation, recording what happens if asked to.
  public mutating func run(_ plan: Case, tracing: Bool = false) -> Outcome {
    var world = World(plan, rules: rules, isStrict: isStrict, isTracing: tracing)
    world.run()
    coverage.add(world.coverage)
    return Outcome(violation: world.violation, trace: world.trace)
  }
}
