public import Configuration
import Internet
import Netlink

extension Surroundings {
  /// This host's links, addresses and default route, as the kernel has them now.
  public init(_ requests: RouteRequests) throws(LinuxError) {
    let addresses = try requests.addresses()
    var route = try requests.defaultRoute(.ipv4)
    if route == nil { route = try requests.defaultRoute(.ipv6) }
    self.init(
      links: try requests.links().map { link in
        Link(
          index: link.index, name: link.name, hardwareAddress: link.macAddress, isUp: link.isUp,
          hasCarrier: link.hasCarrier, isLoopback: link.isLoopback,
          usesARP: link.isEthernet && link.isARPCapable,
          addresses: addresses.filter { $0.linkIndex == link.index }.map { address in
            Address(
              address.network,
              isAddedByVipd: address.protocolNumber == AddressRequest.protocolNumber,
              scope: address.scope)
          })
      },
      defaultRouteLinkIndex: route?.linkIndex)
  }
}
