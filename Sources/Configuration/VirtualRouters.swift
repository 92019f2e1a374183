public import Internet
public import Ownership
public import VRRP

extension Settings {
  /// The families that the VIP has addresses of, that of the first one, which elects, first.
  public var families: [AddressFamily] {
    var families: [AddressFamily] = []
    for network in addresses where !families.contains(network.address.family) {
      families.append(network.address.family)
    }
    return families
  }

  /// Those without which this host takes no part.
  public var requiredFamilies: [AddressFamily] { requiredFamily.map { [$0] } ?? families }

  /// The family whose addresses are left out as long as the interface has no address of the host's own in it.
  public var optionalFamily: AddressFamily? { families.first { !requiredFamilies.contains($0) } }

  /// What the core needs of them, with the gateway that `auto` stands for now.
  public func parameters(defaultGateway: IPAddress?) -> Parameters {
    var parameters = Parameters(
      virtualRouterID: virtualRouterID, addresses: addresses, priority: priority,
      interval: advertisementInterval, preempts: preempt, preemptDelay: preemptDelay, lease: lease,
      witness: witness, references: references(defaultGateway: defaultGateway), isolation: true,
      announcementRepeat: announcementRepeat, announcementRefresh: refreshInterval)
    parameters.announcementInterval = announcementInterval
    parameters.version = version
    parameters.checksum = checksum
    parameters.usesVirtualMAC = virtualMAC
    parameters.requiredFamily = requiredFamily
    return parameters
  }

  /// Whose answers show that this host is on the network, with the gateway that `auto` stands for now; each once.
  public func references(defaultGateway: IPAddress?) -> [IPAddress] {
    gateways.reduce(into: []) { references, gateway in
      guard let address = gateway.address(defaultGateway: defaultGateway) else { return }
      if !references.contains(address) { references.append(address) }
    }
  }

  /// The VIP's virtual routers: one for each family that it has addresses of, that of the first one first.
  public var virtualRouters: [VirtualRouter] {
    families.map { family in
      VirtualRouter(
        id: virtualRouterID, addresses: addresses.map(\.address).filter { $0.family == family },
        hasDerivedAddress: family == .ipv6 && hasDerivedAddress,
        version: version, interval: advertisementInterval,
        password: authentication.map { Array($0.utf8) },
        unicastPeers: peers.isEmpty ? nil : peers.filter { $0.family == family })
    }
  }
}
