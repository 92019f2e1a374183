import Foundation
import Internet
import Netlink
import Testing

@testable import Linux

@Suite(.enabled(if: isRoot, "needs root"))
struct IPv6AddressRequestTests {
  private let vip = IPNetwork(.ipv6(IPv6Address(high: 0xFD00 << 48, low: 0x219)), prefixLength: 64)

  private func request(on link: Link, _ lifetime: Duration?, ownSubnet: Bool) throws -> AddressRequest {
    AddressRequest(
      network: try #require(vip), linkIndex: link.index, label: "eth0:0", validLifetime: lifetime,
      addsPrefixRoute: !ownSubnet)
  }

  /// The VIP's removal, as the kernel tells it; nil if it is there for `seconds`.
  private func removal(_ monitor: RouteMonitor, within seconds: Double) throws -> LinkAddress? {
    var removed: LinkAddress?
    let deadline = Clock.now + .milliseconds(Int64(seconds * 1000))
    while removed == nil, Clock.now < deadline {
      let left = (deadline - Clock.now).components
      guard wait(for: monitor.fd, seconds: Double(left.seconds) + Double(left.attoseconds) / 1e18) else {
        break
      }
      _ = monitor.read {
        if case .addressRemoved(let address) = $0, address.network == vip { removed = address }
      }
    }
    return removed
  }

