public import Internet

/// What of the changes to a host's addresses one instance need not hear.
///
/// A hundred instances renew their addresses every half second, and the kernel tells all of them of every renewal.
public struct NewsFilter: Hashable, Sendable {
  /// An address as the kernel has it: to hear of it once more, exactly so, is no news.
  public struct Known: Hashable, Sendable {
    /// The address, with its prefix length.
    public let network: IPNetwork
    /// Index of the link that has it.
    public let linkIndex: Int32
    /// How far it is valid.
    public let scope: AddressScope
    /// See ``LinkAddress/isSecondary``.
    public let isSecondary: Bool
    /// See ``LinkAddress/addsPrefixRoute``.
    public let addsPrefixRoute: Bool

    /// The address as it is now; nil unless it is one of vipd's, and usable.
    public init?(_ address: LinkAddress) {
      guard address.protocolNumber == AddressRequest.protocolNumber, address.isUsable else { return nil }
      network = address.network
      linkIndex = address.linkIndex
      scope = address.scope
      isSecondary = address.isSecondary
      addsPrefixRoute = address.addsPrefixRoute
    }
  }

  /// Of the addresses that vipd's instances add, those that matter to this one.
  public var addresses: [IPAddress]
  /// What the kernel has of them.
  public var known: [Known]
  /// Whether the removal of other instances' addresses matters, too.
  public var hearsRemovals: Bool

  /// All three.
  public init(addresses: [IPAddress], known: [Known], hearsRemovals: Bool) {
    self.addresses = addresses
    self.known = known
    self.hearsRemovals = hearsRemovals
  }

  /// Whether `change` is told.
  public func passes(_ change: RouteChange) -> Bool {
    switch change {
    case .address(let address):
      guard address.protocolNumber == AddressRequest.protocolNumber else { return true }
      let ip = address.network.address
      // With two prefix lengths it is rare enough to be told of each time.
      let known = known.filter { $0.network.address == ip }
      return addresses.contains(ip) && (known.count != 1 || known[0] != Known(address))
    case .addressRemoved(let address):
      return hearsRemovals || address.protocolNumber != AddressRequest.protocolNumber
        || addresses.contains(address.network.address)
    default: return true
    }
  }
}
