import Configuration
import Internet
import Netlink
import Ownership
import Testing
import VRRP

@testable import Host

@Suite struct OperatorTests {
  private func replies(_ bench: Bench) -> [Reply] {
    bench.log.compactMap { effect in
      if case .reply(_, let reply) = effect { reply } else { nil }
    }
  }

  @Test func aHandoverThatNobodyTakesIsRefusedToAllWhoAsked() throws {
    var bench = try Bench()
    bench.own()
    bench.handle(.handover(Caller(1)))
    bench.handle(.handover(Caller(2)))
    bench.run(for: .seconds(1))
    #expect(
      replies(bench) == [
        .refused("Nobody took over; the VIP stays here"), .refused("Nobody took over; the VIP stays here"),
      ])
  }

  @Test func whoIsNotActiveSaysSo() throws {
    var bench = try Bench()
    bench.start()
    bench.handle(.handover(Caller(1)))
    #expect(replies(bench) == [.refused("This host is not Active")])
  }

  /// Who asks while the files are being read may have changed them since: they are read once more, for all of them.
  @Test func whoAsksDuringAReadingGetsTheNext() throws {
    let way = Route(destination: Route.everywhere(.ipv4), linkIndex: 2, gateway: IPAddress("192.168.1.1"))
    var bench = try Bench(routes: [way])
    bench.own()
    bench.forget()
    for number in 0..<3 { bench.handle(.reload(Caller(number))) }
    #expect(bench.log.count { $0 == .readFiles } == 1)
    let file = ConfigurationFile(path: "219.conf", bytes: Array("[VRRP]\nPriority=120\n".utf8))
    bench.handle(.files(.success([file])))
    #expect(replies(bench) == [.changed(["VRRP.Priority: 100 -> 120"])])
    #expect(bench.log.count { $0 == .readFiles } == 2)
    #expect(!bench.log.contains(.notify(.ready)))
    bench.handle(.files(.success([file])))
    #expect(Array(replies(bench).dropFirst()) == [.changed([]), .changed([])])
    #expect(bench.log.count { $0 == .notify(.ready) } == 1)
  }

  @Test func wrongFilesChangeNothing() throws {
    var bench = try Bench()
    bench.own()
    bench.handle(.reload(Caller(1)))
    let before = bench.host.settings
    bench.handle(
      .files(.success([ConfigurationFile(path: "219.conf", bytes: Array("[VRRP]\nPriority=999\n".utf8))])))
    guard case .refused(let why) = replies(bench).last else {
      Issue.record("accepted")
      return
    }
    #expect(why.contains("Priority"))
    #expect(bench.host.settings == before && bench.host.standing.owns)
  }

  @Test func aHoldIsWrittenUntilItIsRight() throws {
    var bench = try Bench()
    bench.own()
    func isSaid() -> Bool { bench.status.checks.contains("runtime directory") }
    for round in 1...2 {
      bench.writesFiles = false
      bench.handle(.hold(true, Caller(1)))
      guard case .refused(let why) = replies(bench).last else {
        Issue.record("done")
        return
      }
      #expect(why.contains("is held") && why.contains("restart"))
      bench.run(for: .seconds(2))
      #expect(bench.host.isHeld && isSaid())
      #expect(bench.notices.count { if case .writeFailed = $0 { true } else { false } } == round)
      bench.writesFiles = true
      bench.run(for: .seconds(5))
      #expect(bench.log.contains(.writeHold(true)) && bench.log.contains(.writeRole(.backup)))
      #expect(bench.notices.count { $0 == .writtenAgain } == round && !isSaid())
      let before = bench.log.count
      bench.run(for: .seconds(20))
      #expect(!bench.log[before...].contains(.writeHold(true)))
      bench.handle(.hold(false, Caller(2)))
      #expect(replies(bench).last == .done)
      bench.run(for: .seconds(2))
    }
  }

  @Test func withoutRealtimePriorityItGoesOnAndSaysSo() throws {
    var bench = try Bench()
    bench.start(Host.Memory(lacksRealtime: true))
    bench.run(for: .seconds(1))
    #expect(bench.notices.count { $0 == .realtimeMissing } == 1)
    #expect(bench.status.lacksRealtime && bench.status.checks.isEmpty)
    #expect(
      bench.status.line.hasPrefix("Active") && bench.status.line.hasSuffix("; without realtime priority"))
  }

  @Test func aRestartLeavesTheVIPWhereItIs() throws {
    var bench = try Bench()
    bench.own()
    let before = bench.requests.count
    bench.handle(.restart)
    #expect(bench.log.last == .exit(0))
    #expect(bench.requests.count == before)
    var next = try Bench(leftover: ["192.168.1.219/24"])
    next.start(Host.Memory(resumableUntil: at(1250)))
    #expect(next.host.core.election.state == .active && next.host.standing.owns)
    #expect(next.notices.contains(.leftover(AddressSet(index: 0))))
  }

  /// It listens first, for others may have taken over; what follows the VIP must not go down and up again for that.
  @Test(arguments: [false, true]) func aRunThatComesLateSaysNothingOfItsRoleBeforeItKnows(isTaken: Bool)
    throws
  {
    let roles = { (bench: Bench) in
      bench.log.compactMap { if case .writeRole(let role) = $0 { role } else { nil } }
    }
    var bench = try Bench(leftover: ["192.168.1.219/24"])
    bench.start(Host.Memory(resumableUntil: at(-1)))
    #expect(bench.host.core.election.state == .backup && roles(bench).isEmpty)
    if isTaken {
      let packet = Advertisement(virtualRouterID: 219, priority: 200, interval: .standard)
      let other = try #require(IPAddress("192.168.1.218"))
      bench.handle(.advertisement(ReceivedAdvertisement(packet, from: other)))
      #expect(roles(bench) == [.backup])
    } else {
      bench.run(for: .seconds(1))
      #expect(roles(bench) == [.active])
    }
  }

  /// What they mean depends on what there is.
  @Test func filesAreReadWhenItIsKnownWhatThereIs() throws {
    var bench = try Bench()
    bench.isBlocked = true
    bench.start()
    bench.handle(.reload(Caller(1)))
    #expect(!bench.log.contains(.readFiles) && !bench.log.contains(.notify(.ready)))
    bench.unblock()
    #expect(bench.log.count { $0 == .readFiles } == 1)
    let file = ConfigurationFile(path: "219.conf", bytes: Array("[VirtualIP]\nInterface=eth0\n".utf8))
    bench.handle(.files(.success([file])))
    guard case .changed = replies(bench).last else {
      Issue.record("\(replies(bench))")
      return
    }
  }

  @Test func aStopRemovesTheVIPFirst() throws {
    var bench = try Bench()
    bench.own()
    bench.handle(.stop)
    #expect(try !bench.has("192.168.1.219/24"))
    #expect(bench.log.last == .exit(0))
    #expect(bench.host.deadline == nil)
  }

  /// What an earlier run left is not known before the kernel has said what there is.
  @Test func aStopAtTheBeginningLeavesNothing() throws {
    var bench = try Bench(
      "[VirtualIP]\nInterface=eth0\n[Safety]\nLeaseSec=0\n", leftover: ["192.168.1.219/24"])
    bench.isBlocked = true
    bench.start(Host.Memory(resumableUntil: at(1250)))
    bench.handle(.stop)
    #expect(!bench.log.contains(.exit(0)))
    bench.unblock()
    #expect(try !bench.has("192.168.1.219/24"))
    #expect(bench.log.last == .exit(0))
  }

  @Test func aStopWaitsForASilentKernelOneSecond() throws {
    var bench = try Bench()
    bench.isBlocked = true
    bench.start()
    bench.handle(.stop)
    bench.run(for: .seconds(1))
    #expect(bench.log.last == .exit(0))
  }

  @Test func aChangedPriorityOfTheActiveRouterIsTold() throws {
    var bench = try Bench()
    bench.start()
    func hear(_ priority: UInt8) throws {
      let advertisement = Advertisement(virtualRouterID: 219, priority: priority, interval: .standard)
      let sender = try #require(IPAddress("192.168.1.218"))
      bench.handle(.advertisement(ReceivedAdvertisement(advertisement, from: sender)))
    }
    for _ in 0..<20 {
      try hear(150)
      bench.run(for: .milliseconds(100))
    }
    bench.forget()
    try hear(200)
    bench.run(for: .milliseconds(100))
    try hear(200)
    #expect(bench.log.contains(.statusChanged))
  }

  @Test func theStatusIsToldSomeTimesASecondAtMost() throws {
    var bench = try Bench()
    bench.own()
    bench.forget()
    for number in 0..<200 {
      bench.handle(.hold(number % 2 == 0, nil))
      bench.run(for: .milliseconds(5))
    }
    bench.run(for: .seconds(2))
    #expect((2...14).contains(bench.log.count { $0 == .statusChanged }))
  }
}

