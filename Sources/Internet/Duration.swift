// The standard library multiplies and divides a duration by way of `BinaryInteger`, a hundred times as slowly as its
// 128 bits need. These are preferred to that because they are not generic.

extension Duration {
  /// `factor` times `duration`.
  @inlinable
  public static func * (duration: Duration, factor: Int) -> Duration {
    Duration(attoseconds: duration.attoseconds * Int128(factor))
  }

  /// `duration` divided by `divisor`, rounded towards zero.
  @inlinable
  public static func / (duration: Duration, divisor: Int) -> Duration {
    Duration(attoseconds: duration.attoseconds / Int128(divisor))
  }
}

extension Duration {
  /// Rounded up.
  @inlinable
  var wholeNanoseconds: Int64 {
    let attosecondsPerNanosecond: UInt64 = 1_000_000_000
    // Up to 18 s, 64 bits are enough.
    if let few = UInt64(exactly: attoseconds) {
      let (quotient, remainder) = few.quotientAndRemainder(dividingBy: attosecondsPerNanosecond)
      return Int64(quotient) + (remainder > 0 ? 1 : 0)
    }
    let (quotient, remainder) = attoseconds.quotientAndRemainder(dividingBy: Int128(attosecondsPerNanosecond))
    return Int64(quotient) + (remainder > 0 ? 1 : 0)
  }
}
