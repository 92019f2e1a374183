public import Internet

/// A route, as the kernel describes it (RTM_NEWROUTE), or as vipd asks for it.
///
/// When `source` goes from the host, the kernel removes an IPv4 route along with it, and tells nobody; from an
/// IPv6 route it takes the source away and leaves the rest. So a route is added after its address, also after
/// every loss of it, and removed before it.
public struct Route: Hashable, Sendable {
  /// `rtm_protocol` of every route that vipd adds: it tells them from others', also those that an earlier vipd
  /// left behind.
  public static let vipd: UInt8 = 112
  /// RT_TABLE_MAIN
  public static let mainTable: UInt32 = 254

  /// Where the route leads to, without host bits; ``everywhere(_:)`` for a default route.
  public var destination: IPNetwork
  /// Index of the link that it leaves by.
  public var linkIndex: Int32
  /// The router, of the destination's family; nil for a destination on the link.
  public var gateway: IPAddress?
  /// The source of connections by this route that choose none, an address of this host; nil for the kernel's
  /// choice.
  public var source: IPAddress?
  /// The smaller, the better; 0 for the kernel's default, which is 0 for IPv4 and 1024 for IPv6.
  public var metric: UInt32
  /// The routing table.
  public var table: UInt32
  /// Who added the route: ``vipd``, or another one's `rtm_protocol`.
  public var protocolNumber: UInt8
  /// RTA_NH_ID: the nexthop object by which it leaves; nil where it has a nexthop of its own, as all of vipd's.
  public var nexthopID: UInt32?

  /// A route to `destination` by the link with index `linkIndex`.
  public init(
    destination: IPNetwork, linkIndex: Int32, gateway: IPAddress? = nil, source: IPAddress? = nil,
    metric: UInt32 = 0, table: UInt32 = Self.mainTable, protocolNumber: UInt8 = Self.vipd,
    nexthopID: UInt32? = nil
  ) {
    self.destination = IPNetwork(destination.subnet, prefixLength: destination.prefixLength) ?? destination
    self.linkIndex = linkIndex
    self.gateway = gateway
    self.source = source
    self.metric = metric
    self.table = table
    self.protocolNumber = protocolNumber
    self.nexthopID = nexthopID
  }

  /// A default route's destination: 0.0.0.0/0 or ::/0.
  public static func everywhere(_ family: AddressFamily) -> IPNetwork {
    guard let network = IPNetwork(.any(family), prefixLength: 0) else { preconditionFailure("0 bits fit") }
    return network
  }

  /// Of the destination.
  public var family: AddressFamily { destination.address.family }

  /// Whether this is a way out of the subnet that everything without a better route takes.
  public var isDefault: Bool { destination.prefixLength == 0 && table == Self.mainTable }

  /// Whether ``Snapshot`` lists it.
  public var isListed: Bool { isDefault || protocolNumber == Self.vipd }
}

extension Sequence<Route> {
  /// The default route with the lowest metric; nil if `family` has none. The first of several alike.
  public func defaultRoute(_ family: AddressFamily) -> Route? {
    var best: Route?
    for route in self where route.isDefault && route.family == family {
      if best.map({ route.metric < $0.metric }) ?? true { best = route }
    }
    return best
  }
}
