import Glibc
public import Internet

/// The machine's clocks.
public enum Clock {
  /// Now, on CLOCK_BOOTTIME.
  public static var now: Instant { Instant(sinceBoot: read(CLOCK_BOOTTIME)) }

  /// What this thread has computed so far.
  public static var processorTime: Duration { read(CLOCK_THREAD_CPUTIME_ID) }

  /// `instant` as local time, `2025-11-22 08:14:03 UTC`, by the wall clock as it is set now.
  public static func localTime(_ instant: Instant) -> String {
    let wallClock = read(CLOCK_REALTIME) + (instant - now)
    var seconds = time_t(wallClock.components.seconds)
    var parts = tm()
    tzset()
    guard localtime_r(&seconds, &parts) != nil else { return "?" }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
      let length = strftime(text.baseAddress, text.count, "%Y-%m-%d %H:%M:%S %Z", &parts)
      return String(
        decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[..<length]), as: UTF8.self)
    }
  }

  /// `instant` in microseconds since 1970, by the wall clock as it is set now.
  public static func microsecondsSinceEpoch(_ instant: Instant) -> UInt64 {
    let (seconds, attoseconds) = (read(CLOCK_REALTIME) + (instant - now)).components
    return UInt64(max(seconds, 0)) * 1_000_000 + UInt64(max(attoseconds, 0) / 1_000_000_000_000)
  }

  private static func read(_ clock: clockid_t) -> Duration {
    var time = timespec()
    // Cannot fail: the clock exists and the pointer is good.
    clock_gettime(clock, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
  }
}
