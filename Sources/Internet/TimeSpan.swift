/// Time spans of systemd.time(7), in whole microseconds.
public enum TimeSpan {
  private static let units: [(names: [String], microseconds: Int64)] = [
    (["us", "usec", "µs", "μs"], 1),
    (["ms", "msec"], 1_000),
    (["s", "sec", "second", "seconds", ""], 1_000_000),
    (["m", "min", "minute", "minutes"], 60_000_000),
    (["h", "hr", "hour", "hours"], 3_600_000_000),
    (["d", "day", "days"], 86_400_000_000),
    (["w", "week", "weeks"], 604_800_000_000),
    (["M", "month", "months"], 2_629_800_000_000),
    (["y", "year", "years"], 31_557_600_000_000),
  ]

  /// The sum of the numbers with units in `text`; a number without one counts seconds. Nil if `text` is no
  /// time span, does not fit 63 bits of microseconds, or is finer than a microsecond.
  public static func parse(_ text: String) -> Duration? {
    var rest = Array(text.utf8)[...]
    var total: Int64 = 0
    rest = rest.drop(while: isBlank)
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      guard let span = next(&rest) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(span)
      if overflow { return nil }
      total = sum
      rest = rest.drop(while: isBlank)
    }
    return .microseconds(total)
  }

  /// Takes one number and its unit off the front of `text`.
  private static func next(_ text: inout ArraySlice<UInt8>) -> Int64? {
    let whole = text.prefix(while: isDigit)
    text = text.dropFirst(whole.count)
    var fraction: ArraySlice<UInt8> = []
    let hasPoint = text.first == UInt8(ascii: ".")
    if hasPoint {
      text = text.dropFirst()
      fraction = text.prefix(while: isDigit)
      text = text.dropFirst(fraction.count)
    }
    // "5." and ".5" are fine in systemd; "." is not a number, and "1.2.3" not two.
    guard whole.count + fraction.count > 0, !hasPoint || text.first != UInt8(ascii: ".") else { return nil }
    text = text.drop(while: isBlank)
    let name = String(
      decoding: text.prefix { !isDigit($0) && !isBlank($0) && $0 != UInt8(ascii: ".") }, as: UTF8.self)
    guard let unit = units.first(where: { $0.names.contains(name) })?.microseconds else { return nil }
    text = text.dropFirst(name.utf8.count)
    return value(whole, fraction, unit)
  }

  private static func value(_ whole: ArraySlice<UInt8>, _ fraction: ArraySlice<UInt8>, _ unit: Int64)
    -> Int64?
  {
    let digits = whole.isEmpty ? [UInt8(ascii: "0")] : whole
    guard let number = Decimal.parse(digits, in: 0...Int.max) else { return nil }
    let (product, overflow) = Int64(number).multipliedReportingOverflow(by: unit)
    if overflow { return nil }
    var (total, place) = (product, unit)
    for digit in fraction {
      let value = Int64(digit - UInt8(ascii: "0"))
      guard place % 10 == 0 else {
        if value == 0 { continue }
        return nil
      }
      place /= 10
      let (sum, overflow) = total.addingReportingOverflow(value * place)
      if overflow { return nil }
      total = sum
    }
    return total
  }

  /// `text` for `duration`, in the largest of s, ms and us that holds it whole: `100ms`, `60s`.
  public static func text(_ duration: Duration) -> String {
    let microseconds = duration.wholeMicroseconds
    if microseconds % 1_000_000 == 0 { return "\(microseconds / 1_000_000)s" }
    if microseconds % 1_000 == 0 { return "\(microseconds / 1_000)ms" }
    return "\(microseconds)us"
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }
}

extension Duration {
  /// Whole microseconds; those that parse() yields are exact.
  public var wholeMicroseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }
}
