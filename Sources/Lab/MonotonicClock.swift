import Glibc

/// CLOCK_MONOTONIC: every time in the lab is a duration on it, so that times from different namespaces,
/// threads and sockets compare.
package enum MonotonicClock {
  /// Time since the clock's start.
  package static var now: Duration { read(CLOCK_MONOTONIC) }

  /// Turns the kernel's CLOCK_REALTIME packet stamp into a time on this clock.
  static func from(realtimeNanoseconds stamp: Int64) -> Duration {
    .nanoseconds(stamp) - (read(CLOCK_REALTIME) - now)
  }

  private static func read(_ clock: clockid_t) -> Duration {
    var time = timespec()
    clock_gettime(clock, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

extension Duration {
  /// In milliseconds, with their fraction.
  package var milliseconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) * 1e3 + Double(attoseconds) / 1e15
  }

  /// In seconds, with their fraction.
  package var seconds: Double { milliseconds / 1e3 }

  /// In whole nanoseconds.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}

/// Lets the calling thread sleep.
package func pause(_ duration: Duration) {
  var rest = timespec(
    tv_sec: Int(duration.nanoseconds / 1_000_000_000), tv_nsec: Int(duration.nanoseconds % 1_000_000_000))
  var left = timespec()
  while nanosleep(&rest, &left) != 0, errno == EINTR { rest = left }
}
