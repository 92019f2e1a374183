/// An Ethernet hardware address.
public struct MACAddress: Hashable, Sendable, CustomStringConvertible {
  /// The 48 bits, first octet on the wire most significant.
  public let bits: UInt64

  /// The address with the low 48 bits of `bits`.
  public init(bits: UInt64) { self.bits = bits & 0xFFFF_FFFF_FFFF }

  /// The six octets of `bytes` from `offset` on, which must be there.
  public init(_ bytes: Span<UInt8>, at offset: Int) {
    var bits: UInt64 = 0
    for index in 0..<6 { bits = bits << 8 | UInt64(bytes[offset + index]) }
    self.bits = bits
  }

  /// Parses what `description` gives: six octets of two hexadecimal digits, between colons.
  public init?(_ text: some StringProtocol) {
    let octets = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard octets.count == 6 else { return nil }
    var bits: UInt64 = 0
    for octet in octets {
      // UInt8 takes a sign, too.
      guard octet.count == 2, octet.first != UInt8(ascii: "+"),
        let value = UInt8(String(decoding: octet, as: UTF8.self), radix: 16)
      else { return nil }
      bits = bits << 8 | UInt64(value)
    }
    self.init(bits: bits)
  }

  /// The octet at `index` 0...5, in wire order.
  public subscript(index: Int) -> UInt8 { UInt8(truncatingIfNeeded: bits >> UInt64(8 * (5 - index))) }

  /// ff:ff:ff:ff:ff:ff
  public static let broadcast = MACAddress(bits: 0xFFFF_FFFF_FFFF)

  /// 00:00:00:00:00:00
  public static let zero = MACAddress(bits: 0)

  /// Lower-case colon-separated octets, as ip(8) prints them.
  public var description: String {
    var text = ""
    for index in 0..<6 {
      let octet = String(self[index], radix: 16)
      if index > 0 { text += ":" }
      text += octet.utf8.count == 1 ? "0" + octet : octet
    }
    return text
  }
}
