/// Unsigned decimal numbers in text.
public enum Decimal {
  /// The value of `digits` if all are ASCII digits, there is at least one, and the value is within `range`.
  public static func parse(_ digits: some Collection<UInt8>, in range: ClosedRange<Int>) -> Int? {
    guard !digits.isEmpty else { return nil }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
      guard !isTooLarge, !overflow, sum <= range.upperBound else { return nil }
      value = sum
    }
    return range.contains(value) ? value : nil
  }
}
