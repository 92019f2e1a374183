import Internet
import Netlink
import Ownership
import Testing
import VRRP

@testable import Host

@Suite struct SocketTests {
  private func opened(_ bench: Bench) -> [SocketPlan] {
    bench.log.compactMap { effect in
      if case .openSockets(_, let plan) = effect { plan } else { nil }
    }
  }

  @Test func nothingIsSentBeforeTheSocketsAreOpen() throws {
    var bench = try Bench()
    bench.opensSockets = false
    bench.own()
    #expect(bench.host.core.link == nil)
    #expect(!bench.requests.contains { if case .addAddress = $0 { true } else { false } })
    #expect(bench.notices.filter { if case .socketsRefused = $0 { true } else { false } }.count == 1)
    // Tried again, less and less often.
    bench.run(for: .seconds(60))
    #expect((5...20).contains(opened(bench).count))
    bench.opensSockets = true
    bench.run(for: .seconds(12))
    #expect(bench.host.standing.owns)
  }

  @Test func aLinkThatIsMadeAnewGetsNewSockets() throws {
    var bench = try Bench()
    bench.own()
    bench.note(.linkRemoved(index: 2, name: "eth0"))
    // The news of it was lost.
    bench.note(.link(Link(index: 3, name: "eth0", macAddress: Bench.hardware)))
    bench.note(.address(try Bench.address(Bench.own, on: 3)))
    bench.handle(.changesLost)
    #expect(bench.log.contains(.closeSockets))
    #expect(opened(bench).map(\.linkIndex) == [2, 3])
    bench.run(for: .seconds(2))
    #expect(bench.host.standing.owns)
    #expect(bench.addresses.contains { $0.linkIndex == 3 && $0.protocolNumber == 112 })
  }

  @Test func anotherPrimaryAddressNeedsNoNewSockets() throws {
    var bench = try Bench()
    bench.own()
    bench.happen(.address(try Bench.address("192.168.1.200/24")))
    bench.happen(.addressRemoved(try Bench.address(Bench.own)))
    #expect(opened(bench).count == 1)
    let followed = bench.log.compactMap { effect in
      if case .followIdentity(let plan) = effect { plan } else { nil }
    }
    #expect(followed.last?.ipv4 == IPv4Address(bits: 0xC0A8_01C8))
  }

  /// As DHCP clients renew it: the kernel keeps groups and settings as long as the link has the VIP.
  @Test func anAddressThatGoesAndComesBackNeedsNoNewSockets() throws {
    var bench = try Bench()
    bench.own()
    try bench.removeOwn(Bench.own)
    bench.run(for: .milliseconds(5))
    try bench.addOwn(Bench.own)
    bench.run(for: .seconds(1))
    #expect(opened(bench).count == 1 && !bench.log.contains(.closeSockets))
    #expect(bench.host.standing.owns && !bench.virtual.isEmpty)
    #expect(!bench.requests.contains { if case .removeAddress = $0 { true } else { false } })
  }

  private func told(_ bench: Bench) -> String {
    let calendar = Calendar(localTime: { _ in "" }, microseconds: { _ in 0 })
    return StatusLine(bench.host, at: bench.now, calendar).description
  }

  @Test func withoutAnAddressForTooLongTheVIPGoes() throws {
    var bench = try Bench()
    bench.own()
    try bench.removeOwn(Bench.own)
    bench.run(for: .milliseconds(99))
    #expect(bench.host.standing.owns)
    bench.run(for: .milliseconds(102))
    #expect(bench.virtual.isEmpty && !bench.host.standing.owns)
    #expect(told(bench).contains("eth0 has no IPv4 address of its own"))
    // Nothing told that the groups are still joined.
    try bench.addOwn(Bench.own)
    #expect(opened(bench).count == 2)
    bench.run(for: .seconds(1))
    #expect(bench.host.standing.owns)
  }