  @Test func addressIsUsableAtOnceAndNeverASource() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      try shell("ip address add fd00::217/64 dev eth0 nodad")
      let requests = try RouteRequests()
      let addition = try request(on: hosts.firstLink, .milliseconds(29_001), ownSubnet: true)
      #expect(failure(of: try requests.add(addition)) == nil)
      let listed = try #require(try requests.addresses().first { $0.network == vip })
      #expect(listed.linkIndex == hosts.firstLink.index)
      #expect(listed.isUsable)
      #expect(listed.protocolNumber == 112)
      #expect(listed.broadcast == nil && listed.label == nil && listed.scope == .global)
      #expect((.seconds(28)...(.seconds(30))).contains(try #require(listed.validLifetime)))
      let shown = try shell("ip -6 address show dev eth0")
      #expect(shown.contains("fd00::219/64 scope global nodad deprecated dynamic noprefixroute"))
      #expect(shown.contains("preferred_lft 0sec"))
      #expect(try shell("ip -6 route get fd00::1").contains("src fd00::217"))
      #expect(try shell("ip -6 route get 2001:db8::1 oif eth0 || true").contains("src fd00::219") == false)
    }
    try hosts.second.run {
      try shell("ip address add fd00::218/64 dev eth0 nodad")
      // Nobody listens there: the refusal is the VIP's answer.
      let answer = try shell("timeout 3 bash -c '</dev/tcp/fd00::219/9' || true")
      #expect(answer.contains("refused"), "\(answer)")
    }
  }

  @Test func permanentAddress() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let addition = try request(on: hosts.firstLink, nil, ownSubnet: false)
      #expect(failure(of: try requests.add(addition)) == nil)
      let listed = try #require(try requests.addresses().first { $0.network == vip })
      #expect(listed.validLifetime == nil)
      #expect(try shell("ip -6 address show dev eth0").contains("deprecated"))
    }
  }

  @Test func kernelRemovesTheAddressWithoutRenewalOnly() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      try shell("ip address add fd00::217/64 dev eth0 nodad")
      let requests = try RouteRequests()
      let monitor = try RouteMonitor()
      let addition = try request(on: hosts.firstLink, .seconds(1), ownSubnet: true)
      #expect(failure(of: try requests.add(addition)) == nil)
      for _ in 0..<12 {
        #expect(try removal(monitor, within: 0.25) == nil)
        #expect(failure(of: try requests.add(addition)) == nil)
      }
      let renewed = Clock.now
      let removed = try removal(monitor, within: 5)
      #expect(removed?.protocolNumber == 112)
      #expect(Clock.now - renewed >= .milliseconds(900))
      print("lease of 1 s: IPv6 address removed after \(Clock.now - renewed)")
      #expect(try !shell("ip -6 address show dev eth0").contains("fd00::219"))
      #expect(try shell("ip -6 route show fd00::/64").contains("dev eth0 proto kernel metric 256"))
    }
  }

  @Test(arguments: [true, false])
  func theHostsPrefixRouteSurvivesRemoval(ownSubnet: Bool) throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      try shell("ip address add fd00::217/64 dev eth0 nodad")
      let before = try shell("ip -6 route show fd00::/64")
      let requests = try RouteRequests()
      let addition = try request(on: hosts.firstLink, .seconds(60), ownSubnet: ownSubnet)
      for _ in 0..<2 { #expect(failure(of: try requests.add(addition)) == nil) }
      #expect(try shell("ip -6 route show fd00::/64") == before)
      let network = try #require(vip)
      #expect(failure(of: try requests.remove(network, from: hosts.firstLink.index)) == nil)
      #expect(try shell("ip -6 route show fd00::/64") == before)
      #expect(failure(of: try requests.remove(network, from: hosts.firstLink.index))?.kind == .addressMissing)
    }
  }

  /// A host that was configured by a router's advertisement has a prefix route that expires.
  @Test func theRoutersPrefixRouteKeepsItsLifetime() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      try shell("ip address add fd00::217/64 dev eth0 nodad valid_lft 5000 preferred_lft 5000")
      let requests = try RouteRequests()
      let addition = try request(on: hosts.firstLink, .seconds(2), ownSubnet: true)
      #expect(failure(of: try requests.add(addition)) == nil)
      let route = try shell("ip -6 route show fd00::/64")
      #expect(route.contains("expires 499") || route.contains("expires 500"), "\(route)")
    }
  }

  @Test func aNewSubnetsRouteLivesAsLongAsTheAddress() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      for lifetime in [10, 60] {
        let addition = try request(on: hosts.firstLink, .seconds(lifetime), ownSubnet: false)
        #expect(failure(of: try requests.add(addition)) == nil)
      }
      let route = try shell("ip -6 route show fd00::/64")
      #expect(route.contains("expires 59") || route.contains("expires 60"), "\(route)")
    }
  }

  @Test func renewalClaimsAnAddressThatWasThereAndKeepsItsLength() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      try shell("ip address add fd00::219/128 dev eth0 nodad")
      let requests = try RouteRequests()
      let addition = try request(on: hosts.firstLink, .seconds(60), ownSubnet: true)
      #expect(failure(of: try requests.add(addition)) == nil)
      let own = try requests.addresses().filter { $0.network.address == vip?.address }
      #expect(own.map(\.network.prefixLength) == [128])
      #expect(own.first?.validLifetime != nil)
      #expect(own.first?.protocolNumber == 112)
    }
  }

  @Test func linkLocalAddressesAreReported() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      try shell("ip address add fe80::217/64 dev eth0")
      let addresses = try RouteRequests().addresses(on: hosts.firstLink.index)
      let local = try #require(addresses.first { $0.network.address == IPAddress("fe80::217") })
      #expect(local.scope == .link)
      #expect(!local.isUsable)
    }
  }

  @Test func defaultRouteOfEitherFamily() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      try shell("ip address add fd00::217/64 dev eth0 nodad")
      let requests = try RouteRequests()
      #expect(try requests.defaultRoute(.ipv6) == nil)
      try shell("ip -6 route add default via fe80::2 dev eth0 metric 600")
      try shell("ip -6 route add default via fd00::1 dev eth0 metric 100")
      try shell("ip -6 route add unreachable default metric 50")
      #expect(try requests.defaultRoute(.ipv4) == nil)
      let route = try #require(try requests.defaultRoute(.ipv6))
      #expect(route.linkIndex == hosts.firstLink.index)
      #expect(route.gateway == IPAddress("fd00::1"))
    }
  }
}
