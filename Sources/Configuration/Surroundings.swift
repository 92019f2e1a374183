public import Internet
public import Netlink

/// What the host looks like to `Configuration.resolve`: a plain value, filled from netlink.
public struct Surroundings: Hashable, Sendable {
  /// One network interface.
  public struct Link: Hashable, Sendable {
    /// The kernel's interface index, above 0.
    public var index: Int32
    /// The name, at most 15 bytes.
    public var name: String
    /// The hardware address; nil where there is none of 48 bits.
    public var hardwareAddress: MACAddress?
    /// `IFF_UP`
    public var isUp: Bool
    /// `IFF_LOWER_UP`
    public var hasCarrier: Bool
    /// `IFF_LOOPBACK`
    public var isLoopback: Bool
    /// `ARPHRD_ETHER` and not `IFF_NOARP`: neighbours find addresses on this link by ARP.
    public var usesARP: Bool
    /// Addresses in the kernel's order.
    public var addresses: [Address]

    /// A link with these properties.
    public init(
      index: Int32, name: String, hardwareAddress: MACAddress?, isUp: Bool = true, hasCarrier: Bool = true,
      isLoopback: Bool = false, usesARP: Bool = true, addresses: [Address] = []
    ) {
      self.index = index
      self.name = name
      self.hardwareAddress = hardwareAddress
      self.isUp = isUp
      self.hasCarrier = hasCarrier
      self.isLoopback = isLoopback
      self.usesARP = usesARP
      self.addresses = addresses
    }
  }

  /// One address of a link.
  public struct Address: Hashable, Sendable {
    /// The address and its subnet.
    public var network: IPNetwork
    /// `IFA_PROTO` is 112: vipd put it there, so it is never one of the host's own.
    public var isAddedByVipd: Bool
    /// rtnetlink's scope.
    public var scope: AddressScope

    /// An address with these properties.
    public init(_ network: IPNetwork, isAddedByVipd: Bool = false, scope: AddressScope = .global) {
      self.network = network
      self.isAddedByVipd = isAddedByVipd
      self.scope = scope
    }
  }

  /// All links, in the kernel's order.
  public var links: [Link]
  /// The link of the IPv4 default route with the lowest metric, or without one of the IPv6 default route; nil if
  /// there is neither.
  public var defaultRouteLinkIndex: Int32?

  /// Surroundings of these links.
  public init(links: [Link], defaultRouteLinkIndex: Int32?) {
    self.links = links
    self.defaultRouteLinkIndex = defaultRouteLinkIndex
  }
}

extension Surroundings.Link {
  /// The host's own addresses here, without vipd's and without those no other host could reach.
  var ownNetworks: [IPNetwork] {
    addresses.filter { !$0.isAddedByVipd && $0.scope != .host && $0.network.address.isUsableByHost }.map(
      \.network)
  }

  /// The first of the host's own addresses of `family` here that is valid everywhere.
  func firstGlobalNetwork(_ family: AddressFamily) -> IPNetwork? {
    addresses.first {
      !$0.isAddedByVipd && $0.scope == .global && $0.network.address.isUsableByHost
        && $0.network.address.family == family
    }?.network
  }

  /// Whether a VIP with addresses of `family` can live here.
  func isUsable(_ family: AddressFamily) -> Bool { !isLoopback && usesARP && hasOwn(family) }

  /// Whether the host has an address here to send Advertisements of `family` from: of IPv6 a link-local one
  /// (RFC 9568 §5.1.2.1).
  public func hasOwn(_ family: AddressFamily) -> Bool {
    ownNetworks.contains { own in
      own.address.family == family && (family == .ipv4 || own.address.ipv6?.isLinkLocal == true)
    }
  }

  /// Whether the host has `address` here as its own.
  func hasItself(_ address: IPAddress) -> Bool {
    addresses.contains { !$0.isAddedByVipd && $0.network.address == address }
  }

  /// The host's own address here in whose subnet `address` lies: the one with the longest prefix.
  func network(holding address: IPAddress) -> IPNetwork? {
    ownNetworks.filter { $0.contains(address) }.max { $0.prefixLength < $1.prefixLength }
  }
}

extension Surroundings {
  /// An address of the VIP that the host has as its own on another link, too.
  public struct Copy: Hashable, Sendable {
    /// The address.
    public let address: IPAddress
    /// The link's name.
    public let interface: String
  }

  /// The VIP's addresses that this host has as its own on other links than the VIP's.
  public func copies(of settings: Settings) -> [Copy] {
    settings.addresses.flatMap { vip in
      links.filter { $0.name != settings.interface && $0.hasItself(vip.address) }.map {
        Copy(address: vip.address, interface: $0.name)
      }
    }
  }

  /// These, and what was there `earlier` and is missing now: links, the host's own addresses, the default route.
  public func completed(from earlier: Surroundings) -> Surroundings {
    var all = self
    for link in earlier.links {
      var missing = link
      missing.addresses.removeAll { address in
        address.isAddedByVipd || links.contains { $0.hasItself(address.network.address) }
      }
      if let index = links.firstIndex(where: { $0.name == link.name }) {
        all.links[index].addresses += missing.addresses
      } else {
        all.links.append(missing)
      }
    }
    if defaultRouteLinkIndex == nil {
      let name = earlier.links.first { $0.index == earlier.defaultRouteLinkIndex }?.name
      all.defaultRouteLinkIndex = all.links.first { $0.name == name }?.index
    }
    return all
  }
}

extension Surroundings {
  /// Surroundings as the kernel describes them.
  public init(links: [Netlink.Link], addresses: [LinkAddress], defaultRouteLinkIndex: Int32?) {
    self.init(
      links: links.map { link in
        Link(
          index: link.index, name: link.name, hardwareAddress: link.macAddress, isUp: link.isUp,
          hasCarrier: link.hasCarrier, isLoopback: link.isLoopback,
          usesARP: link.isEthernet && link.isARPCapable,
          addresses: addresses.filter { $0.linkIndex == link.index }.map { address in
            Address(
              address.network, isAddedByVipd: address.protocolNumber == AddressRequest.protocolNumber,
              scope: address.scope)
          })
      },
      defaultRouteLinkIndex: defaultRouteLinkIndex)
  }

  /// Surroundings as a snapshot has them.
  public init(_ snapshot: Snapshot) {
    let way = snapshot.routes.defaultRoute(.ipv4) ?? snapshot.routes.defaultRoute(.ipv6)
    self.init(
      links: snapshot.links, addresses: snapshot.addresses, defaultRouteLinkIndex: way?.linkIndex)
  }
}
