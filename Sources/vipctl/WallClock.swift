import Glibc
import Internet
import Linux

/// Times as microseconds since 1970.
enum WallClock {
  static var now: UInt64 { Clock.microsecondsSinceEpoch(Clock.now) }

  /// As local time, `2025-11-22 08:14:03.123`.
  static func local(_ time: UInt64) -> String {
    format(time, "%Y-%m-%d %H:%M:%S") + fraction(time, digits: 3)
  }

  /// By RFC 3339 in UTC, `2025-11-22T08:14:03.123456Z`, for programs.
  static func standard(_ time: UInt64) -> String {
    format(time, "%Y-%m-%dT%H:%M:%S", isLocal: false) + fraction(time, digits: 6) + "Z"
  }

  /// The two largest units: `2 h 10 min`.
  static func span(_ microseconds: UInt64) -> String {
    let milliseconds = microseconds / 1000
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    let seconds = milliseconds / 1000
    let tenth = milliseconds / 100 % 10
    if seconds < 10 && tenth > 0 { return "\(seconds).\(tenth) s" }
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 { return pair(seconds, "min", 60, "s", 1) }
    if seconds < 86400 { return pair(seconds, "h", 3600, "min", 60) }
    return pair(seconds, "d", 86400, "h", 3600)
  }

  /// The same for a narrow column: `2h10m`.
  static func shortSpan(_ microseconds: UInt64) -> String {
    let seconds = microseconds / 1_000_000
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 3600 { return "\(seconds / 60)m\(seconds % 60)s" }
    if seconds < 86400 { return "\(seconds / 3600)h\(seconds / 60 % 60)m" }
    return "\(seconds / 86400)d\(seconds / 3600 % 24)h"
  }

  /// As in a configuration file: `100ms`, `2s`.
  static func setting(_ microseconds: UInt64) -> String {
    TimeSpan.text(.microseconds(Int64(clamping: microseconds)))
  }

  /// How long ago `time` was.
  static func age(_ time: UInt64, at now: UInt64) -> String { span(now > time ? now - time : 0) }

  private static func pair(
    _ seconds: UInt64, _ large: String, _ largeSize: UInt64, _ small: String, _ smallSize: UInt64
  ) -> String {
    let rest = seconds % largeSize / smallSize
    return rest == 0 ? "\(seconds / largeSize) \(large)" : "\(seconds / largeSize) \(large) \(rest) \(small)"
  }

  private static func fraction(_ time: UInt64, digits: Int) -> String {
    "." + String(1_000_000 + time % 1_000_000).dropFirst().prefix(digits)
  }

  private static func format(_ time: UInt64, _ format: String, isLocal: Bool = true) -> String {
    var seconds = time_t(time / 1_000_000)
    var parts = tm()
    if isLocal { localtime_r(&seconds, &parts) } else { gmtime_r(&seconds, &parts) }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
      let length = strftime(text.baseAddress, text.count, format, &parts)
      return String(decoding: text[..<length].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}
