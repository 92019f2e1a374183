public import Internet

/// What one Advertisement says (RFC 9568 §5.2), apart from the list of addresses.
public struct Advertisement: Hashable, Sendable {
  /// The virtual router it speaks for, 1...255.
  public var virtualRouterID: UInt8
  /// 0 = the Active router resigns, 255 = the address owner, else 1...254.
  public var priority: UInt8
  /// How often the sender advertises.
  public var interval: AdvertisementInterval

  /// An Advertisement for `virtualRouterID`.
  public init(virtualRouterID: UInt8, priority: UInt8, interval: AdvertisementInterval) {
    self.virtualRouterID = virtualRouterID
    self.priority = priority
    self.interval = interval
  }

  /// IP protocol 112 (§5.1.1.4).
  public static let ipProtocol: UInt8 = 112
  /// Both what is sent and the only value accepted: such a packet was not routed (§5.1.1.3, §5.1.2.3).
  public static let timeToLive: UInt8 = 255

  /// 224.0.0.18 (§5.1.1.2) or ff02::12 (§5.1.2.2)
  public static func group(_ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: .ipv4(IPv4Address(bits: 0xE000_0012))
    case .ipv6: .ipv6(IPv6Address(high: 0xFF02 << 48, low: 0x12))
    }
  }

  /// How many addresses one holds, which its third octet counts (§5.2.5). Of IPv6 as many as fit an Ethernet frame with
  /// the IP header of 40 octets: in fragments heartbeats are lost more often, and the frames of a virtual router's
  /// hardware address are not fragmented.
  public static func capacity(_ family: AddressFamily) -> Int {
    switch family {
    case .ipv4: 255
    case .ipv6: (1500 - 40 - headerLength) / 16
    }
  }

  static let headerLength = 8
  static let type: UInt8 = 1
}

/// What the IP header around a VRRP message says.
public struct Envelope: Hashable, Sendable {
  /// The sender's primary address; over IPv6 its link-local one.
  public var source: IPAddress
  /// `Advertisement.group`, or the receiver's address with unicast; of the same family.
  public var destination: IPAddress
  /// Time to live or hop limit, as received.
  public var timeToLive: UInt8

  /// The header's fields that VRRP looks at.
  public init(source: IPAddress, destination: IPAddress, timeToLive: UInt8) {
    self.source = source
    self.destination = destination
    self.timeToLive = timeToLive
  }
}

/// What routers of one virtual router may differ in, and adapt to.
public struct Dialect: Hashable, Sendable {
  /// How checksums are formed.
  public var checksum: ChecksumForm
  /// Whether a link-local address that no configuration names is listed, as RFC 9568 demands. keepalived discards an
  /// Advertisement that lists more or fewer addresses than it does itself.
  public var listsDerivedAddress: Bool

  /// A dialect.
  public init(checksum: ChecksumForm, listsDerivedAddress: Bool = true) {
    self.checksum = checksum
    self.listsDerivedAddress = listsDerivedAddress
  }

  /// What is spoken before anybody was heard.
  public static let standard = Dialect(checksum: .rfc5798)
}

/// Which bytes the checksum of a VRRPv3 message over IPv4 covers. Over IPv6 it always has a pseudo-header,
/// in version 2 never.
public enum ChecksumForm: Hashable, Sendable, CaseIterable {
  /// With the IPv4 pseudo-header, as RFC 5798 was read by keepalived and others.
  case rfc5798
  /// The VRRP message only (RFC 9568 §5.2.8).
  case rfc9568
}

/// Why a received packet was discarded (RFC 9568 §7.1). Such a packet changes nothing but a counter.
public enum Discard: Int, Error, Hashable, Sendable, CaseIterable {
  /// TTL or hop limit below 255: it came through a router, so possibly from anywhere.
  case timeToLive
  /// With unicast: from none of the peers.
  case source
  /// Shorter than its header, its address list or its authentication data.
  case truncated
  /// Another version than the virtual router's.
  case version
  /// Not type 1, ADVERTISEMENT.
  case type
  /// Right neither with nor without a pseudo-header.
  case checksum
  /// Another virtual router's.
  case virtualRouterID
  /// Version 2: another authentication type or password (RFC 3768 §7.1).
  case authentication
  /// Address count 0 (erratum 8299).
  case addressCount
  /// Max Advertise Interval 0 (erratum 8301); in version 2 any but the virtual router's (RFC 3768 §7.1).
  case interval
  /// Not VRRP at all, but CARP with the same number.
  case carp
}
