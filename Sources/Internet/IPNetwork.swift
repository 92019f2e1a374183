/// An address with the length of its subnet's prefix: `192.168.1.219/24`, `fd00::219/64`.
public struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
  /// The host's or VIP's address in the subnet.
  public let address: IPAddress
  /// Bits of the subnet's prefix, 0...32 or 0...128.
  public let prefixLength: Int

  /// `address` in a subnet of `prefixLength` bits; nil if an address does not have so many.
  public init?(_ address: IPAddress, prefixLength: Int) {
    guard (0...address.family.width).contains(prefixLength) else { return nil }
    self.address = address
    self.prefixLength = prefixLength
  }

  /// The subnet's own address: every host bit clear.
  public var subnet: IPAddress {
    switch address {
    case .ipv4(let address):
      return .ipv4(IPv4Address(bits: address.bits & Self.mask(prefixLength)))
    case .ipv6(let address):
      let high = address.high & Self.mask(min(prefixLength, 64))
      return .ipv6(IPv6Address(high: high, low: address.low & Self.mask(max(prefixLength - 64, 0))))
    }
  }

  /// An IPv4 subnet's broadcast address; nil for /31 (RFC 3021) and /32, which have none, and for IPv6.
  public var broadcast: IPv4Address? {
    guard case .ipv4(let address) = address, prefixLength < 31 else { return nil }
    return IPv4Address(bits: address.bits | ~Self.mask(prefixLength))
  }

  /// Whether `other` is of this family and lies in this subnet.
  public func contains(_ other: IPAddress) -> Bool {
    IPNetwork(other, prefixLength: prefixLength)?.subnet == subnet
  }

  /// Whether both are the same subnet.
  public func hasSubnet(of other: IPNetwork) -> Bool {
    prefixLength == other.prefixLength && subnet == other.subnet
  }

  /// Whether a kernel takes both for one address of its interface. Two IPv4 addresses with other prefix lengths can be
  /// there at once; of an IPv6 address there is only one, which keeps the prefix length that it was added with.
  public func isSameAddress(as other: IPNetwork) -> Bool {
    switch address.family {
    case .ipv4: self == other
    case .ipv6: address == other.address
    }
  }

  /// The same for all that are the same address to a kernel.
  public var canonical: IPNetwork {
    address.family == .ipv4 ? self : IPNetwork(address, prefixLength: 128) ?? self
  }

  /// `address/prefixLength`
  public var description: String { "\(address)/\(prefixLength)" }

  /// The most significant `length` bits set.
  private static func mask<Bits: FixedWidthInteger>(_ length: Int) -> Bits {
    length == 0 ? 0 : ~0 << Bits(Bits.bitWidth - length)
  }
}
