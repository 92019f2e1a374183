import Glibc
import Internet
import Testing

@testable import Lab

/// What the lab measures with must itself be right.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root"))
struct MachineryTests {
  private let vip = Segment.address(219)

  private func network() throws -> IPNetwork { try #require(IPNetwork(.ipv4(vip), prefixLength: 24)) }

  @Test func theProbeSeesAnOutageWhenTheSwitchDropsEverything() throws {
    let segment = try Segment()
    try segment.addAddress(try network(), to: 217)
    let probe = try segment.startProbe()
    try probe.waitForAnswer(from: "217", within: .seconds(5))
    let start = MonotonicClock.now
    try segment.dropEverything()
    pause(.milliseconds(300))
    try segment.dropEverything(false)
    try probe.waitForAnswer(from: "217", within: .seconds(5))
    pause(.milliseconds(100))
    let report = probe.report(from: start, to: MonotonicClock.now)
    #expect(report.outage >= .milliseconds(280) && report.outage < .seconds(3))
    #expect(report.servedBy == ["217"])
    #expect(report.answeredTwice == 0)
  }

  @Test func anUndisturbedProbeLosesNothing() throws {
    let segment = try Segment()
    try segment.addAddress(try network(), to: 218)
    let probe = try segment.startProbe()
    try probe.waitForAnswer(from: "218", within: .seconds(5))
    let start = MonotonicClock.now
    pause(.milliseconds(500))
    let report = probe.report(from: start, to: MonotonicClock.now)
    #expect(report.asked > 100)
    #expect(report.lost * 20 <= report.asked, "a busy machine may delay a few, not many")
  }

  @Test func twoHostsWithTheAddressAreSeenByKernelAndByArp() throws {
    let segment = try Segment()
    let poll = try segment.startArpPoll()
    try segment.addAddress(try network(), to: 217)
    try segment.ownership.waitForOwners([217], of: vip, within: .seconds(5))
    let start = MonotonicClock.now
    pause(.milliseconds(100))
    #expect(poll.doubleAnswers(from: start, to: MonotonicClock.now).isEmpty)
    try segment.addAddress(try network(), to: 218)
    pause(.milliseconds(200))
    try segment.deleteAddress(try network(), from: 217)
    try segment.ownership.waitForOwners([218], of: vip, within: .seconds(5))
    let end = MonotonicClock.now
    let overlap = segment.ownership.history.overlap(of: vip, from: start, to: end)
    #expect(overlap.all >= .milliseconds(150) && overlap.all < .seconds(3))
    #expect(overlap.reachable == overlap.all)
    #expect(poll.doubleAnswers(from: start, to: end).count >= 5)
  }

  /// The kernel may have an address twice, with different prefix lengths: the daemon has it for a moment.
  @Test func whatIsThereTwiceIsThereUntilBothAreGone() throws {
    let segment = try Segment()
    let start = MonotonicClock.now
    let other = try #require(IPNetwork(.ipv4(vip), prefixLength: 32))
    for address in [try network(), other] { try segment.addAddress(address, to: 217) }
    try segment.ownership.waitForOwners([217], of: vip, within: .seconds(5))
    try segment.deleteAddress(other, from: 217)
    // What comes from the same kernel, and later.
    try segment.addAddress(try #require(IPNetwork(.ipv4(Segment.address(221)), prefixLength: 24)), to: 217)
    try segment.ownership.waitForOwners([217], of: Segment.address(221), within: .seconds(5))
    #expect(segment.ownership.history.loss(of: vip, by: 217, from: start) == nil)
    try segment.deleteAddress(try network(), from: 217)
    try segment.ownership.waitForOwners([], of: vip, within: .seconds(5))
  }

  @Test func anUnpluggedHostKeepsItsCarrierAndOneWithoutCableDoesNot() throws {
    let segment = try Segment()
    func hasCarrier() throws -> Bool {
      let command = Command(["ip", "-n", try segment.host(217).namespace.name, "link", "show", "eth0"])
      return try !command.run().contains("NO-CARRIER")
    }
    #expect(try hasCarrier())
    try segment.unplug(217)
    #expect(try hasCarrier())
    try segment.plugIn(217)
    try segment.pullCable(217)
    #expect(try !hasCarrier())
    try segment.plugIn(217)
    #expect(try hasCarrier())
  }

  @Test func aDownloadSurvivesNoMoveOfTheAddressAndGoesOnAtOnce() throws {
    let segment = try Segment()
    try segment.addAddress(try network(), to: 217)
    let download = try segment.startDownload()
    try download.waitForStart(within: .seconds(5))
    let start = MonotonicClock.now
    pause(.milliseconds(500))
    let calm = download.report(from: start, to: MonotonicClock.now)
    #expect((calm.connections, calm.broken, calm.refused) == (0, 0, 0))
    #expect(calm.bytes > 20_000 && calm.isIntact)
    let move = MonotonicClock.now
    try segment.addAddress(try network(), to: 218)
    try segment.deleteAddress(try network(), from: 217)
    let host = try segment.host(218)
    try segment.inject(
      Frame.arp(
        operation: 1, from: host.hardwareAddress, sender: vip, to: .broadcast, targetHardware: .zero,
        target: vip), from: host)
    pause(.seconds(2))
    let moved = download.report(from: move, to: MonotonicClock.now)
    #expect((moved.connections, moved.broken) == (1, 1))
    #expect(moved.bytes > 50_000 && moved.isIntact && moved.stall < .milliseconds(1500))
  }

  /// A host that is muted still hears; one that is deafened is still heard.
  @Test func oneWayFaultsAreOneWay() throws {
    let segment = try Segment()
    let host = try segment.host(217)
    let announcement = Frame.arp(
      operation: 1, from: host.hardwareAddress, sender: vip, to: .broadcast, targetHardware: .zero,
      target: vip)
    func isHeard() throws -> Bool {
      try segment.client.namespace.command([
        "ip", "neighbour", "replace", "\(vip)", "lladdr", "12:34:56:78:00:00", "nud", "stale", "dev", "bond0",
      ]).run()
      try segment.inject(announcement, from: host)
      pause(.milliseconds(100))
      return try segment.clientArpCache.hardwareAddress(of: vip) == host.hardwareAddress
    }
    #expect(try isHeard())
    try segment.mute(217)
    #expect(try !isHeard())
    try segment.deafen(217)
    #expect(try isHeard())
  }

  @Test func theClientsTableIsPrintedAsArpPrintsIt() throws {
    let segment = try Segment()
    try segment.addAddress(try network(), to: 217)
    let probe = try segment.startProbe()
    try probe.waitForAnswer(from: "217", within: .seconds(5))
    let line = "? (192.168.1.219) at 12:34:56:78:02:17 [ether] on bond0"
    #expect(try segment.clientArpCache.listing().contains(line))
    let printed = try segment.client.namespace.command(["arp", "-an"]).run()
    #expect(printed.split(separator: "\n").contains { $0 == line })
  }

  @Test func theCaptureSeesWhatWasInjectedAndFromWhom() throws {
    let segment = try Segment()
    let host = try segment.host(218)
    let announcement = Frame.arp(
      operation: 2, from: host.hardwareAddress, sender: vip, to: .broadcast, targetHardware: .broadcast,
      target: vip)
    try segment.inject(announcement, from: host)
    try segment.capture.wait(for: "the injected frame", from: .zero, within: .seconds(5)) { !$0.isEmpty }
    pause(.milliseconds(20))
    #expect(segment.capture.gratuitousArps(for: vip, sentBy: host.hardwareAddress).count == 1)
    #expect(segment.capture.gratuitousArps(for: vip, sentBy: segment.client.hardwareAddress).isEmpty)
  }

  @Test func aRecreatedInterfaceHasItsAddressAgain() throws {
    let segment = try Segment()
    let address = try segment.host(217).address
    try segment.deleteInterface(of: 217)
    try segment.loop.wait(for: "the address to go", within: .seconds(5)) {
      !segment.ownership.addresses(of: 217).contains(.ipv4(address))
    }
    try segment.recreateInterface(of: 217)
    try segment.loop.wait(for: "the address to come back", within: .seconds(5)) {
      segment.ownership.addresses(of: 217).contains(.ipv4(address))
    }
  }

  @Test func nothingIsLeftOfASegment() throws {
    var segment: Segment? = try Segment()
    let names = try #require(segment?.resources.namespaces.map(\.name))
    let directory = try #require(segment?.resources.directory)
    #expect(names.allSatisfy { access("/run/netns/\($0)", F_OK) == 0 })
    segment = nil
    #expect(names.allSatisfy { access("/run/netns/\($0)", F_OK) != 0 })
    #expect(access(directory, F_OK) != 0)
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func nothingIsLeftWhenASignalEndsTheLab(signal: Int32) throws {
    let program = try HostDaemon.program("viplab")
    let null = try Descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC), "open /dev/null")
    let lab = try Command([program, "demo", "--daemon", "keepalived"]).spawn(output: null)
    func namespaces() -> [String] {
      let listing = (try? Command(["ip", "netns", "list"]).run()) ?? ""
      return listing.split(separator: "\n").map(String.init).filter { $0.hasPrefix("vip\(lab)-") }
    }
    let end = MonotonicClock.now + .seconds(20)
    while namespaces().count < 5, MonotonicClock.now < end { pause(.milliseconds(50)) }
    pause(.milliseconds(500))
    #expect(namespaces().count == 5)
    kill(lab, signal)
    #expect(Command.reap(lab) == 128 + signal)
    #expect(namespaces().isEmpty)
    #expect(access("/dev/shm/vip\(lab)-1", F_OK) != 0)
  }

  @Test func keepalivedIsMovedByTheLab() throws {
    let outcome = try Trial(.terminated, [.keepalived, .keepalived]).run()
    #expect(outcome.ownersAtEnd == [218])
    #expect(outcome.probe.servedBy == ["217", "218"])
    #expect(outcome.probe.outage > .zero && outcome.probe.outage < .seconds(2))
    #expect(outcome.decisionToAnnouncement != nil)
  }
}
