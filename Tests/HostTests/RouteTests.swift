import Internet
import Netlink
import Ownership
import Testing
import VRRP

@testable import Host

@Suite struct RouteTests {
  private static let text = """
    [VirtualIP]
    Interface=eth0
    Address=192.168.1.219/24
    [Route]
    Route=10.0.0.0/8 via 192.168.1.1 src 192.168.1.219

    """

  private func route(to destination: String = "10.0.0.0/8") throws -> Route {
    Route(
      destination: try Bench.network(destination), linkIndex: 2, gateway: IPAddress("192.168.1.1"),
      source: IPAddress("192.168.1.219"))
  }

  @Test func routesFollowTheVIP() throws {
    var bench = try Bench(Self.text)
    bench.own()
    #expect(bench.routes == [try route()])
    bench.handle(.hold(true, nil))
    bench.run(for: .seconds(5))
    #expect(bench.routes.isEmpty)
  }

  @Test func aDeletedRouteIsPutBack() throws {
    var bench = try Bench(Self.text)
    bench.own()
    bench.happen(.routeRemoved(try route()))
    #expect(bench.routes == [try route()])
    #expect(bench.notices.contains { if case .routeRestored = $0 { true } else { false } })
    // A program that does so in a loop is not mirrored.
    for _ in 0..<100 { bench.happen(.routeRemoved(try route())) }
    #expect(bench.requests.count < 40)
    bench.run(for: .seconds(20))
    #expect(bench.routes == [try route()])
  }

