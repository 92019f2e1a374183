/// A point on `CLOCK_BOOTTIME`, which goes on counting while the machine is suspended: a lease or a
/// heartbeat that slept through is late, and must be seen to be late.
public struct Instant: Hashable, Comparable, Sendable {
  /// Since boot: whole ones, as the clock counts them. They last for 292 years.
  public let nanoseconds: Int64

  /// The instant `nanoseconds` after the machine booted.
  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The instant `sinceBoot` after the machine booted, or the first whole nanosecond after that: what waits for an
  /// instant never comes too early.
  @inlinable
  public init(sinceBoot: Duration) { nanoseconds = sinceBoot.wholeNanoseconds }

  /// Time since boot.
  @inlinable
  public var sinceBoot: Duration { .nanoseconds(nanoseconds) }

  /// Earlier instants order first.
  @inlinable
  public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// The instant `duration` after `instant`.
  @inlinable
  public static func + (instant: Instant, duration: Duration) -> Instant {
    Instant(nanoseconds: instant.nanoseconds + duration.wholeNanoseconds)
  }

  /// The time from `right` to `left`; negative when `left` is earlier.
  @inlinable
  public static func - (left: Instant, right: Instant) -> Duration {
    .nanoseconds(left.nanoseconds - right.nanoseconds)
  }
}
