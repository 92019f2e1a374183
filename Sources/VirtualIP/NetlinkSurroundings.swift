import Internet
public import Linux

extension Surroundings {
  /// This host's links, addresses and default route, as the kernel has them now.
  public init(_ requests: RouteRequests) throws(LinuxError) {
    let addresses = try requests.addresses()
    self.init(
      links: try requests.links().map { link in
        Link(
          index: link.index, name: link.name, hardwareAddress: link.macAddress, isUp: link.isUp,
          hasCarrier: link.hasCarrier, isLoopback: link.isLoopback,
          usesARP: link.isEthernet && link.isARPCapable,
          addresses: addresses.filter { $0.linkIndex == link.index }.compactMap { address in
            guard let network = address.network.ipv4 else { return nil }
            return Address(
              network,
              isAddedByVipd: address.protocolNumber == AddressRequest.protocolNumber,
              scope: address.scope)
          })
      },
      defaultRouteLinkIndex: try requests.defaultRoute()?.linkIndex)
  }
}