@Suite struct CheckTests {
  @Test func aCarrierThatIsThereIsNoFailure() throws {
    var bench = try Bench("[Track]\nInterface=eth0\n")
    bench.own()
    #expect(bench.host.standing.owns)
    #expect(!bench.notices.contains { if case .checkFailed = $0 { true } else { false } })
  }

  @Test func aCarrierThatIsLostMovesTheVIP() throws {
    var bench = try Bench("[Track]\nInterface=eth1\n")
    bench.happen(.link(Link(index: 3, name: "eth1", macAddress: nil)))
    bench.own()
    #expect(bench.host.standing.owns)
    bench.happen(.link(Link(index: 3, name: "eth1", macAddress: nil, hasCarrier: false)))
    bench.run(for: .seconds(5))
    #expect(!bench.host.standing.owns)
    #expect(
      bench.notices.contains(
        .checkFailed(
          "interface eth1 is missing, down or without carrier; this host must not own the VIP")))
    // Renamed, it is another one.
    bench.happen(.link(Link(index: 3, name: "eth9", macAddress: nil)))
    bench.run(for: .seconds(5))
    #expect(!bench.host.standing.owns)
    bench.happen(.link(Link(index: 3, name: "eth1", macAddress: nil)))
    bench.run(for: .seconds(5))
    #expect(bench.host.standing.owns)
  }

  @Test func aPenaltyLowersThePriority() throws {
    var bench = try Bench("[Track]\nUnit=a.service\nPenalty=30\n")
    bench.own()
    bench.handle(.check(.unit("a.service"), passed: true, reason: "is active"))
    #expect(bench.host.core.parameters.priority == 100)
    bench.handle(.check(.unit("a.service"), passed: false, reason: "is failed"))
    #expect(bench.host.core.parameters.priority == 70)
    #expect(
      bench.notices.contains(.checkFailed("unit a.service is failed; the priority is lowered by 30")))
    try bench.reload("")
    #expect(bench.host.core.parameters.priority == 100)
  }
}

