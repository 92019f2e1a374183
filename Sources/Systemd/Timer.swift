public import Internet

/// A timer of an ``EventLoop`` on CLOCK_BOOTTIME. Releasing it, also inside its own handler, removes it.
public final class Timer {
  private let source: EventSource

  init(_ source: EventSource) { self.source = source }

  /// Calls the handler once, at `instant` or within a microsecond after it if the loop is free; at once if
  /// `instant` has passed. Replaces an earlier arming.
  public func arm(at instant: Instant) { source.arm(at: Self.microseconds(instant.sinceBoot)) }

  /// Does not call the handler until the timer is armed again.
  public func disarm() { source.disarm() }

  /// Rounded up: a timer must not come before its time.
  static func microseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    return UInt64(seconds) * 1_000_000 + UInt64((attoseconds + 999_999_999_999) / 1_000_000_000_000)
  }
}
