/// Which version of IP.
public enum AddressFamily: Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// IPv4, RFC 791.
  case ipv4
  /// IPv6, RFC 8200.
  case ipv6

  /// `IPv4` or `IPv6`
  public var description: String { self == .ipv4 ? "IPv4" : "IPv6" }

  /// `ipv4` or `ipv6`, as in files.
  public var word: String { self == .ipv4 ? "ipv4" : "ipv6" }

  /// Bits of an address: 32 or 128.
  public var width: Int { self == .ipv4 ? 32 : 128 }
}

/// An address of either family.
public enum IPAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// An IPv4 address.
  case ipv4(IPv4Address)
  /// An IPv6 address.
  case ipv6(IPv6Address)

  /// Parses what either family accepts.
  public init?(_ text: some StringProtocol) {
    if let address = IPv4Address(text) {
      self = .ipv4(address)
    } else if let address = IPv6Address(text) {
      self = .ipv6(address)
    } else {
      return nil
    }
  }

  /// The octets of `bytes` from `offset` on, which must be there.
  public init(_ bytes: Span<UInt8>, at offset: Int, _ family: AddressFamily) {
    switch family {
    case .ipv4: self = .ipv4(IPv4Address(bytes, at: offset))
    case .ipv6: self = .ipv6(IPv6Address(bytes, at: offset))
    }
  }

  /// Which kind it is.
  public var family: AddressFamily {
    switch self {
    case .ipv4: .ipv4
    case .ipv6: .ipv6
    }
  }

  /// The address if it is an IPv4 address.
  public var ipv4: IPv4Address? {
    if case .ipv4(let address) = self { address } else { nil }
  }

  /// The address if it is an IPv6 address.
  public var ipv6: IPv6Address? {
    if case .ipv6(let address) = self { address } else { nil }
  }

  /// Octets in wire order: 4 or 16.
  public var octetCount: Int { family.width / 8 }

  /// The octet at `index`, in wire order.
  public subscript(index: Int) -> UInt8 {
    switch self {
    case .ipv4(let address): UInt8(truncatingIfNeeded: address.bits >> UInt32(8 * (3 - index)))
    case .ipv6(let address): address[index]
    }
  }

  /// Unsigned within a family; every IPv4 address comes before every IPv6 address.
  public static func < (left: IPAddress, right: IPAddress) -> Bool {
    switch (left, right) {
    case (.ipv4(let left), .ipv4(let right)): left < right
    case (.ipv6(let left), .ipv6(let right)): left < right
    case (.ipv4, .ipv6): true
    case (.ipv6, .ipv4): false
    }
  }

  /// The family's usual text.
  public var description: String {
    switch self {
    case .ipv4(let address): address.description
    case .ipv6(let address): address.description
    }
  }

  /// Whether a host can have this address on an interface.
  public var isUsableByHost: Bool {
    switch self {
    case .ipv4(let address): address.isUsableByHost
    case .ipv6(let address): address.isUsableByHost
    }
  }

  /// 0.0.0.0 or ::
  public static func any(_ family: AddressFamily) -> IPAddress {
    family == .ipv4 ? .ipv4(.any) : .ipv6(.any)
  }
}