  private func listens(_ bench: Bench) -> Int {
    bench.log.count { if case .listenForEvidence = $0 { true } else { false } }
  }

  /// The filter of new sockets is shut, whatever the core believes.
  @Test func whoListensForEvidenceDoesSoWithNewSocketsToo() throws {
    var bench = try Bench()
    bench.own()
    bench.hearStandby()
    let before = listens(bench)
    #expect(before > 0)
    try bench.reload("[VirtualIP]\nInterface=eth0\nAddress=192.168.1.219/24\nAddress=192.168.1.220/24\n")
    #expect(opened(bench).count == 2)
    #expect(listens(bench) == before + 1)
  }

  @Test func whoCannotListenForEvidenceTriesAgain() throws {
    var bench = try Bench()
    bench.own()
    bench.hearStandby()
    let refusals = { (bench: Bench) in
      bench.notices.count { if case .socketsRefused = $0 { true } else { false } }
    }
    let before = listens(bench)
    let refusal = KernelRefusal(.other, code: 105, "opening a socket")
    bench.handle(.unheard(refusal))
    bench.run(for: .milliseconds(99))
    #expect(listens(bench) == before)
    bench.run(for: .milliseconds(2))
    #expect(listens(bench) == before + 1)
    // Less and less often, and told once.
    bench.handle(.unheard(refusal))
    bench.run(for: .milliseconds(199))
    #expect(listens(bench) == before + 1)
    bench.run(for: .milliseconds(2))
    #expect(listens(bench) == before + 2 && refusals(bench) == 1)
    bench.run(for: .seconds(20))
    #expect(listens(bench) == before + 2)
  }

  @Test func packetsThatCannotBeSentAreToldOnceAMinute() throws {
    var bench = try Bench()
    bench.own()
    let refusal = KernelRefusal(.other, code: 105, "sending")
    for _ in 0..<100 {
      bench.handle(.sendFailed(.vrrp, refusal))
      bench.run(for: .seconds(1))
    }
    #expect(bench.notices.filter { if case .sendFailed = $0 { true } else { false } }.count == 2)
  }

  /// What was asked for before the link went is closed as soon as it is open.
  @Test func socketsOfALinkThatWentCountForNothing() throws {
    var bench = try Bench()
    bench.own()
    bench.answersOpenings = false
    try bench.reload("[VRRP]\nPeer=192.168.1.218\n")
    let first = try #require(bench.opening)
    bench.happen(.linkRemoved(index: 2, name: "eth0"))
    bench.happen(.link(Link(index: 4, name: "eth0", macAddress: Bench.hardware)))
    bench.happen(.address(try Bench.address(Bench.own, on: 4)))
    let second = try #require(bench.opening)
    #expect(second != first)
    bench.handle(.sockets(first, nil))
    #expect(bench.host.core.identity == nil)
    bench.handle(.sockets(second, nil))
    #expect(bench.host.core.election.state == .backup)
  }

  /// Multicast groups and sysctls may have gone with what the kernel knows of the interface.
  @Test func anInterfaceThatWasDownIsSetUpAnew() throws {
    var bench = try Bench()
    bench.own()
    func count() -> (sockets: Int, settings: Int) {
      let sockets = bench.log.count { if case .openSockets = $0 { true } else { false } }
      return (sockets, bench.requests.count { if case .promoteSecondaries = $0 { true } else { false } })
    }
    #expect(count() == (1, 1))
    bench.happen(.link(Link(index: 2, name: "eth0", macAddress: Bench.hardware, isUp: false)))
    bench.run(for: .seconds(1))
    #expect(count() == (1, 1))
    bench.happen(.link(Link(index: 2, name: "eth0", macAddress: Bench.hardware)))
    bench.run(for: .seconds(1))
    #expect(count() == (2, 2) && bench.host.standing.owns)
  }