@Suite struct CarrierTests {
  @Test func macvlansAreMadeBeforeTheyAreNeededAndGoAtTheEnd() throws {
    var bench = try Bench("[VirtualIP]\nVirtualMAC=yes\nInterface=eth0\n")
    bench.start()
    #expect(bench.requests.contains { if case .makeMacvlan = $0 { true } else { false } })
    #expect(!bench.requests.contains { if case .setUp(true, _) = $0 { true } else { false } })
    bench.run(for: .seconds(1))
    #expect(bench.host.standing.owns)
    #expect(bench.addresses.last?.linkIndex == 100)
    #expect(bench.requests.contains(.setUp(true, linkIndex: 100)))
    bench.handle(.stop)
    #expect(bench.requests.last == .removeLink(100))
    #expect(bench.log.last == .exit(0))
  }

  /// Whoever sets it down again, or does not do what he says, is asked less and less often.
  @Test func aMacvlanThatStaysDownIsNoReasonToSpin() throws {
    var bench = try Bench("[VirtualIP]\nVirtualMAC=yes\nInterface=eth0\n")
    bench.ignoresUpness = true
    bench.own()
    bench.run(for: .seconds(60))
    #expect(bench.requests.count { $0 == .setUp(true, linkIndex: 100) } < 30)
  }

  @Test func aMacvlanThatIsRefusedIsTriedAgain() throws {
    var bench = try Bench("[VirtualIP]\nVirtualMAC=yes\nInterface=eth0\n")
    bench.refusals = { request in
      if case .makeMacvlan = request { return 95 }
      return nil
    }
    bench.own()
    #expect(!bench.host.standing.owns)
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(15))
    #expect(bench.host.standing.owns)
  }

  /// Nobody would come after it.
  @Test func aRunThatWasToldToStopIsNotRestarted() throws {
    var bench = try Bench()
    bench.own()
    bench.hearStandby()
    bench.handle(.stop)
    bench.handle(.restart)
    #expect(!bench.log.contains(.exit(0)))
    bench.run(for: .seconds(2))
    #expect(bench.log.contains(.exit(0)))
    #expect(try !bench.has("192.168.1.219/24"))
  }
}

