import Internet
import Netlink
import Testing

@testable import Linux

/// What `text` says, an address and its prefix length.
private func network(_ text: String) throws -> IPNetwork {
  let parts = text.split(separator: "/").map(String.init)
  let address = try #require(IPAddress(parts[0]))
  let length = try #require(Int(parts[1]))
  return try #require(IPNetwork(address, prefixLength: length))
}

@Suite(.enabled(if: isRoot, "needs root"))
struct NewsFilterTests {
  /// What a host does: shell commands, and what instances of vipd ask its kernel for. ip(8) of Debian 12 cannot say whose
  /// an address is.
  private enum Step {
    case shell(String)
    case add(String)
    case remove(String)

    func take(on link: Link) throws {
      let requests = try RouteRequests()
      switch self {
      case .shell(let command): try LinuxTests.shell(command)
      case .add(let text):
        let network = try network(text)
        try requests.add(AddressRequest(network: network, linkIndex: link.index, validLifetime: .seconds(60)))
      case .remove(let text): try requests.remove(try network(text), from: link.index)
      }
    }
  }

  /// What a monitor hears that follows a filter for 192.0.2.219 and fd00::219, and what is to pass of all that there is.
  private func heard(
    _ steps: [Step], after preparation: [Step] = [], hearsRemovals: Bool = false
  ) throws -> (passed: [RouteChange], expected: [RouteChange]) {
    let hosts = try TwoHosts()
    return try hosts.first.run {
      for step in preparation { try step.take(on: hosts.firstLink) }
      let vips = try ["192.0.2.219", "fd00::219"].map { try #require(IPAddress($0)) }
      let known = try RouteRequests().addresses().compactMap(NewsFilter.Known.init)
      let filter = NewsFilter(addresses: vips, known: known, hearsRemovals: hearsRemovals)
      let (monitor, all) = (try RouteMonitor(), try RouteMonitor())
      try monitor.follow(filter)
      for step in steps { try step.take(on: hosts.firstLink) }
      try shell("ip link add last type veth peer name further")
      return (try changes(monitor), try changes(all).filter(filter.passes))
    }
  }

  private func changes(_ monitor: RouteMonitor) throws -> [RouteChange] {
    var changes: [RouteChange] = []
    func isLast(_ change: RouteChange) -> Bool {
      if case .link(let link) = change { link.name == "last" } else { false }
    }
    while !changes.contains(where: isLast) {
      try #require(wait(for: monitor.fd), "only heard \(changes)")
      #expect(monitor.read { changes.append($0) } != .lost)
    }
    return changes.filter { if case .link = $0 { false } else { true } }
  }

  private func addresses(_ changes: [RouteChange]) -> [String] {
    changes.compactMap { change in
      switch change {
      case .address(let address): "+\(address.network)"
      case .addressRemoved(let address): "-\(address.network)"
      default: nil
      }
    }
  }

  @Test func otherInstancesAreNotHeard() throws {
    let steps = ["192.0.2.220/24", "192.0.2.219/24", "198.51.100.9/32"].flatMap { vip -> [Step] in
      [.add(vip), .add(vip), .remove(vip)]
    }
    let (passed, expected) = try heard(steps + [.shell("ip address add 192.0.2.230/24 dev eth0")])
    #expect(
      addresses(passed) == ["+192.0.2.219/24", "+192.0.2.219/24", "-192.0.2.219/24", "+192.0.2.230/24"])
    #expect(passed == expected)
  }

  @Test func otherInstancesOfIPv6AreNotHeard() throws {
    let steps = ["fd00::220/64", "fd00::219/64"].flatMap { vip -> [Step] in
      // Of an IPv6 address the kernel tells later.
      [.add(vip), .shell("sleep 0.2"), .remove(vip)]
    }
    let (passed, _) = try heard([.shell("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0")] + steps)
    let heard = addresses(passed)
    #expect(heard.contains("+fd00::219/64") && heard.contains("-fd00::219/64"), "\(heard)")
    #expect(!heard.contains { $0.contains("::220") })
  }

  @Test func removalsAreHeardOnRequest() throws {
    let (passed, expected) = try heard(
      [.add("192.0.2.220/24"), .remove("192.0.2.220/24")], hearsRemovals: true)
    #expect(addresses(passed) == ["-192.0.2.220/24"])
    #expect(passed == expected)
  }

  /// It is renewed every half second.
  @Test func whatIsKnownIsHeardWhenItIsAnotherOne() throws {
    let vip = Step.add("192.0.2.219/24")
    let (passed, expected) = try heard(
      [
        vip, vip, vip, .shell("sysctl -qw net.ipv4.conf.eth0.promote_secondaries=1"),
        .shell("ip address delete 192.0.2.217/24 dev eth0"), .remove("192.0.2.219/24"),
      ], after: [vip])
    // Having become the primary one, it is told once.
    let heard = addresses(passed)
    #expect(heard.filter { $0 == "+192.0.2.219/24" }.count == 1, "\(heard)")
    #expect(heard.last == "-192.0.2.219/24")
    #expect(passed == expected)
  }

  @Test func routesOfOthersAreNotHeard() throws {
    let (passed, _) = try heard([
      .shell("ip route add 10.0.0.0/8 via 192.0.2.218 && ip route add default via 192.0.2.218"),
      .shell("ip route add 10.1.0.0/16 via 192.0.2.218 proto \(Route.vipd)"),
    ])
    let routes = passed.compactMap { if case .route(let route) = $0 { route.destination } else { nil } }
    #expect(routes.map { $0.prefixLength } == [0, 16])
  }

  /// As many as an instance may have.
  @Test(arguments: ["10.0.0", "fd00:"]) func manyAddressesFit(prefix: String) throws {
    let networks = try (1...255).map { number in
      try network(prefix.contains(":") ? "\(prefix):\(number)/64" : "\(prefix).\(number)/16")
    }
    let known = networks.compactMap { network in
      NewsFilter.Known(
        LinkAddress(linkIndex: 2, network: network, protocolNumber: AddressRequest.protocolNumber))
    }
    let filter = NewsFilter(addresses: networks.map(\.address), known: known, hearsRemovals: false)
    try RouteMonitor().follow(filter)
  }
}
