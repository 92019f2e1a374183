/// The checks of one instance, and what follows from them together.
public struct Health: Hashable, Sendable {
  /// What every failing check takes off the priority, 1 to 253; 0: one failing check and this host must not
  /// own the VIP.
  public var penalty: Int
  private var verdicts: [Verdict]

  /// `count` checks without a result. With `assumedToPass` the VIP stays where it is until one has failed;
  /// without, this host does not take it before all have passed.
  public init(count: Int, penalty: Int, assumedToPass: Bool) {
    self.penalty = penalty
    verdicts = [Verdict](repeating: Verdict(assumedToPass: assumedToPass), count: count)
  }

  /// Checks that replace those of an earlier configuration: each goes on with the verdict at the index that
  /// `origins` names, or is a new one that is assumed to pass.
  public init(replacing earlier: Health, origins: [Int?], penalty: Int) {
    self.penalty = penalty
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
    let failing = verdicts.count { !$0.passes }
    if failing == 0 { return .fit }
    return penalty == 0 ? .unfit : .penalized(failing * penalty)
  }
}
