/// How long a list of steps will still take: what they were expected to take, corrected by what those before took.
struct RemainingTime {
  private var expected: ArraySlice<Duration>
  private var expectedSoFar: Duration
  private var actualSoFar: Duration

  /// The first step tells little of the others: as if so much had gone as expected before it.
  private static let trust = Duration.seconds(60)

  init(_ expected: [Duration]) {
    self.expected = expected[...]
    expectedSoFar = Self.trust
    actualSoFar = Self.trust
  }

  /// The next step is over, after so long.
  mutating func finish(after actual: Duration) {
    guard let step = expected.popFirst() else { return }
    expectedSoFar += step
    actualSoFar += actual
  }

  /// Until the end.
  var left: Duration { expected.reduce(.zero, +) * (actualSoFar / expectedSoFar) }

  /// In words, as exactly as one wants to know: minutes, and below three of them seconds.
  static func text(_ duration: Duration) -> String {
    let seconds = duration.components.seconds
    if seconds < 180 { return "\(seconds) s" }
    let minutes = (seconds + 30) / 60
    return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }
}
