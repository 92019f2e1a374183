import Internet
import Netlink
import Ownership
import Testing

@testable import Host

extension Bench {
  /// The addresses of eth0 in the kernel's order, primary ones first.
  fileprivate var order: [String] {
    let all = addresses.filter { $0.linkIndex == 2 && $0.network.address.family == .ipv4 }
    return (all.filter { !$0.isSecondary } + all.filter(\.isSecondary)).map { "\($0.network)" }
  }

  /// Whether the kernel makes a route to the subnet, for each address of the VIP.
  fileprivate var makesRoute: [Bool] {
    virtual.filter { $0.network.prefixLength == 24 || "\($0.network)".hasPrefix("fd00") }.map(
      \.addsPrefixRoute)
  }

  fileprivate var replacements: [AddressRequest] {
    requests.compactMap { if case .replaceAddress(let request, _) = $0 { request } else { nil } }
  }

  fileprivate static func owner(_ address: String) throws -> Bench {
    var bench = try Bench("[VirtualIP]\nInterface=eth0\nAddress=\(address)\n")
    bench.own()
    bench.run(for: .seconds(1))
    bench.forget()
    return bench
  }

  fileprivate var announcesAnything: Bool {
    log.contains { if case .announce = $0 { true } else { false } }
  }

  fileprivate func announcesAnyLoss() -> Bool {
    notices.contains { if case .core(.reinstated) = $0 { true } else { false } }
  }
}

@Suite struct PlacingTests {
  /// The kernel makes the VIP the primary address when the host's own goes, and what comes then is secondary.
  @Test func aVIPThatBecamePrimaryGoesBehindTheNewAddress() throws {
    var bench = try Bench.owner("192.168.1.219/24")
    bench.isBlocked = true
    try bench.addOwn("192.168.1.227/24")
    try bench.removeOwn("192.168.1.217/24")
    #expect(bench.order == ["192.168.1.219/24", "192.168.1.227/24"])
    bench.unblock()
    bench.run(for: .seconds(1))
    #expect(bench.order == ["192.168.1.227/24", "192.168.1.219/24"])
    #expect(bench.host.standing.owns && !bench.announcesAnyLoss())
  }

  /// It is behind before the old address goes: then nothing is wrong at any moment.
  @Test func aVIPGoesBehindAnAddressThatIsAdded() throws {
    var bench = try Bench.owner("192.168.1.219/24")
    try bench.addOwn("192.168.1.227/24")
    #expect(bench.order == ["192.168.1.217/24", "192.168.1.227/24", "192.168.1.219/24"])
    #expect(bench.replacements.count == 1)
    try bench.removeOwn("192.168.1.217/24")
    #expect(bench.order == ["192.168.1.227/24", "192.168.1.219/24"])
    bench.run(for: .seconds(5))
    #expect(bench.replacements.count == 1)
    #expect(bench.host.standing.owns && !bench.announcesAnyLoss())
  }

  @Test func aVIPOfItsOwnSubnetGoesBehindTheNewAddressToo() throws {
    var bench = try Bench.owner("192.168.1.219/32")
    try bench.addOwn("192.168.1.227/24")
    #expect(bench.replacements.isEmpty)
    try bench.removeOwn("192.168.1.217/24")
    #expect(bench.order == ["192.168.1.227/24", "192.168.1.219/32"])
  }

  /// The stopgap is none of the addresses that are there.
  @Test func theStopgapIsNobodys() throws {
    var bench = try Bench.owner("192.168.1.219/24")
    try bench.addOwn("192.168.1.219/32")
    try bench.addOwn("192.168.1.227/24")
    #expect(bench.order.contains("192.168.1.219/32"))
    let stopgaps = bench.requests.compactMap {
      if case .replaceAddress(_, let stopgap) = $0 { stopgap.prefixLength } else { nil }
    }
    #expect(stopgaps.first == 31)
  }

