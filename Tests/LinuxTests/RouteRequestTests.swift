import Glibc
import Internet
import Netlink
import Testing

@testable import Linux

@Suite(.enabled(if: isRoot, "needs root"))
struct RouteRequestTests {
  private let hosts: TwoHosts

  init() throws {
    hosts = try TwoHosts()
    try hosts.addIPv6()
  }

  private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

  private func network(_ text: String, _ length: Int) throws -> IPNetwork {
    let address = try address(text)
    return try #require(IPNetwork(address, prefixLength: length))
  }

  private func add(_ vip: IPNetwork, _ requests: RouteRequests) throws {
    let request = AddressRequest(
      network: vip, linkIndex: hosts.firstLink.index, validLifetime: .seconds(60), addsPrefixRoute: false)
    #expect(failure(of: try requests.add(request)) == nil)
  }

  private func defaultRoute(from source: String, by gateway: String) throws -> Route {
    let source = try address(source)
    return Route(
      destination: Route.everywhere(source.family), linkIndex: hosts.firstLink.index,
      gateway: try address(gateway), source: source)
  }

  @Test func defaultRouteFromTheVIPGoesBeforeTheHostsOwn() throws {
    try hosts.first.run {
      let requests = try RouteRequests()
      try shell("ip route add default via 192.0.2.1 dev eth0")
      let before = try shell("ip route show")
      let vip = try network("192.0.2.219", 24)
      try add(vip, requests)
      let route = try defaultRoute(from: "192.0.2.219", by: "192.0.2.1")
      #expect(failure(of: try requests.add(route)) == nil)
      #expect(failure(of: try requests.add(route))?.kind == .exists)
      #expect(try shell("ip route get 198.51.100.1").contains("src 192.0.2.219"))
      #expect(try shell("ip route show").contains("proto 112 src 192.0.2.219"))
      #expect(try requests.routes(on: hosts.firstLink.index) == [route])
      #expect(try requests.routes(on: 1).isEmpty)
      #expect(failure(of: try requests.remove(route)) == nil)
      #expect(failure(of: try requests.remove(route))?.kind == .routeMissing)
      #expect(try shell("ip route show") == before)
    }
  }

  /// The kernel's doing, on which vipd relies when a lease ends.
  @Test func ipv4RouteGoesWithItsSource() throws {
    try hosts.first.run {
      let requests = try RouteRequests()
      let vip = try network("192.0.2.219", 24)
      let route = try defaultRoute(from: "192.0.2.219", by: "192.0.2.1")
      #expect(failure(of: try requests.add(route))?.cause == .errno(EINVAL))
      for _ in 0..<2 {
        try add(vip, requests)
        #expect(failure(of: try requests.add(route)) == nil)
        #expect(try requests.routes(on: hosts.firstLink.index) == [route])
        #expect(failure(of: try requests.remove(vip, from: hosts.firstLink.index)) == nil)
        #expect(try requests.routes(on: hosts.firstLink.index).isEmpty)
        #expect(try requests.defaultRoute(.ipv4) == nil)
      }
    }
  }

  @Test func ipv6RouteLosesItsSourceAndStays() throws {
    try hosts.first.run {
      let requests = try RouteRequests()
      let vip = try network("fd00::219", 64)
      let route = try defaultRoute(from: "fd00::219", by: "fe80::1")
      #expect(failure(of: try requests.add(route))?.cause == .errno(EINVAL))
      try add(vip, requests)
      #expect(failure(of: try requests.add(route)) == nil)
      #expect(failure(of: try requests.add(route))?.kind == .exists)
      #expect(try shell("ip -6 route get 2001:db8::1").contains("src fd00::219"))
      var listed = route
      listed.metric = 1024
      #expect(try requests.routes(on: hosts.firstLink.index) == [listed])
      #expect(failure(of: try requests.remove(vip, from: hosts.firstLink.index)) == nil)
      listed.source = nil
      #expect(try requests.routes(on: hosts.firstLink.index) == [listed])
      #expect(failure(of: try requests.remove(route)) == nil)
      #expect(try requests.routes(on: hosts.firstLink.index).isEmpty)
      #expect(failure(of: try requests.remove(route))?.kind == .routeMissing)
    }
  }

  @Test(arguments: [("198.51.100.7", 24, "192.0.2.1"), ("fd99::7", 48, "fd00::1")])
  func routeIsListedAsItWasAskedFor(_ text: String, _ length: Int, _ gateway: String) throws {
    try hosts.first.run {
      let requests = try RouteRequests()
      let destination = try network(text, length)
      let route = Route(
        destination: destination, linkIndex: hosts.firstLink.index, gateway: try address(gateway),
        metric: 77, table: 1219)
      let onLink = Route(destination: destination, linkIndex: hosts.firstLink.index, metric: 5)
      #expect(route.destination.address == destination.subnet)
      for request in [route, onLink] {
        #expect(failure(of: try requests.add(request)) == nil)
      }
      #expect(Set(try requests.routes(on: hosts.firstLink.index)) == [route, onLink])
      #expect(failure(of: try requests.remove(route)) == nil)
      #expect(try requests.routes(on: hosts.firstLink.index) == [onLink])
    }
  }

  @Test func routesOfOthersAreLeftAlone() throws {
    try hosts.first.run {
      let requests = try RouteRequests()
      for (text, length, gateway) in [("198.51.100.0", 24, "192.0.2.1"), ("fd99::", 48, "fd00::1")] {
        try shell("ip route add \(text)/\(length) via \(gateway) dev eth0 metric 9")
        let route = Route(
          destination: try network(text, length), linkIndex: hosts.firstLink.index,
          gateway: try address(gateway), metric: 9)
        #expect(try requests.routes(on: hosts.firstLink.index).isEmpty)
        #expect(failure(of: try requests.remove(route))?.kind == .routeMissing)
      }
    }
  }

  @Test func gatewayOutOfReachIsRefused() throws {
    try hosts.first.run {
      let requests = try RouteRequests()
      let route = Route(
        destination: Route.everywhere(.ipv4), linkIndex: hosts.firstLink.index,
        gateway: try address("203.0.113.1"))
      let error = try #require(failure(of: try requests.add(route)))
      #expect(error.kind == .unreachable)
      #expect(error.description.hasPrefix("adding a route: "), "\(error)")
    }
  }
}
