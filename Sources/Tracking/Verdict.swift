/// What one check says, after as many equal results in a row as it takes.
public struct Verdict: Hashable, Sendable {
  /// How many results in a row it takes to change it.
  public struct Threshold: Hashable, Sendable {
    /// Passes after a failure, 1 or more.
    public let rise: Int
    /// Failures after a pass, 1 or more.
    public let fall: Int

    /// Both 1 or more.
    public init(rise: Int, fall: Int) {
      self.rise = rise
      self.fall = fall
    }

    /// Every result counts at once.
    public static let immediate = Threshold(rise: 1, fall: 1)
  }

  /// Whether the check passes; before its first result, what was assumed.
  public private(set) var passes: Bool
  /// Whether there was a result.
  public private(set) var isKnown = false
  private var contrary = 0

  /// A check without a result yet. One that is assumed to pass must fail as often as one that does; one that
  /// is assumed to fail passes with its first pass, because it never failed.
  public init(assumedToPass: Bool) { passes = assumedToPass }

  /// Takes a result into account; whether `passes` changed, or became known to be false.
  public mutating func note(_ passed: Bool, _ threshold: Threshold) -> Bool {
    defer { isKnown = true }
    if passed == passes {
      contrary = 0
      return !isKnown && !passed
    }
    contrary += 1
    let needed = passed ? (isKnown ? threshold.rise : 1) : threshold.fall
    guard contrary >= needed else { return false }
    passes = passed
    contrary = 0
    return true
  }
}