  /// A wider address of its own reaches the VIP's subnet: a route with the VIP as its source must not be there.
  @Test func aWiderSubnetMakesTheVIPsRouteNeedless() throws {
    var bench = try Bench.owner("192.168.1.219/24")
    #expect(bench.makesRoute == [true])
    try bench.addOwn("192.168.1.217/23")
    try bench.removeOwn("192.168.1.217/24")
    bench.run(for: .seconds(1))
    #expect(bench.makesRoute == [false])
    #expect(bench.order == ["192.168.1.217/23", "192.168.1.219/24"])
    // Without it the VIP's route is the only way to the subnet.
    try bench.addOwn("10.9.8.7/24")
    try bench.removeOwn("192.168.1.217/23")
    bench.run(for: .seconds(1))
    #expect(bench.makesRoute == [true])
    #expect(bench.order == ["10.9.8.7/24", "192.168.1.219/24"])
    #expect(bench.host.standing.owns && !bench.announcesAnyLoss())
  }

  /// An IPv6 address is changed where it is.
  @Test func anIPv6AddressLearnsThatItsSubnetIsReached() throws {
    var bench = try Bench(
      "[VirtualIP]\nInterface=eth0\nAddress=fd00::219/64\n[Safety]\nLeaseSec=0\n",
      also: try Bench.address("fe80::217/64"))
    bench.own()
    #expect(bench.makesRoute == [true])
    bench.happen(.address(try Bench.address("fd00::217/64")))
    #expect(bench.makesRoute == [false])
    bench.run(for: .seconds(1))
    bench.happen(.addressRemoved(try Bench.address("fd00::217/64")))
    #expect(bench.makesRoute == [true])
  }

  /// What is asked for at that moment says nothing of where an address is.
  @Test func aVIPThatIsBeingRenewedGoesToItsPlaceAfterThat() throws {
    var bench = try Bench.owner("192.168.1.219/24")
    try bench.removeOwn("192.168.1.217/24")
    try bench.addOwn("192.168.1.227/24")
    try bench.addOwn("192.168.1.228/24")
    bench.isBlocked = true
    try bench.reload("[VirtualIP]\nInterface=eth0\nAddress=192.168.1.219/24\n[Safety]\nLeaseSec=3s\n")
    bench.run(for: .milliseconds(150))
    #expect(bench.order == ["192.168.1.227/24", "192.168.1.219/24", "192.168.1.228/24"])
    bench.unblock()
    #expect(bench.order == ["192.168.1.227/24", "192.168.1.228/24", "192.168.1.219/24"])
  }

  /// For a moment it is not there, and the kernel may refuse to have it again.
  @Test func aVIPIsNotAnnouncedWhileItIsReplaced() throws {
    var bench = try Bench.owner("192.168.1.219/24")
    // Five seconds after it came it is announced once more.
    let since = try #require(bench.host.core.since)
    bench.run(for: since + .milliseconds(4900) - bench.now)
    bench.isBlocked = true
    try bench.addOwn("192.168.1.227/24")
    #expect(bench.replacements.count == 1)
    bench.forget()
    bench.run(for: .milliseconds(300))
    #expect(!bench.announcesAnything)
    bench.unblock()
    bench.run(for: .milliseconds(100))
    #expect(bench.announcesAnything)
  }

  /// A program that puts its address behind the VIP again and again.
  @Test func nobodyFindsAMirror() throws {
    var bench = try Bench.owner("192.168.1.219/24")
    for _ in 0..<200 {
      try bench.addOwn("192.168.1.227/24")
      bench.run(for: .milliseconds(5))
      try bench.removeOwn("192.168.1.227/24")
      bench.run(for: .milliseconds(5))
    }
    // Ten times a second at most.
    #expect(bench.replacements.count <= 20)
  }

  @Test func aRefusalIsToldOnceAndTheVIPStays() throws {
    var bench = try Bench.owner("192.168.1.219/24")
    bench.refusals = { if case .replaceAddress = $0 { 105 } else { nil } }
    try bench.addOwn("192.168.1.227/24")
    bench.run(for: .seconds(5))
    let told = bench.notices.filter { if case .addressRefused = $0 { true } else { false } }
    #expect(told.count == 1 && bench.replacements.count > 3)
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(20))
    #expect(bench.order.last == "192.168.1.219/24" && bench.host.standing.owns)
  }

  /// What is given up while it is being replaced goes all the same.
  @Test func aVIPThatIsGivenUpMeanwhileGoes() throws {
    var bench = try Bench.owner("192.168.1.219/24")
    bench.isBlocked = true
    try bench.addOwn("192.168.1.227/24")
    bench.handle(.stop)
    bench.unblock()
    bench.run(for: .seconds(2))
    #expect(bench.virtual.isEmpty)
  }
}
