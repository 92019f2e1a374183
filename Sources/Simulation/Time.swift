import Internet

/// Nanoseconds of virtual time since the run began.
typealias Time = Int64

extension Int64 {
  static let microsecond: Time = 1000
  static let millisecond: Time = 1_000_000
  static let second: Time = 1_000_000_000
  static let never = Time.max
}

extension Instant {
  /// Hosts booted one second before the run began.
  init(_ time: Time) { self.init(nanoseconds: .second + time) }

  var time: Time { nanoseconds - .second }
}

extension Duration {
  var time: Time { Time(clamping: attoseconds / 1_000_000_000) }
}

/// Times in text: `1.5s` is written `1500ms`, so that reading gives back exactly what was written.
enum TimeText {
  static func format(_ time: Time) -> String {
    if time % .millisecond == 0 { return "\(time / .millisecond)ms" }
    if time % .microsecond == 0 { return "\(time / .microsecond)us" }
    return "\(time)ns"
  }

  static func parse(_ text: some StringProtocol) -> Time? {
    for (suffix, unit) in [("ns", 1), ("us", Time.microsecond), ("ms", .millisecond), ("s", .second)] {
      if text.hasSuffix(suffix), let number = Int64(text.dropLast(suffix.count)), number >= 0 {
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : product
      }
    }
    return nil
  }
}
