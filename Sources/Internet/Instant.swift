/// A point on `CLOCK_BOOTTIME`, which goes on counting while the machine is suspended: a lease or a
/// heartbeat that slept through is late, and must be seen to be late.
public struct Instant: Hashable, Comparable, Sendable {
  /// Time since boot.
  public var sinceBoot: Duration

  /// The instant `sinceBoot` after the machine booted.
  public init(sinceBoot: Duration) { self.sinceBoot = sinceBoot }

  /// Earlier instants order first.
  public static func < (left: Instant, right: Instant) -> Bool { left.sinceBoot < right.sinceBoot }

  /// The instant `duration` after `instant`.
  public static func + (instant: Instant, duration: Duration) -> Instant {
    Instant(sinceBoot: instant.sinceBoot + duration)
  }

  /// The time from `right` to `left`; negative when `left` is earlier.
  public static func - (left: Instant, right: Instant) -> Duration {
    left.sinceBoot - right.sinceBoot
  }
}
