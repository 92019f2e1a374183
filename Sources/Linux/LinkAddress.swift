public import Internet

/// How far an address is valid (rtnetlink(7), `enum rt_scope_t`).
public struct AddressScope: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The kernel's number.
  public let rawValue: UInt8

  /// The scope with the kernel's number `rawValue`.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Valid everywhere (RT_SCOPE_UNIVERSE); what ip(8) calls `global`.
  public static let global = AddressScope(rawValue: 0)
  /// Valid on this link only (RT_SCOPE_LINK).
  public static let link = AddressScope(rawValue: 253)
  /// Valid in this host only (RT_SCOPE_HOST).
  public static let host = AddressScope(rawValue: 254)
  /// Those that an address can usefully have.
  public static let named: [AddressScope] = [.global, .link, .host]

  /// ip(8)'s name, or the kernel's number.
  public var description: String {
    switch self {
    case .global: "global"
    case .link: "link"
    case .host: "host"
    default: String(rawValue)
    }
  }
}

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
}
