/// The checks of one instance, and what follows from them together.
public struct Health: Hashable, Sendable {
  /// What each check takes off the priority when it fails, 1 to 253; 0: while it fails, this host must not own the
  /// VIP.
  private let penalties: [Int]
  private var verdicts: [Verdict]

  /// A check without a result for each of `penalties`. With `assumedToPass` the VIP stays where it is until one has
  /// failed; without, this host does not take it before all have passed.
  public init(penalties: [Int], assumedToPass: Bool) {
    self.penalties = penalties
    verdicts = [Verdict](repeating: Verdict(assumedToPass: assumedToPass), count: penalties.count)
  }

  /// Checks that replace those of an earlier configuration, as many as `penalties`: each goes on with the verdict at
  /// the index that `origins` names, or is a new one that is assumed to pass.
  public init(replacing earlier: Health, origins: [Int?], penalties: [Int]) {
    self.penalties = penalties
    verdicts = origins.map { $0.map { earlier.verdicts[$0] } ?? Verdict(assumedToPass: true) }
  }

  /// Takes a result of the check at `index` into account; whether its verdict is news.
  public mutating func note(_ index: Int, passed: Bool, _ threshold: Verdict.Threshold) -> Bool {
    verdicts[index].note(passed, threshold)
  }

  /// Whether the check at `index` passes, or is assumed to.
  public func passes(_ index: Int) -> Bool { verdicts[index].passes }

  /// Whether the check at `index` has had a result.
  public func isKnown(_ index: Int) -> Bool { verdicts[index].isKnown }

  /// What all verdicts together mean.
  public var fitness: Fitness {
    let failing = zip(verdicts, penalties).filter { !$0.0.passes }.map(\.1)
    if failing.isEmpty { return .fit }
    return failing.contains(0) ? .unfit : .penalized(failing.reduce(0, +))
  }
}
