/// An IPv4 address with the length of its subnet's prefix: `192.168.1.219/24`.
public struct IPv4Network: Hashable, Sendable, CustomStringConvertible {
  /// The host's or VIP's address in the subnet.
  public let address: IPv4Address
  /// Bits of the subnet's prefix, 0...32.
  public let prefixLength: Int

  /// `address` in a subnet of `prefixLength` bits; nil unless that is 0...32.
  public init?(_ address: IPv4Address, prefixLength: Int) {
    guard (0...32).contains(prefixLength) else { return nil }
    self.address = address
    self.prefixLength = prefixLength
  }

  /// The prefix's bits set.
  public var mask: UInt32 { prefixLength == 0 ? 0 : ~0 << UInt32(32 - prefixLength) }

  /// The subnet's own address: every host bit clear.
  public var subnet: IPv4Address { IPv4Address(bits: address.bits & mask) }

  /// The subnet's broadcast address; nil for /31 (RFC 3021) and /32, which have none.
  public var broadcast: IPv4Address? {
    prefixLength >= 31 ? nil : IPv4Address(bits: address.bits | ~mask)
  }

  /// Whether `other` lies in this subnet.
  public func contains(_ other: IPv4Address) -> Bool { other.bits & mask == subnet.bits }

  /// `address/prefixLength`
  public var description: String { "\(address)/\(prefixLength)" }
}
