/// All that the kernel had at one moment.
public struct Snapshot: Hashable, Sendable {
  /// Every link.
  public var links: [Link]
  /// Every address of every link, in the kernel's order: of IPv4, primary addresses before secondary ones.
  public var addresses: [LinkAddress]
  /// The default routes of the main table and the routes that vipd added, of both families.
  public var routes: [Route]
  /// Indices of the links by which this host is an IPv6 router, and says so in its Neighbor Advertisements
  /// (RFC 4861 §4.4).
  public var forwardingLinks: [Int32]

  /// All of it.
  public init(
    links: [Link] = [], addresses: [LinkAddress] = [], routes: [Route] = [], forwardingLinks: [Int32] = []
  ) {
    self.links = links
    self.addresses = addresses
    self.routes = routes
    self.forwardingLinks = forwardingLinks
  }
}
