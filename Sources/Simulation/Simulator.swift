/// Runs cases.
public struct Simulator: Sendable {
  /// What all runs so far met.
  public private(set) var coverage = Coverage()
  private let dropped: [Rule]

  /// A simulator of daemons that keep all rules but these.
  public init(without dropped: [Rule] = []) { self.dropped = dropped }

  /// Runs `plan` until its end or the first violation, recording what happens if asked to.
  public mutating func run(_ plan: Case, tracing: Bool = false) -> Outcome {
    let world = World(plan, without: dropped, isTracing: tracing)
    world.run()
    coverage.add(world.coverage)
    return Outcome(violation: world.violation, trace: world.trace)
  }
}
