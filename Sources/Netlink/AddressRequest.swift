public import Internet

/// An address to put on a link.
///
/// An IPv6 address is used without duplicate address detection, and is deprecated from the beginning: it
/// answers, but the host does not choose it as source. (Nor does it choose a secondary IPv4 address.)
public struct AddressRequest: Hashable, Sendable {
  /// IFA_PROTO of every address that vipd adds, VRRP's IP protocol number: it tells them from the
  /// host's own, also those that an earlier vipd left behind.
  public static let protocolNumber: UInt8 = 112

  /// The address and its prefix length. An existing IPv4 address with another length is another address; an
  /// existing IPv6 address is renewed and keeps its length.
  public var network: IPNetwork
  /// Index of the link that gets the address.
  public var linkIndex: Int32
  /// IFA_LABEL, at most 15 bytes; nil for the link's name. IPv6 has none.
  public var label: String?
  /// How far an IPv4 address is valid; of an IPv6 address the kernel sees it.
  public var scope: AddressScope
  /// Time after which the kernel removes the address, rounded up to whole seconds of at least one;
  /// nil for a permanent address.
  public var validLifetime: Duration?
  /// Whether the kernel adds a route to the subnet, which for IPv6 has the address's lifetime. False for
  /// IFA_F_NOPREFIXROUTE: where the host's own addresses reach the subnet already. Else the kernel could give the host's
  /// own IPv6 route the lifetime of the VIP, and would take the VIP for the source of IPv4 connections. A secondary IPv4
  /// address has a use for it once it is promoted: the subnet stays reachable.
  public var addsPrefixRoute: Bool

  /// A request for `network` on the link with index `linkIndex`.
  public init(
    network: IPNetwork, linkIndex: Int32, label: String? = nil, scope: AddressScope = .global,
    validLifetime: Duration?, addsPrefixRoute: Bool = true
  ) {
    self.network = network
    self.linkIndex = linkIndex
    self.label = label
    self.scope = scope
    self.validLifetime = validLifetime
    self.addsPrefixRoute = addsPrefixRoute
  }
}
