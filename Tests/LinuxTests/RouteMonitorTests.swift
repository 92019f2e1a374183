import Internet
import Netlink
import Testing

@testable import Linux

@Suite(.enabled(if: isRoot, "needs root"))
struct RouteMonitorTests {
  /// What `monitor` hears until `isLast` holds for a change, within five seconds.
  private func changes(_ monitor: RouteMonitor, until isLast: (RouteChange) -> Bool) throws -> [RouteChange] {
    var changes: [RouteChange] = []
    while !changes.contains(where: isLast) {
      try #require(wait(for: monitor.fd), "only heard \(changes)")
      #expect(monitor.read { changes.append($0) } != .lost)
    }
    return changes
  }

  @Test func hearsOfLinksThatComeAndGo() throws {
    let namespace = try NetworkNamespace()
    try namespace.run {
      let monitor = try RouteMonitor()
      try shell("ip link add bond0 type veth peer name other && ip link set bond0 up")
      let bond = try link(named: "bond0")
      let up = try changes(monitor) {
        if case .link(let link) = $0 { link.name == "bond0" && link.isUp } else { false }
      }
      #expect(
        !up.contains {
          if case .link(let link) = $0 { link.hasCarrier && link.name == "bond0" } else { false }
        })
      try shell("ip link set other up")
      _ = try changes(monitor) {
        if case .link(let link) = $0 { link.name == "bond0" && link.hasCarrier } else { false }
      }
      try shell("ip link delete bond0")
      let gone = try changes(monitor) {
        if case .linkRemoved(_, "bond0") = $0 { true } else { false }
      }
      #expect(gone.contains(.linkRemoved(index: bond.index, name: "bond0")))
    }
  }

  /// The kernel does not say that the one that was there went.
  @Test func hearsOfARouteThatTookThePlaceOfAnother() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      try shell("ip route add 10.0.0.0/8 via 192.0.2.218 proto \(Route.vipd)")
      let monitor = try RouteMonitor()
      try shell(
        "ip route replace 10.0.0.0/8 via 192.0.2.218 && ip route append 10.0.0.0/8 via 192.0.2.200 proto 112")
      let heard = try changes(monitor) { if case .routeAppended = $0 { true } else { false } }
      let replaced = heard.compactMap { if case .routeReplaced(let route) = $0 { route } else { nil } }
      #expect(replaced.map(\.gateway) == [IPAddress("192.0.2.218")])
      #expect(replaced.first?.protocolNumber != Route.vipd)
    }
  }

  /// The routes by it go without a word.
  @Test func hearsOfNexthopsThatGo() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      try shell("ip nexthop add id 7 via 192.0.2.218 dev eth0 && ip route add default nhid 7")
      #expect(try RouteRequests().defaultRoute()?.nexthopID == 7)
      let monitor = try RouteMonitor()
      try shell("ip nexthop del id 7")
      _ = try changes(monitor) { $0 == .nexthop(7) }
      #expect(try RouteRequests().defaultRoute() == nil)
    }
  }

  /// A bridge takes what comes in by its ports; a VRF is but a routing table.
  @Test func hearsThatALinkBecameAPort() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let monitor = try RouteMonitor()
      try shell("ip link add br0 type bridge && ip link set eth0 master br0")
      _ = try changes(monitor) {
        if case .link(let link) = $0 { link.name == "eth0" && link.isPort } else { false }
      }
      #expect(try link(named: "eth0").isPort)
      try shell("ip link set eth0 nomaster")
      _ = try changes(monitor) {
        if case .link(let link) = $0 { link.name == "eth0" && !link.isPort } else { false }
      }
      #expect(try !link(named: "eth0").isPort)
    }
  }

  @Test func hearsWhereTheHostForwards() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let monitor = try RouteMonitor()
      let index = hosts.firstLink.index
      for (value, isOn) in [(1, true), (0, false)] {
        try shell("echo \(value) >/proc/sys/net/ipv6/conf/all/forwarding")
        let heard = try changes(monitor) { if case .forwarding(index, _) = $0 { true } else { false } }
        #expect(heard.contains(.forwarding(linkIndex: index, isOn)))
      }
    }
  }

  /// Of an IPv6 route with several hops.
  @Test func hearsOfTheHopThatWent() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      try shell("ip -6 route add default nexthop via fe80::1 dev eth0 nexthop via fe80::2 dev eth0")
      #expect(try RouteRequests().defaultRoute(.ipv6)?.gateway == IPAddress("fe80::1"))
      let monitor = try RouteMonitor()
      try shell("ip -6 route del default via fe80::1 dev eth0")
      let heard = try changes(monitor) { if case .routeRemoved = $0 { true } else { false } }
      let removed = heard.compactMap { if case .routeRemoved(let route) = $0 { route.gateway } else { nil } }
      #expect(removed == [IPAddress("fe80::1")])
      #expect(try RouteRequests().defaultRoute(.ipv6)?.gateway == IPAddress("fe80::2"))
    }
  }

  @Test func leavingABridgeIsNotTheEndOfALink() throws {
    let namespace = try NetworkNamespace()
    try namespace.run {
      try shell("ip link add br0 type bridge && ip link add bond0 type veth peer name other")
      let monitor = try RouteMonitor()
      try shell("ip link set bond0 master br0 && ip link set bond0 nomaster && ip link set bond0 mtu 1400")
      try shell("ip link delete br0")
      let heard = try changes(monitor) {
        if case .linkRemoved(_, "br0") = $0 { true } else { false }
      }
      #expect(!heard.contains { if case .linkRemoved(_, "bond0") = $0 { true } else { false } })
    }
  }

  @Test func hearsOfAddressesWithForeignAttributes() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let monitor = try RouteMonitor()
      try shell(
        "ip address add 203.0.113.7 peer 203.0.113.8/32 dev eth0 label eth0:x metric 77 noprefixroute"
      )
      try shell("ip address add 2001:db8::1/64 dev eth0 nodad")
      try shell("ip address delete 203.0.113.7 peer 203.0.113.8/32 dev eth0")
      let heard = try changes(monitor) { if case .addressRemoved = $0 { true } else { false } }
      let addresses = heard.compactMap { if case .address(let address) = $0 { address } else { nil } }
      let added = addresses.filter { $0.network.address.family == .ipv4 }
      #expect(added.count == 1)
      #expect(addresses.contains { $0.network.address == IPAddress("2001:db8::1") && $0.isUsable })
      for address in added {
        #expect(address.network.address == IPAddress("203.0.113.7"))
        #expect(address.network.prefixLength == 32)
        #expect(address.label == "eth0:x")
        #expect(address.protocolNumber == 0)
        #expect(address.validLifetime == nil)
        #expect(address.broadcast == nil)
      }
    }
  }

  /// What is heard until the address, which duplicate address detection looks at first, is as `isAwaited` says.
  private func changes(
    _ monitor: RouteMonitor, afterAdding own: IPAddress, until isAwaited: (LinkAddress) -> Bool
  ) throws -> [RouteChange] {
    try shell("ip address add \(own)/64 dev eth0")
    return try changes(monitor) {
      if case .address(let address) = $0 {
        address.network.address == own && isAwaited(address)
      } else {
        false
      }
    }
  }

  @Test func hearsWhenDetectionOfDuplicatesIsDone() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let monitor = try RouteMonitor()
      let own = try #require(IPAddress("fd00::217"))
      let heard = try changes(monitor, afterAdding: own) { $0.isUsable }
      guard case .address(let first) = heard.first(where: { $0.address == own }) else { return }
      #expect(!first.isUsable)
    }
  }

  @Test func hearsOfDuplicates() throws {
    let hosts = try TwoHosts()
    try hosts.second.run { _ = try shell("ip address add fd00::217/64 dev eth0 nodad") }
    try hosts.first.run {
      let monitor = try RouteMonitor()
      let own = try #require(IPAddress("fd00::217"))
      let heard = try changes(monitor, afterAdding: own) { $0.isDuplicate }
      let states = heard.compactMap {
        if case .address(let address) = $0, $0.address == own { address } else { nil }
      }
      #expect(states.first?.isDuplicate == false && states.allSatisfy { !$0.isUsable })
    }
  }

  @Test(arguments: [("-4", "192.0.2.1", "192.0.2.2", UInt32(7)), ("-6", "fd00::1", "fe80::2", 7)])
  func hearsOfDefaultRoutesAndOfVipdsOwn(_ family: String, _ old: String, _ new: String, _ metric: UInt32)
    throws
  {
    let hosts = try TwoHosts()
    try hosts.addIPv6()
    try hosts.first.run {
      let monitor = try RouteMonitor()
      try shell("ip \(family) route add default via \(old) dev eth0 metric \(metric)")
      try shell("ip \(family) route replace default via \(new) dev eth0 metric \(metric)")
      let others = family == "-4" ? "198.51.100.0/24" : "2001:db8::/32"
      try shell("ip \(family) route add \(others) dev eth0 metric 9")
      try shell("ip \(family) route add default dev eth0 table 77")
      try shell("ip \(family) route add \(others) dev eth0 table 77 proto 112")
      try shell("ip \(family) route del default via \(new) dev eth0 metric \(metric)")
      let heard = try changes(monitor) { if case .routeRemoved = $0 { true } else { false } }
      let routes = heard.filter {
        switch $0 {
        case .route, .routeReplaced, .routeRemoved: true
        default: false
        }
      }
      let everywhere = Route.everywhere(family == "-4" ? .ipv4 : .ipv6)
      func defaultRoute(_ gateway: String) -> Route {
        Route(
          destination: everywhere, linkIndex: hosts.firstLink.index, gateway: IPAddress(gateway),
          metric: metric, protocolNumber: 3)
      }
      try #require(routes.count == 4, "\(routes)")
      #expect(routes[0] == .route(defaultRoute(old)))
      #expect(routes[1] == .routeReplaced(defaultRoute(new)))
      guard case .route(let own) = routes[2] else {
        Issue.record("\(routes[2])")
        return
      }
      #expect(own.protocolNumber == Route.vipd && own.table == 77 && own.gateway == nil)
      #expect(routes[3] == .routeRemoved(defaultRoute(new)))
    }
  }

  @Test func reportsOverflowAndGoesOn() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let monitor = try RouteMonitor(receiveBuffer: 4096)
      let lines = (1...200).map { "address add 10.1.0.\($0)/16 dev eth0" }
      try shell("ip -batch - <<'END'\n" + lines.joined(separator: "\n") + "\nEND")
      var isComplete = true
      var heard = 0
      while wait(for: monitor.fd, seconds: 0.2) {
        if monitor.read({ _ in heard += 1 }) == .lost { isComplete = false }
      }
      #expect(!isComplete)
      #expect(heard > 0 && heard < 200)
      try shell("ip address add 198.51.100.1/24 dev eth0")
      let after = try changes(monitor) { if case .address = $0 { true } else { false } }
      #expect(after.count == 1)
    }
  }

  @Test func standardBufferHoldsAStorm() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let monitor = try RouteMonitor()
      let lines = (0..<1000).map { "address add 10.1.\($0 / 250).\($0 % 250 + 1)/16 dev eth0" }
      try shell("ip -batch - <<'END'\n" + lines.joined(separator: "\n") + "\nEND")
      var heard = 0
      while wait(for: monitor.fd, seconds: 0.2) {
        #expect(monitor.read { if $0.address?.family == .ipv4 { heard += 1 } } != .lost)
      }
      #expect(heard == 1000)
    }
  }
}

extension RouteChange {
  /// The address that appeared, changed or went.
  fileprivate var address: IPAddress? {
    switch self {
    case .address(let address), .addressRemoved(let address): address.network.address
    case .link, .linkRemoved, .route, .routeAppended, .routeReplaced, .routeRemoved, .nexthop, .forwarding:
      nil
    }
  }
}
