public import Internet

/// Which VRRP is spoken.
public enum ProtocolVersion: UInt8, Hashable, Sendable, CaseIterable {
  /// RFC 3768: whole seconds, IPv4 only.
  case v2 = 2
  /// RFC 9568: centiseconds, IPv4 and IPv6.
  case v3 = 3
}

/// What every packet of one virtual router has in common: it has addresses of one family only (RFC 9568 §1).
public struct VirtualRouter: Hashable, Sendable {
  /// Its number on the link, 1...255.
  public var id: UInt8
  /// Its addresses, 1...255 of one family, of IPv6 1...90; of IPv6 the first is link-local (§5.2.9, erratum 8300).
  public var addresses: [IPAddress]
  /// Whether the first address is `linkLocalAddress(id:)`, which configuration does not name.
  public var hasDerivedAddress: Bool
  /// Which VRRP its routers speak.
  public var version: ProtocolVersion
  /// Advertisement_Interval. In version 2 its routers must agree on it.
  public var interval: AdvertisementInterval
  /// The simple text password of version 2 (RFC 2338 §10.2), eight octets; nil for no authentication.
  public var password: [UInt8]?
  /// The other routers, where Advertisements are unicast; nil for multicast.
  public var unicastPeers: [IPAddress]?

  /// A virtual router; its `addresses` must not be empty.
  public init(
    id: UInt8, addresses: [IPAddress], hasDerivedAddress: Bool = false, version: ProtocolVersion = .v3,
    interval: AdvertisementInterval,
    password: [UInt8]? = nil, unicastPeers: [IPAddress]? = nil
  ) {
    self.id = id
    self.addresses = addresses
    self.hasDerivedAddress = hasDerivedAddress
    self.version = version
    self.interval = interval
    self.password = password.map { Array(($0 + Array(repeating: 0, count: 8)).prefix(8)) }
    self.unicastPeers = unicastPeers
  }

  /// The family of its addresses.
  public var family: AddressFamily { addresses[0].family }

  /// The addresses in an Advertisement, which may leave the derived one out.
  func listed(includingDerived isListed: Bool) -> ArraySlice<IPAddress> {
    addresses.dropFirst(hasDerivedAddress && !isListed ? 1 : 0)
  }

  /// The link-local address of the IPv6 virtual router `id`, where configuration names none: the one that its
  /// hardware address gives (RFC 4291 appendix A).
  public static func linkLocalAddress(id: UInt8) -> IPv6Address {
    IPv6Address(high: 0xFE80 << 48, low: 0x0200_5EFF_FE00_0200 | UInt64(id))
  }

  /// Authentication types of version 2 (RFC 2338 §5.3.6).
  enum Authentication {
    static let none: UInt8 = 0
    static let simpleText: UInt8 = 1
    /// Octets at the end of every packet of version 2.
    static let dataLength = 8
  }
}