  @Test func aRefusedRouteIsTriedAgainAndSaid() throws {
    var bench = try Bench(Self.text)
    bench.refusals = { request in
      if case .addRoute = request { return 101 }
      return nil
    }
    bench.own()
    #expect(bench.routes.isEmpty)
    #expect(bench.host.standing.missingRoutes == [0])
    #expect(bench.status.checks.contains("10.0.0.0/8"))
    #expect(bench.notices.filter { if case .routeRefused = $0 { true } else { false } }.count == 1)
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(11))
    #expect(bench.routes == [try route()])
    #expect(bench.host.standing.missingRoutes.isEmpty)
    #expect(bench.notices.filter { if case .routeAccepted = $0 { true } else { false } }.count == 1)
  }

  private func isRemoval(_ request: KernelRequest) -> Bool {
    if case .removeRoute = request { true } else { false }
  }

  @Test func aRouteThatCouldNotBeRemovedIsRemovedLater() throws {
    var bench = try Bench(Self.text)
    bench.own()
    bench.refusals = { if case .removeRoute = $0 { 16 } else { nil } }
    try bench.reload("[VirtualIP]\nInterface=eth0\nAddress=192.168.1.219/24\n")
    bench.run(for: .seconds(5))
    #expect((2...10).contains(bench.requests.count(where: isRemoval)))
    #expect(bench.notices.filter { if case .kernelRefused = $0 { true } else { false } }.count == 1)
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(10))
    #expect(bench.routes.isEmpty)
    bench.forget()
    bench.run(for: .seconds(20))
    #expect(!bench.requests.contains(where: isRemoval))
  }

  /// One without a source, which outlives the VIP.
  @Test func aRouteThatCouldNotBeRemovedWithTheVIPIsRemovedLater() throws {
    var bench = try Bench(Self.text.replacing(" src 192.168.1.219", with: ""))
    bench.own()
    bench.refusals = { if case .removeRoute = $0 { 16 } else { nil } }
    bench.handle(.hold(true, nil))
    bench.run(for: .seconds(5))
    #expect(try !bench.has("192.168.1.219/24"))
    #expect((2...10).contains(bench.requests.count(where: isRemoval)))
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(10))
    #expect(bench.routes.isEmpty)
  }

  @Test func aRouteThatIsWantedAgainBeforeItWentStays() throws {
    var bench = try Bench(Self.text)
    bench.own()
    bench.isBlocked = true
    try bench.reload("[VirtualIP]\nInterface=eth0\nAddress=192.168.1.219/24\n")
    try bench.reload(Self.text)
    bench.unblock()
    bench.run(for: .seconds(5))
    #expect(bench.routes == [try route()])
    #expect(bench.requests.count(where: isRemoval) == 1)
  }

  /// The kernel refuses a source that is not there yet.
  @Test func anAddressAndARouteFromItComeInOneReload() throws {
    var bench = try Bench("[VirtualIP]\nInterface=eth0\nAddress=192.168.1.220/24\n")
    bench.own()
    try bench.reload(Self.text + "[VirtualIP]\nAddress=192.168.1.220/24\n")
    bench.run(for: .seconds(1))
    #expect(bench.routes == [try route()])
  }

  /// Nobody tells that the route that was there went.
  @Test func aRouteThatAnotherProgramReplacedIsPutBack() throws {
    var bench = try Bench(Self.text)
    bench.own()
    var other = try route()
    other.protocolNumber = 3
    bench.routes = [other]
    bench.happen(.routeReplaced(other))
    bench.run(for: .seconds(1))
    #expect(bench.routes.contains(try route()))
    #expect(bench.notices.contains { if case .routeRestored = $0 { true } else { false } })
  }

  @Test func aRouteThatWentWithoutAWordIsNotAskedForWithoutEnd() throws {
    var bench = try Bench(Self.text.replacing(" src 192.168.1.219", with: ""))
    bench.own()
    bench.routes = []
    bench.handle(.hold(true, nil))
    bench.run(for: .seconds(10))
    #expect(bench.requests.count(where: isRemoval) <= 2)
  }

  /// The kernel removes routes with their source from the main table only.
  @Test func aRouteOfAnotherTableOutlivesItsSource() throws {
    var bench = try Bench(Self.text.replacing("src 192.168.1.219", with: "src 192.168.1.219 table 100"))
    bench.own()
    let vip = try #require(bench.addresses.last)
    bench.refusals = { if case .addAddress = $0 { 22 } else { nil } }
    bench.happen(.addressRemoved(vip))
    bench.run(for: .milliseconds(500))
    #expect(bench.routes.isEmpty)
    #expect(bench.requests.contains(where: isRemoval))
  }

  @Test func anAddressThatIsBeingAddedTakesNoRouteAway() throws {
    var bench = try Bench(Self.text)
    bench.own()
    bench.isBlocked = true
    try bench.reload(Self.text + "[VirtualIP]\nAddress=192.168.1.220/24\n")
    #expect(!bench.host.standing.owns)
    bench.unblock()
    bench.run(for: .seconds(1))
    #expect(bench.host.standing.owns && !bench.requests.contains(where: isRemoval))
  }

  @Test func theDefaultRouteIsFollowed() throws {
    var bench = try Bench()
    bench.own()
    #expect(bench.host.core.parameters.references.isEmpty)
    func way(_ gateway: String, _ metric: UInt32) -> Route {
      Route(
        destination: Route.everywhere(.ipv4), linkIndex: 2, gateway: IPAddress(gateway), metric: metric,
        protocolNumber: 3)
    }
    bench.happen(.route(way("192.168.1.1", 100)))
    #expect(bench.host.core.parameters.references.first == IPAddress("192.168.1.1"))
    bench.happen(.route(way("192.168.1.2", 50)))
    #expect(bench.host.core.parameters.references.first == IPAddress("192.168.1.2"))
    bench.happen(.routeRemoved(way("192.168.1.2", 50)))
    #expect(bench.host.core.parameters.references.first == IPAddress("192.168.1.1"))
    bench.happen(.routeRemoved(way("192.168.1.1", 100)))
    #expect(bench.host.core.parameters.references.isEmpty)
  }

  /// Of an IPv6 route with several hops the kernel removes one at a time, and the first is all that is known.
  @Test func aDefaultRouteThatLostAHopIsThereStill() throws {
    var bench = try Bench()
    bench.own()
    func hop(_ gateway: String) -> Route {
      Route(
        destination: Route.everywhere(.ipv6), linkIndex: 2, gateway: IPAddress(gateway), metric: 1024,
        protocolNumber: 3)
    }
    bench.happen(.route(hop("fe80::1")))
    #expect(bench.host.view.defaultGateway(.ipv6) == IPAddress("fe80::1"))
    bench.routes.append(hop("fe80::2"))
    bench.happen(.routeRemoved(hop("fe80::1")))
    #expect(bench.host.view.defaultGateway(.ipv6) == IPAddress("fe80::2"))
    bench.happen(.routeRemoved(hop("fe80::2")))
    #expect(bench.host.view.defaultGateway(.ipv6) == nil)
  }

  /// Routes go with their nexthop object, and nobody tells.
  @Test func aDefaultRouteGoesWithItsNexthop() throws {
    var bench = try Bench()
    bench.own()
    let way = Route(
      destination: Route.everywhere(.ipv4), linkIndex: 2, gateway: IPAddress("192.168.1.1"),
      protocolNumber: 3,
      nexthopID: 7)
    bench.happen(.route(way))
    #expect(bench.host.core.parameters.references.first == IPAddress("192.168.1.1"))
    let looks = bench.requests.count { $0 == .look }
    bench.happen(.nexthop(8))
    #expect(bench.requests.count { $0 == .look } == looks)
    bench.routes = []
    bench.happen(.nexthop(7))
    #expect(bench.host.core.parameters.references.isEmpty)
  }

  /// Those of other instances are not known here, and one may be the last of the link or not.
  @Test func theDefaultRouteStaysWithTheAddressesOfOthers() throws {
    var bench = try Bench()
    bench.start()
    bench.happen(
      .route(
        Route(
          destination: Route.everywhere(.ipv4), linkIndex: 2, gateway: IPAddress("192.168.1.1"),
          protocolNumber: 3)))
    let others = try ["192.168.1.227/24", "192.168.1.235/24"].map {
      try Bench.address($0, protocolNumber: 112)
    }
    for other in others { bench.happen(.address(other)) }
    bench.isBlocked = true
    let own = try #require(bench.addresses.first { $0.linkIndex == 2 })
    bench.happen(.addressRemoved(own))
    bench.happen(.addressRemoved(others[0]))
    bench.unblock()
    #expect(bench.host.view.defaultGateway(.ipv4) == IPAddress("192.168.1.1"))
  }

  /// Whether the VIP stays is not known before the sockets are open.
  @Test func aRestartLeavesTheRoutesAlone() throws {
    var bench = try Bench(Self.text, routes: [try route()], leftover: ["192.168.1.219/24"])
    bench.start(Host.Memory(resumableUntil: at(1250)))
    bench.run(for: .seconds(1))
    #expect(bench.host.standing.owns)
    let touched = bench.requests.filter { request in
      switch request {
      case .addRoute, .removeRoute: true
      default: false
      }
    }
    #expect(touched == [])
  }
}
