import Internet
import Testing

@testable import Systemd

/// With WatchdogSec=1s.
@Suite struct WatchdogTests {
  private var watchdog = Watchdog(period: .seconds(1))

  private static func at(_ milliseconds: Int) -> Instant { Instant(sinceBoot: .milliseconds(milliseconds)) }

  /// Runs for ten seconds in which some other timer is due every `pause` milliseconds: how often systemd was told, how often
  /// the loop woke up for that alone, and the longest time between two. There is room for what `hasRoom` says.
  private mutating func run(
    every pause: Int?, hasRoom: (Int) -> Bool = { _ in true }
  ) -> (told: Int, alone: Int, longest: Int) {
    var (told, alone, longest, last) = (0, 0, 0, 0)
    watchdog.note(wasSent: true, at: Self.at(0))
    for time in 1...10_000 {
      let isOther = pause.map { time % $0 == 0 } ?? false
      let isOwn = watchdog.deadline.map { $0 <= Self.at(time) } ?? false
      guard isOther || isOwn, watchdog.isDue(at: Self.at(time)) else { continue }
      if !isOther { alone += 1 }
      watchdog.note(wasSent: hasRoom(time), at: Self.at(time))
      guard hasRoom(time) else { continue }
      (told, longest, last) = (told + 1, max(longest, time - last), time)
    }
    return (told, alone, longest)
  }

  @Test(arguments: [10, 100, 500, 531])
  mutating func itGoesWithOtherTimers(pause: Int) {
    let (told, alone, longest) = run(every: pause)
    #expect(alone == 0 && longest <= 531)
    #expect(told <= 40)
  }

  @Test mutating func whereNothingElseIsDueTheLoopWakesUpForIt() {
    let (told, alone, longest) = run(every: nil)
    #expect(told == 17 && alone == told && longest == 563)
  }

  /// PID 1 is busy for a quarter of each second, and nobody says when it is not.
  @Test(arguments: [nil, 100, 531] as [Int?])
  mutating func whatHasNoRoomIsSentAgain(pause: Int?) {
    let (_, _, longest) = run(every: pause) { $0 % 1000 >= 250 }
    #expect(longest < 1000)
  }
}
