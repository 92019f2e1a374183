public import Internet

/// An address on a link, as the kernel describes it (RTM_NEWADDR).
public struct LinkAddress: Hashable, Sendable {
  /// Index of the link that has the address.
  public let linkIndex: Int32
  /// The address (IFA_LOCAL) and its prefix length.
  public let network: IPNetwork
  /// IFA_BROADCAST; nil for IPv6.
  public let broadcast: IPv4Address?
  /// IFA_LABEL: the link's name, or an alias such as `bond0:0`; nil for IPv6.
  public let label: String?
  /// How far the address is valid.
  public let scope: AddressScope
  /// Time until the kernel removes the address, in whole seconds; nil if it is permanent.
  public let validLifetime: Duration?
  /// IFA_PROTO: who added the address; 0 if nobody said. vipd's are ``AddressRequest/protocolNumber``.
  public let protocolNumber: UInt8
  /// IFA_F_SECONDARY: another IPv4 address of the same subnet was there first; for IPv6, where the same flag
  /// is called IFA_F_TEMPORARY, a privacy address that soon gives way to another.
  public let isSecondary: Bool
  /// Neither IFA_F_TENTATIVE nor IFA_F_DADFAILED: packets can be sent from the address. IPv4 addresses always
  /// are; an IPv6 address is reported again when duplicate address detection is done with it.
  public let isUsable: Bool
  /// IFA_F_DADFAILED: another station has the address, too. The kernel does not try again until the link goes down and
  /// up, or somebody adds the address anew.
  public let isDuplicate: Bool
  /// Not IFA_F_NOPREFIXROUTE: the kernel adds a route to the subnet; for a secondary IPv4 address, when it becomes the
  /// primary one.
  public let addsPrefixRoute: Bool

  /// An address with these properties.
  public init(
    linkIndex: Int32, network: IPNetwork, broadcast: IPv4Address? = nil, label: String? = nil,
    scope: AddressScope = .global, validLifetime: Duration? = nil, protocolNumber: UInt8 = 0,
    isSecondary: Bool = false, isUsable: Bool = true, isDuplicate: Bool = false,
    addsPrefixRoute: Bool = true
  ) {
    self.linkIndex = linkIndex
    self.network = network
    self.broadcast = broadcast
    self.label = label
    self.scope = scope
    self.validLifetime = validLifetime
    self.protocolNumber = protocolNumber
    self.isSecondary = isSecondary
    self.isUsable = isUsable
    self.isDuplicate = isDuplicate
    self.addsPrefixRoute = addsPrefixRoute
  }
}
