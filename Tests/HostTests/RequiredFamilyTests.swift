import Internet
import Netlink
import Ownership
import Testing
import VRRP

@testable import Host

/// `RequiredFamily=`: what can be served is served.
@Suite struct RequiredFamilyTests {
  private static let text =
    "[VirtualIP]\nAddress=192.168.1.219/24\nAddress=fd00::219/64\nRequiredFamily=ipv4\n"
  private static let linkLocal = "fe80::217/64"

  private static func bench(hasIPv6: Bool = true) throws -> Bench {
    var bench = try Bench(text)
    if hasIPv6 { bench.addresses.append(try Bench.address(linkLocal)) }
    return bench
  }

  /// As the kernel does when disable_ipv6 is set: the addresses go, and none can be added.
  private static func loseIPv6(_ bench: inout Bench) {
    bench.refusals = { request in
      if case .addAddress(let address) = request, address.network.address.family == .ipv6 { 13 } else { nil }
    }
    for address in bench.addresses where address.network.address.family == .ipv6 {
      bench.happen(.addressRemoved(address))
    }
  }

  private static func priorities(_ bench: Bench) -> [UInt8] {
    bench.log.compactMap { effect in
      if case .advertise(let advertisement, _, _) = effect { advertisement.priority } else { nil }
    }
  }

  private static func refusals(_ bench: Bench) -> Int {
    bench.notices.filter { if case .addressRefused = $0 { true } else { false } }.count
  }

  @Test func theOtherFamilyIsServedWhereItCanBe() throws {
    var bench = try Self.bench()
    bench.own()
    #expect(
      bench.virtual.map { "\($0.network)" } == [
        "192.168.1.219/24", "fe80::200:5eff:fe00:2db/64", "fd00::219/64",
      ])
    #expect(
      bench.status.summary.contains("owns 192.168.1.219/24 fe80::200:5eff:fe00:2db/64 fd00::219/64 on eth0"))
  }

  @Test func ipv4GoesOnWithoutIPv6() throws {
    var bench = try Self.bench()
    bench.own()
    bench.forget()
    Self.loseIPv6(&bench)
    bench.run(for: .seconds(2))
    #expect(bench.virtual.map { "\($0.network)" } == ["192.168.1.219/24"])
    #expect(bench.host.standing.owns && bench.status.summary.contains("owns 192.168.1.219/24 on eth0"))
    #expect(bench.status.checks.hasPrefix("IPv6 addresses cannot be served here: eth0 has no IPv6 address"))
    // Within the time that a manager of networks may take, nothing is said, and nothing moves.
    #expect(!bench.notices.contains(.familyMissing(.ipv6)) && Set(Self.priorities(bench)) == [100])
    #expect(Self.refusals(bench) <= 3)
    bench.forget()
    bench.run(for: .seconds(30))
    #expect(bench.notices.filter { $0 == .familyMissing(.ipv6) }.count == 1)
    #expect(Self.priorities(bench).last == 1, "whoever can serve both may have it")
    #expect(Self.refusals(bench) == 0, "what cannot be served is not asked for")

    bench.refusals = { _ in nil }
    bench.forget()
    try bench.addOwn(Self.linkLocal)
    #expect(bench.virtual.count == 3 && bench.host.standing.owns)
    bench.run(for: .seconds(1))
    #expect(bench.notices == [.familyBack(.ipv6)] && Self.priorities(bench).last == 100)
    #expect(bench.status.checks.isEmpty)
  }

  /// The moment in which a manager of networks exchanges addresses.
  @Test func aMomentWithoutItChangesNothing() throws {
    var bench = try Self.bench()
    bench.own()
    bench.forget()
    try bench.removeOwn(Self.linkLocal)
    bench.run(for: .seconds(2))
    try bench.addOwn(Self.linkLocal)
    bench.run(for: .seconds(5))
    #expect(bench.virtual.count == 3 && Set(Self.priorities(bench)) == [100])
    #expect(!bench.notices.contains(.familyMissing(.ipv6)) && !bench.notices.contains(.familyBack(.ipv6)))
  }

  @Test func aHostWithoutItTakesOverWhatItCan() throws {
    var bench = try Self.bench(hasIPv6: false)
    bench.own()
    #expect(bench.virtual.map { "\($0.network)" } == ["192.168.1.219/24"] && bench.host.standing.owns)
    let plans = bench.log.compactMap { if case .openSockets(_, let plan) = $0 { plan } else { nil } }
    #expect(plans.map { $0.routers.map(\.family) } == [[.ipv4]], "nothing can be sent from nowhere")
    bench.forget()
    try bench.addOwn(Self.linkLocal)
    bench.run(for: .seconds(1))
    #expect(bench.virtual.count == 3)
    #expect(
      bench.log.contains { if case .openSockets(_, let plan) = $0 { plan.routers.count == 2 } else { false } }
    )
  }

  /// The kernel has room for so many addresses of a family, or another reason.
  @Test func oneThatTheKernelRefusesIsLeftOutAndAskedForAgain() throws {
    var bench = try Self.bench()
    bench.refusals = { request in
      if case .addAddress(let address) = request, address.network.address.family == .ipv6 { 28 } else { nil }
    }
    bench.own()
    bench.run(for: .seconds(10))
    #expect(bench.host.standing.owns && bench.virtual.count == 1)
    #expect((2...8).contains(Self.refusals(bench)), "ever more rarely: \(Self.refusals(bench))")
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(10))
    #expect(bench.virtual.count == 3)
  }

  @Test func theFamilyThatElectsIsRequired() throws {
    var bench = try Self.bench()
    bench.own()
    try bench.removeOwn(Bench.own)
    bench.run(for: .seconds(1))
    #expect(bench.virtual.isEmpty && bench.status.state == "initialize")
  }

  @Test func aReloadDecidesAnew() throws {
    var bench = try Self.bench()
    bench.own()
    Self.loseIPv6(&bench)
    bench.run(for: .seconds(5))
    try bench.reload(Self.text.replacingLine("RequiredFamily=ipv4", by: ""))
    bench.run(for: .seconds(1))
    #expect(bench.virtual.isEmpty && bench.status.state == "initialize")
    try bench.reload(Self.text)
    bench.run(for: .seconds(2))
    #expect(bench.virtual.count == 1 && bench.host.standing.owns)
  }
}

extension String {
  fileprivate func replacingLine(_ line: String, by other: String) -> String {
    split(separator: "\n", omittingEmptySubsequences: false).map { $0 == line ? other : String($0) }
      .joined(separator: "\n")
  }
}
