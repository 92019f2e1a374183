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
  /// 224.0.0.18 (§5.1.1.2)
  public static let group = IPv4Address(bits: 0xE000_0012)
  /// Both what is sent and the only value accepted: such a packet was not routed (§5.1.1.3).
  public static let timeToLive: UInt8 = 255

  static let headerLength = 8
  static let version: UInt8 = 3
  static let type: UInt8 = 1
}

/// What the IPv4 header around a VRRP message says.
public struct Envelope: Hashable, Sendable {
  /// The sender's primary address.
  public var source: IPv4Address
  /// `Advertisement.group`, or the receiver's address with unicast.
  public var destination: IPv4Address
  /// As received.
  public var timeToLive: UInt8

  /// The header's fields that VRRP looks at.
  public init(source: IPv4Address, destination: IPv4Address, timeToLive: UInt8) {
    self.source = source
    self.destination = destination
    self.timeToLive = timeToLive
  }
}

/// Which bytes the checksum of a VRRPv3 message over IPv4 covers.
public enum ChecksumForm: Hashable, Sendable, CaseIterable {
  /// With the IPv4 pseudo-header, as RFC 5798 was read by keepalived and others.
  case rfc5798
  /// The VRRP message only (RFC 9568 §5.2.8).
  case rfc9568
}

/// Why a received packet was discarded (RFC 9568 §7.1). Such a packet changes nothing but a counter.
public enum Discard: Int, Error, Hashable, Sendable, CaseIterable {
  /// TTL below 255: it came through a router, so possibly from anywhere.
  case timeToLive
  /// Shorter than its header or its address list.
  case truncated
  /// Not version 3.
  case version
  /// Not type 1, ADVERTISEMENT.
  case type
  /// Right neither with nor without a pseudo-header.
  case checksum
  /// Another virtual router's.
  case virtualRouterID
  /// Address count 0 (erratum 8299).
  case addressCount
  /// Max Advertise Interval 0 (erratum 8301).
  case interval
}
