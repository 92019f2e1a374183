/// An IPv4 address (RFC 791).
public struct IPv4Address: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The 32 bits, most significant octet first in the number: `192.168.1.219` is `0xC0A8_01DB`.
  public let bits: UInt32

  /// The address with these 32 bits.
  public init(bits: UInt32) { self.bits = bits }

  /// The four octets of `bytes` from `offset` on, which must be there.
  public init(_ bytes: Span<UInt8>, at offset: Int) {
    var bits: UInt32 = 0
    for index in 0..<4 { bits = bits << 8 | UInt32(bytes[offset + index]) }
    self.bits = bits
  }

  /// Parses dotted-quad text, as inet_pton(3) does: four decimal octets, no leading zeros, nothing else.
  public init?(_ text: some StringProtocol) {
    var bits: UInt32 = 0
    let octets = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard octets.count == 4 else { return nil }
    for octet in octets {
      guard let value = Decimal.parse(octet, in: 0...255),
        octet.count == 1 || octet.first != UInt8(ascii: "0")
      else { return nil }
      bits = bits << 8 | UInt32(value)
    }
    self.bits = bits
  }

  /// Unsigned comparison, as RFC 9568 §6.4.3 asks of the tie-break.
  public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.bits < right.bits }

  /// Dotted-quad text.
  public var description: String {
    "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
  }

  /// 0.0.0.0
  public static let any = IPv4Address(bits: 0)

  /// Whether a host can have this address on an interface: not 0/8, loopback, multicast or class E.
  public var isUsableByHost: Bool {
    let first = bits >> 24
    return first != 0 && first != 127 && first < 224
  }
}