/// A reload while something of the surroundings is missing, as in the middle of a DHCP renewal.
@Suite struct ReloadDuringAGapTests {
  private static let text = "[VirtualIP]\nAddress=192.168.1.219\n[VRRP]\nPriority=%\n"

  private func bench(also other: LinkAddress? = nil) throws -> Bench {
    var bench = try Bench("[VirtualIP]\nAddress=192.168.1.219\n", also: other)
    bench.own()
    // What the settings were completed from is known since the files were read.
    _ = try reply(&bench, priority: 110)
    bench.forget()
    return bench
  }

  private func reply(_ bench: inout Bench, priority: Int) throws -> Reply? {
    let text = Self.text.split(separator: "%").joined(separator: "\(priority)")
    bench.handle(.reload(Caller(1)))
    bench.handle(.files(.success([ConfigurationFile(path: "219.conf", bytes: Array(text.utf8))])))
    return bench.log.last { if case .reply = $0 { true } else { false } }.flatMap {
      if case .reply(_, let reply) = $0 { reply } else { nil }
    }
  }

  @Test func whatIsMissingOnlyNowStays() throws {
    let own = try Bench.address(Bench.own)
    var lost = try bench()
    lost.happen(.addressRemoved(own))
    #expect(try reply(&lost, priority: 120) == .changed(["VRRP.Priority: 110 -> 120"]))
    #expect(try reply(&lost, priority: 130) == .changed(["VRRP.Priority: 120 -> 130"]), "and again")
    var gone = try bench()
    gone.happen(.linkRemoved(index: 2, name: "eth0"))
    #expect(try reply(&gone, priority: 120) == .changed(["VRRP.Priority: 110 -> 120"]))
  }

  @Test func whatIsInTheWayIsRefused() throws {
    var bench = try bench()
    bench.happen(.address(try Bench.address("192.168.1.219/32", on: 3)))
    guard case .refused(let why) = try reply(&bench, priority: 120) else {
      Issue.record("accepted")
      return
    }
    #expect(why.contains("own address on eth1"))
  }
}

/// The VIP on another link of this host.
@Suite struct CopyTests {
  private func copies(_ bench: Bench) -> [Copy] {
    bench.notices.compactMap { if case .copied(let copy) = $0 { copy } else { nil } }
  }

  @Test func aCopyOnTheLoopbackIsToldAndLeftAlone() throws {
    let lo = Link(
      index: 1, name: "lo", macAddress: nil, isLoopback: true, isARPCapable: false, isEthernet: false)
    let copy = try Bench.address("192.168.1.219/32", on: 1)
    var bench = try Bench()
    bench.happen(.link(lo))
    bench.happen(.address(copy))
    bench.own()
    #expect(copies(bench).map(\.interface) == ["lo"] && copies(bench)[0].isFoundByNeighbors == false)
    #expect(
      Message(
        .copied(copies(bench)[0]), of: bench.host.settings, at: bench.now,
        .init(localTime: { _ in "" }, microseconds: { _ in 0 })
      ).text.contains("arp_ignore=1"))
    // Ours is the one on eth0, whatever happens to the other one.
    #expect(bench.host.standing.owns && bench.virtual.map(\.linkIndex) == [2])
    bench.happen(.addressRemoved(copy))
    #expect(bench.host.standing.owns)
    bench.happen(.address(copy))
    #expect(copies(bench).count == 2, "told each time that it comes")
    bench.handle(.hold(true, nil))
    bench.run(for: .seconds(5))
    #expect(!bench.host.standing.owns && bench.virtual.isEmpty)
    #expect(bench.addresses.contains(copy))
  }

  @Test func aStandbyWithACopyDoesNotOwn() throws {
    var bench = try Bench()
    bench.happen(
      .link(Link(index: 9, name: "kube-ipvs0", macAddress: MACAddress(bits: 9), isARPCapable: false)))
    bench.happen(.address(try Bench.address("192.168.1.219/32", on: 9)))
    bench.start()
    #expect(!bench.host.standing.owns && bench.status.state == "backup")
    #expect(copies(bench).map(\.interface) == ["kube-ipvs0"])
    bench.happen(.address(try Bench.address("192.168.1.219/16", on: 3)))
    #expect(copies(bench).last?.isFoundByNeighbors == true)
  }
}