  @Test func aPortOfABridgeTakesNoPart() throws {
    var bench = try Bench()
    bench.own()
    bench.happen(.link(Link(index: 2, name: "eth0", macAddress: Bench.hardware, isPort: true)))
    bench.run(for: .seconds(1))
    #expect(try !bench.has("192.168.1.219/24") && bench.host.core.link == .port)
    bench.happen(.link(Link(index: 2, name: "eth0", macAddress: Bench.hardware)))
    bench.run(for: .seconds(1))
    #expect(bench.host.standing.owns)
  }

  @Test func anotherHardwareAddressIsAnnounced() throws {
    var bench = try Bench()
    bench.own()
    bench.run(for: .seconds(10))
    bench.forget()
    bench.happen(.link(Link(index: 2, name: "eth0", macAddress: MACAddress(bits: 0x0200_0000_0099))))
    let followed = bench.log.firstIndex { if case .followIdentity = $0 { true } else { false } }
    bench.run(for: .milliseconds(1))
    let announced = bench.log.firstIndex { if case .announce = $0 { true } else { false } }
    #expect(try #require(followed) < #require(announced))
  }

  @Test func aMacvlanThatIsMadeDuringAStopGoes() throws {
    var bench = try Bench("[VirtualIP]\nVirtualMAC=yes\nInterface=eth0\n")
    bench.blocksMacvlans = true
    bench.start()
    bench.handle(.stop)
    #expect(!bench.log.contains(.exit(0)))
    bench.unblock()
    #expect(!bench.links.contains { $0.kind == "macvlan" })
    #expect(bench.log.last == .exit(0))
  }

  /// Neighbours learn it from Neighbor Advertisements (RFC 4861 §4.4).
  @Test func whetherTheHostIsARouterIsFollowed() throws {
    var bench = try Bench()
    bench.own()
    func plans() -> [Bool] {
      bench.log.compactMap { if case .followIdentity(let plan) = $0 { plan.isRouter } else { nil } }
    }
    bench.happen(.forwarding(linkIndex: 3, true))
    #expect(plans() == [])
    bench.happen(.forwarding(linkIndex: 2, true))
    bench.happen(.forwarding(linkIndex: 2, true))
    #expect(plans() == [true])
    bench.happen(.forwarding(linkIndex: 2, false))
    #expect(plans() == [true, false])
  }

  @Test func aMacvlanThatCouldNotBeRemovedIsRemovedLater() throws {
    var bench = try Bench("[VirtualIP]\nVirtualMAC=yes\nInterface=eth0\n")
    bench.own()
    #expect(bench.links.contains { $0.kind == "macvlan" })
    bench.refusals = { if case .removeLink = $0 { 16 } else { nil } }
    bench.happen(.link(Link(index: 2, name: "renamed0", macAddress: Bench.hardware)))
    bench.run(for: .milliseconds(500))
    #expect(bench.links.contains { $0.kind == "macvlan" })
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(1))
    #expect(!bench.links.contains { $0.kind == "macvlan" })
  }

  /// It carries the addresses again, and stays; what it carries goes.
  @Test func aMacvlanThatCouldNotBeRemovedServesAgainWithoutTheVIP() throws {
    var bench = try Bench("[VirtualIP]\nVirtualMAC=yes\nInterface=eth0\n")
    bench.own()
    bench.refusals = { request in
      switch request {
      case .removeLink, .removeAddress: 16
      default: nil
      }
    }
    bench.happen(.link(Link(index: 2, name: "renamed0", macAddress: Bench.hardware)))
    bench.run(for: .milliseconds(500))
    bench.happen(.link(Link(index: 2, name: "eth0", macAddress: Bench.hardware)))
    bench.refusals = { _ in nil }
    bench.run(for: .milliseconds(250))
    #expect(bench.links.contains { $0.kind == "macvlan" })
    #expect(try !bench.has("192.168.1.219/24"))
    bench.run(for: .seconds(1))
    #expect(bench.host.standing.owns)
  }
}
