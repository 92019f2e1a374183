import Internet
import Testing

@Suite struct InstantTests {
  private let boot = Instant(nanoseconds: 0)

  @Test func whatWaitsNeverComesTooEarly() {
    let duration = Duration.nanoseconds(10) + Duration(attoseconds: 1)
    #expect((boot + duration).nanoseconds == 11)
    #expect(Instant(sinceBoot: duration).nanoseconds == 11)
    #expect((boot + .nanoseconds(10)).nanoseconds == 10)
    #expect((boot + Duration(attoseconds: -1)).nanoseconds == 0)
  }

  @Test(arguments: [Duration.zero, .nanoseconds(1), .seconds(18), .seconds(19), .seconds(1_000_000_000)])
  func differencesAreExact(duration: Duration) {
    let start = boot + .seconds(3)
    #expect((start + duration) - start == duration)
    #expect(start - (start + duration) == .zero - duration)
  }

  @Test func longDurationsAreMultipliedAndDividedAsShortOnes() {
    #expect(Duration.milliseconds(100) * 3 == .milliseconds(300))
    #expect(Duration.seconds(1_000_000) * -7 == .seconds(-7_000_000))
    #expect(Duration.milliseconds(100) * 156 / 256 == .nanoseconds(60_937_500))
    #expect(Duration.seconds(-30) / 4 == .milliseconds(-7500))
  }
}
