import Internet

/// A Max Advertise Interval (RFC 9568 §5.2.7): 12 bits of centiseconds, never zero (erratum 8301).
public struct AdvertisementInterval: Hashable, Sendable {
  /// 1...4095
  public let centiseconds: UInt16

  /// 10 ms
  public static let shortest = AdvertisementInterval(validated: 1)
  /// 100 ms, the default of a VIP; RFC 9568 §6.1 has 1 s.
  public static let standard = AdvertisementInterval(validated: 10)

  private init(validated centiseconds: UInt16) { self.centiseconds = centiseconds }

  /// 1 s, the default of version 2 (RFC 3768 §6.1).
  public static let second = AdvertisementInterval(validated: 100)

  /// The interval of `centiseconds`; nil outside 1...4095.
  public init?(centiseconds: Int) {
    guard (1...4095).contains(centiseconds) else { return nil }
    self.centiseconds = UInt16(centiseconds)
  }

  /// The interval of exactly `duration`; nil unless that is a whole number of centiseconds in 1...4095.
  public init?(exactly duration: Duration) {
    let (seconds, attoseconds) = duration.components
    guard (0...40).contains(seconds), attoseconds % Self.attosecondsPerCentisecond == 0 else { return nil }
    self.init(centiseconds: Int(seconds * 100 + attoseconds / Self.attosecondsPerCentisecond))
  }

  /// 10 ms...40.95 s
  public var duration: Duration { .milliseconds(10 * Int(centiseconds)) }

  /// Skew_Time of a router with `priority` (§6.1), not truncated to centiseconds: at short intervals
  /// truncation would give neighbouring priorities the same skew, and so two Active routers.
  /// Version 2 has a fraction of a second, whatever the interval (RFC 3768 §6.1).
  public func skewTime(priority: UInt8, _ version: ProtocolVersion = .v3) -> Duration {
    (version == .v2 ? .seconds(1) : duration) * (256 - Int(priority)) / 256
  }

  /// Active_Down_Interval of a Backup router with `priority` (§6.1).
  public func activeDownInterval(priority: UInt8, _ version: ProtocolVersion = .v3) -> Duration {
    duration * 3 + skewTime(priority: priority, version)
  }

  private static let attosecondsPerCentisecond: Int64 = 10_000_000_000_000_000
}
