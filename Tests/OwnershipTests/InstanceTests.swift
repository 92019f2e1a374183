import Internet
import Neighbor
import Testing
import VRRP

@testable import Ownership

func at(_ milliseconds: Double) -> Instant {
  Instant(sinceBoot: .nanoseconds(Int64(milliseconds * 1_000_000)))
}

let own = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DA))
let peer = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01D9))
let vip = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DB))
let gateway = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_0101))
let ownHardware = MACAddress(bits: 0x0200_0000_00DA)
let ownIdentity = Identity(ipv4: IPv4Address(bits: 0xC0A8_01DA), hardware: ownHardware)
let peerHardware = MACAddress(bits: 0x0200_0000_00D9)
let gatewayHardware = MACAddress(bits: 0x0200_0000_0001)

extension IPNetwork {
  /// `address` in a subnet of the usual size.
  static func host(_ address: IPAddress, _ prefixLength: Int = 24) -> IPNetwork {
    guard let network = IPNetwork(address, prefixLength: prefixLength) else {
      preconditionFailure("\(address)/\(prefixLength)")
    }
    return network
  }
}

/// An instance and the actions that its last event caused.
struct Driver {
  var instance: Instance
  var now = at(0)
  var actions: [Action] = []

  init(
    addressCount: Int = 1, priority: UInt8 = 100, lease: Duration? = .seconds(2),
    witness: Parameters.WitnessMode = .off, gateway: IPAddress? = nil, isolation: Bool = false,
    repeats: Int = 5, refresh: Duration? = .seconds(60)
  ) {
    instance = Instance(
      Parameters(
        virtualRouterID: 219,
        addresses: (0..<addressCount).map { .host(.ipv4(IPv4Address(bits: 0xC0A8_01DB + UInt32($0)))) },
        priority: priority, interval: .standard, preempts: true, preemptDelay: .zero, lease: lease,
        witness: witness, references: gateway.map { [$0] } ?? [], isolation: isolation,
        announcementRepeat: repeats,
        announcementRefresh: refresh))
  }

  /// An instance that owns its addresses.
  static func owner(addressCount: Int = 1, lease: Duration? = .seconds(2)) -> Driver {
    var driver = Driver(addressCount: addressCount, lease: lease)
    driver.handle(.link(.ready(ownIdentity)))
    driver.runToDeadline()
    for index in 0..<addressCount { driver.handle(.added(index: index)) }
    return driver
  }

  @discardableResult mutating func handle(_ event: Event, at instant: Instant? = nil) -> [Action] {
    if let instant { now = instant }
    let result = instance.handle(event, at: now)
    actions = (0..<result.count).map { result[$0] }
    return actions
  }

  @discardableResult mutating func runToDeadline() -> [Action] {
    guard let deadline = instance.deadline else { return [] }
    return handle(.timer, at: deadline)
  }

  /// Runs timers until `instant` and returns every action with its time.
  mutating func run(until instant: Instant) -> [(Instant, Action)] {
    var log: [(Instant, Action)] = []
    while let deadline = instance.deadline, deadline <= instant {
      for action in handle(.timer, at: max(deadline, now)) { log.append((now, action)) }
    }
    now = instant
    return log
  }

  mutating func hear(_ priority: UInt8, from sender: IPAddress = peer, match: Bool = true) -> [Action] {
    handle(
      .advertisement(
        ReceivedAdvertisement(
          Advertisement(virtualRouterID: 219, priority: priority, interval: .standard), from: sender,
          addressesMatch: match)))
  }
}

let first = AddressSet(index: 0)

@Suite struct TakingOver {
  @Test func nothingHappensUntilTheLinkIsReady() {
    var driver = Driver()
    #expect(driver.instance.deadline == nil)
    #expect(driver.handle(.link(.noCarrier)) == [.report(.linkUnusable(.noCarrier))])
    #expect(driver.instance.deadline == nil)
    driver.handle(.link(.ready(ownIdentity)))
    #expect(driver.actions.first == .report(.transition(.backup, .startup)))
  }

  @Test func advertisesAndAddsWhenTheTimerFires() {
    var driver = Driver()
    driver.handle(.link(.ready(ownIdentity)))
    #expect(
      driver.runToDeadline() == [
        .report(.transition(.active, .nobodyHeard)), .advertise(priority: 100, interval: .standard),
        .add(first),
      ])
    #expect(!driver.instance.owns)
  }

  @Test func announcesOnlyWhatTheKernelConfirmed() {
    var driver = Driver(addressCount: 3)
    driver.handle(.link(.ready(ownIdentity)))
    driver.runToDeadline()
    #expect(driver.handle(.added(index: 2)) == [.announce(AddressSet(index: 2))])
    #expect(driver.handle(.added(index: 0)) == [.announce(AddressSet(index: 0))])
    let log = driver.run(until: driver.now + .milliseconds(30))
    let confirmed: AddressSet = [AddressSet(index: 0), AddressSet(index: 2)]
    #expect(log.contains { $0.1 == .announce(confirmed) })
    #expect(!driver.instance.owns)
    #expect(driver.handle(.added(index: 1)) == [.announce(AddressSet(index: 1)), .report(.owned)])
    #expect(driver.instance.owns)
  }

  @Test func burstsThenRefreshes() {
    var driver = Driver.owner(lease: nil)
    let start = driver.now
    var times = [Duration.zero]
    for (instant, action) in driver.run(until: start + .seconds(130)) {
      if case .announce(_, .first) = action { times.append(instant - start) }
    }
    let expected: [Duration] =
      [0, 20, 40, 60, 80, 1000, 1020, 1040, 1060, 1080, 5000, 5020, 5040, 5060, 5080].map {
        .milliseconds($0)
      } + [.milliseconds(65_080), .milliseconds(125_080)]
    #expect(times == expected)
  }

  @Test func withoutRefreshTheBurstsAreAll() {
    var driver = Driver(lease: nil, repeats: 1, refresh: nil)
    driver.handle(.link(.ready(ownIdentity)))
    driver.runToDeadline()
    driver.handle(.added(index: 0))
    let log = driver.run(until: driver.now + .seconds(1000))
    #expect(log.filter { $0.1 == .announce(first) }.count == 2)
  }

  @Test func aRefusedAddressIsGivenUpAndTriedAgain() {
    var driver = Driver(addressCount: 2)
    let both = AddressSet.all(2)
    driver.handle(.link(.ready(ownIdentity)))
    driver.runToDeadline()
    driver.handle(.added(index: 0))
    #expect(
      driver.handle(.addFailed(index: 1, errno: 105)) == [
        .report(.addFailed(index: 1, errno: 105)), .report(.transition(.initialize, .shutdown)),
        .remove(both),
      ])
    #expect(driver.instance.deadline == driver.now + Instance.retryDelay)
    #expect(driver.runToDeadline().first == .report(.transition(.backup, .startup)))
  }
}

@Suite struct KeepingTheLease {
  @Test func renewsEveryQuarter() {
    var driver = Driver.owner()
    let start = driver.now
    let renewals = driver.run(until: start + .seconds(2)).filter { $0.1 == .add(first) }
    #expect(renewals.count == 4)
    #expect(renewals.first.map { $0.0 - at(360.9375) } == .milliseconds(500))
    #expect(driver.handle(.added(index: 0)).isEmpty)
  }

  @Test func withoutALeaseThereIsNoRenewal() {
    var driver = Driver.owner(lease: nil)
    #expect(!driver.run(until: driver.now + .seconds(10)).contains { $0.1 == .add(first) })
  }

  @Test func aRefusedRenewalIsReportedAndNothingElse() {
    var driver = Driver.owner()
    #expect(
      driver.handle(.addFailed(index: 0, errno: 12)) == [.report(.addFailed(index: 0, errno: 12))])
    #expect(driver.instance.owns)
  }

  /// The others wait by the interval that they heard last, whatever a reload has made of it.
  @Test func aReloadOfTheIntervalIsNoLateness() {
    var driver = Driver.owner()
    _ = driver.run(until: driver.now + .milliseconds(550))
    var parameters = driver.instance.parameters
    parameters.interval = .shortest
    driver.handle(.reconfigure(parameters), at: driver.now + .milliseconds(49))
    #expect(driver.handle(.removed(index: 0), at: driver.now + .milliseconds(5)).isEmpty)
    #expect(driver.instance.election.state == .active)

    // A longer one does not excuse a silence of the shorter one's.
    driver = Driver.owner()
    parameters = driver.instance.parameters
    parameters.interval = AdvertisementInterval(centiseconds: 100) ?? .standard
    driver.handle(.reconfigure(parameters))
    driver.handle(.timer, at: driver.now + .milliseconds(500))
    #expect(driver.instance.election.state == .backup)
  }

  @Test func aChangedLeaseAppliesAtOnce() {
    var driver = Driver.owner()
    var changed = driver.instance.parameters
    changed.lease = .seconds(60)
    driver.handle(.reconfigure(changed))
    #expect(driver.instance.deadline == driver.now)
    #expect(driver.runToDeadline() == [.add(first), .announce(first, .second)])
  }
}

@Suite struct LateLoops {
  @Test(arguments: [Event.timer, .link(.noCarrier), .added(index: 0), .vanished(index: 0)])
  func anActiveLoopLateByThreeIntervalsLetsGoBeforeAnythingElse(event: Event) {
    var driver = Driver.owner()
    let late = driver.now + .milliseconds(301)
    driver.handle(event, at: late)
    #expect(
      driver.actions.prefix(3) == [
        .report(.late(by: .milliseconds(201))), .report(.transition(.backup, .late)), .remove(first),
      ])
    #expect(!driver.actions.contains { if case .advertise = $0 { true } else { false } })
    #expect(!driver.actions.contains(.add(first)))
    #expect(!driver.actions.contains(.announce(first)))
  }

  @Test func lessIsForgiven() {
    var driver = Driver.owner()
    driver.handle(.timer, at: driver.now + .milliseconds(300))
    #expect(driver.actions.contains(.advertise(priority: 100, interval: .standard)))
    #expect(driver.instance.owns)
  }

  @Test func aBackupThatSleptListensAgain() {
    var driver = Driver()
    driver.handle(.link(.ready(ownIdentity)))
    driver.handle(.timer, at: at(5000))
    #expect(driver.instance.election.state == .backup)
    #expect(driver.instance.election.deadline == at(5360.9375))
  }
}

@Suite struct LosingAddresses {
  @Test func anAddressThatSomebodyRemovedIsPutBack() {
    var driver = Driver.owner()
    #expect(driver.handle(.vanished(index: 0)) == [.add(first), .report(.reinstated(first))])
    #expect(!driver.instance.owns)
    #expect(driver.handle(.added(index: 0)) == [.announce(first), .report(.owned)])
  }

  @Test func ourOwnRemovalIsNoTheft() {
    var driver = Driver.owner()
    _ = driver.hear(200)
    #expect(driver.handle(.vanished(index: 0)).isEmpty)
    #expect(driver.handle(.removed(index: 0)).isEmpty)
  }

  @Test func removalAndReturnInOneTurnIsNoTheft() {
    var driver = Driver.owner()
    _ = driver.hear(200)
    _ = driver.hear(0)
    driver.runToDeadline()
    #expect(driver.actions.contains(.add(first)))
    // Netlink's news of the removal comes first, then both acknowledgements in order.
    #expect(driver.handle(.vanished(index: 0)).isEmpty)
    #expect(driver.handle(.removed(index: 0)).isEmpty)
    #expect(driver.handle(.added(index: 0)) == [.announce(first), .report(.owned)])
  }

  @Test func aThiefInALoopIsAnsweredAtMostTwentyTimesASecond() {
    var driver = Driver.owner()
    let start = driver.now
    var added = 0
    for _ in 0..<1000 {
      added += driver.handle(.vanished(index: 0)).filter { $0 == .add(first) }.count
      driver.handle(.added(index: 0))
    }
    #expect(added == 20)
    let later = driver.run(until: start + .seconds(1))
    #expect(later.contains { $0.1 == .report(.reinstated(first)) && $0.0 == start + .seconds(1) })
  }

  @Test func aBackupDoesNotCare() {
    var driver = Driver()
    driver.handle(.link(.ready(ownIdentity)))
    #expect(driver.handle(.vanished(index: 0)).isEmpty)
  }
}

@Suite struct LosingTheLink {
  /// Whoever speaks in this host's name while it has none.
  @Test func nobodyIsHisOwnPeer() {
    var driver = Driver()
    driver.handle(.link(.noAddress(.ipv4)))
    _ = driver.hear(100, from: own)
    _ = driver.hear(100)
    driver.handle(.link(.ready(ownIdentity)))
    #expect(driver.instance.peers.map(\.address) == [peer])
  }

  @Test(arguments: [LinkCondition.noCarrier, .down, .port, .noHardwareAddress])
  func theVIPIsReleasedAtOnce(condition: LinkCondition) {
    var driver = Driver.owner()
    #expect(
      driver.handle(.link(condition)) == [
        .report(.linkUnusable(condition)), .report(.transition(.initialize, .shutdown)), .remove(first),
      ])
    #expect(driver.instance.deadline == nil)
  }

  @Test func aVanishedInterfaceTookItsAddressesAlong() {
    var driver = Driver.owner()
    #expect(!driver.handle(.link(.absent)).contains(.remove(first)))
    #expect(driver.handle(.vanished(index: 0)).isEmpty)
    #expect(driver.handle(.stop) == [.exit])
  }

  @Test func theReturningLinkStartsOver() {
    var driver = Driver.owner()
    driver.handle(.link(.noCarrier))
    driver.handle(.removed(index: 0))
    driver.handle(.link(.ready(ownIdentity)))
    #expect(driver.instance.election.state == .backup)
    driver.runToDeadline()
    #expect(driver.handle(.added(index: 0)).contains(.announce(first)))
  }

  @Test func aChangedPrimaryAddressKeepsTheState() {
    var driver = Driver.owner()
    let other = IPv4Address(bits: 0xC0A8_0105)
    #expect(driver.handle(.link(.ready(Identity(ipv4: other, hardware: ownHardware)))).isEmpty)
    #expect(driver.instance.owns)
    #expect(driver.instance.election.parameters.primary == .ipv4(other))
  }
}

@Suite struct Rivals {
  @Test func aBetterRouterGetsTheVIP() {
    var driver = Driver.owner()
    let actions = driver.hear(200)
    #expect(
      actions.prefix(2) == [.report(.transition(.backup, .better(peer, priority: 200))), .remove(first)])
    #expect(driver.instance.following == peer)
  }

  @Test func aBeatenRivalIsContradictedInNeighbourCachesToo() {
    var driver = Driver.owner()
    _ = driver.run(until: driver.now + .seconds(10))
    #expect(driver.hear(50) == [.advertise(priority: 100, interval: .standard), .report(.beat(peer))])
    #expect(driver.runToDeadline() == [.announce(first)])
  }

  @Test func aRivalJustAfterTheTakeoverIsContradictedToo() {
    var driver = Driver.owner()
    driver.now = driver.now + .milliseconds(30)
    #expect(driver.hear(50).contains(.report(.beat(peer))))
    #expect(driver.runToDeadline().contains(.announce(first)))
  }

  @Test func aStubbornRivalCostsOneBurstASecond() {
    var driver = Driver.owner(lease: nil)
    _ = driver.run(until: driver.now + .seconds(10))
    var announcements = 0
    for _ in 0..<100 {
      _ = driver.hear(50)
      announcements +=
        driver.run(until: driver.now + .milliseconds(100)).filter { $0.1 == .announce(first) }
        .count
    }
    #expect((40...60).contains(announcements))
  }

  @Test func mismatchesAreReportedOncePerPeer() {
    var driver = Driver()
    driver.handle(.link(.ready(ownIdentity)))
    #expect(driver.hear(200, match: false).contains(.report(.addressesDiffer(peer))))
    #expect(driver.hear(200, match: false).isEmpty)
    #expect(driver.hear(200).isEmpty)
    #expect(driver.hear(200, match: false) == [.report(.addressesDiffer(peer))])
  }

  @Test func ourOwnAddressAsSenderChangesNothing() {
    var driver = Driver.owner()
    #expect(driver.hear(255, from: own) == [.report(.ownSource)])
    #expect(driver.hear(255, from: own).isEmpty)
    #expect(driver.instance.owns)
  }

  @Test func forgedSendersDoNotFillTheMemory() {
    var driver = Driver()
    driver.handle(.link(.ready(ownIdentity)))
    for bits in 0..<1000 {
      driver.now = driver.now + .milliseconds(1)
      _ = driver.hear(200, from: .ipv4(IPv4Address(bits: 0x0A00_0000 + UInt32(bits))))
    }
    #expect(driver.instance.peers.count == 16)
    #expect(driver.instance.peers.contains { $0.address == IPAddress.ipv4(IPv4Address(bits: 0x0A00_03E7)) })
  }
}

@Suite struct Stopping {
  @Test func removesThenResignsThenExits() {
    var driver = Driver.owner()
    #expect(driver.handle(.stop) == [.report(.transition(.initialize, .shutdown)), .remove(first)])
    #expect(driver.handle(.removed(index: 0)) == [.advertise(priority: 0, interval: .standard), .exit])
  }

  @Test func aBackupExitsAtOnce() {
    var driver = Driver()
    driver.handle(.link(.ready(ownIdentity)))
    #expect(driver.handle(.stop) == [.report(.transition(.initialize, .shutdown)), .exit])
  }

  @Test func aSilentKernelIsNotWaitedForLong() {
    var driver = Driver.owner()
    driver.handle(.stop)
    #expect(driver.instance.deadline == driver.now + Instance.stopTimeout)
    #expect(driver.runToDeadline() == [.exit])
  }

  @Test func aRefusedRemovalIsReportedOnceAndAskedForAgain() {
    var driver = Driver.owner()
    driver.handle(.stop)
    let refused = Event.removeFailed(index: 0, errno: 1)
    #expect(driver.handle(refused) == [.report(.removeFailed(index: 0, errno: 1))])
    #expect(driver.instance.deadline == driver.now + Holdings.removalPause)
    #expect(driver.runToDeadline() == [.remove(first)])
    #expect(driver.handle(.removed(index: 0)) == [.advertise(priority: 0, interval: .standard), .exit])
  }

  @Test func aRefusedRemovalOfAnAddressThatIsWantedAgainIsForgotten() {
    var driver = Driver.owner()
    _ = driver.hear(200)
    driver.handle(.removeFailed(index: 0, errno: 1))
    _ = driver.hear(0)
    let log = driver.run(until: driver.now + .seconds(1))
    #expect(log.contains { $0.1 == .add(first) })
    #expect(log.filter { $0.1 == .remove(first) }.count <= 1)
  }

  private func stopping() -> Driver {
    var driver = Driver.owner()
    let mark = StandbyMark(virtualRouterID: 219, priority: 100, isReady: true)
    driver.handle(.neighbor(.request(for: vip, from: peer, at: peerHardware, standby: mark)))
    driver.handle(.stop)
    #expect(driver.instance.owns)
    return driver
  }

  /// It may have been late because the machine is; the next takeover would be nobody's wish.
  @Test func aLateLoopThatWasToStopStops() {
    var driver = stopping()
    driver.handle(.timer, at: driver.now + .seconds(5))
    #expect(driver.actions.contains(.remove(first)))
    let log = driver.run(until: driver.now + .milliseconds(900)).map(\.1)
    #expect(!log.contains(.add(first)))
    #expect(driver.handle(.removed(index: 0)) == [.exit])
  }

  @Test func aLostLinkEndsTheWaitForASuccessor() {
    var driver = stopping()
    driver.handle(.link(.noCarrier))
    #expect(driver.instance.deadline == driver.now + Instance.stopTimeout)
    #expect(driver.runToDeadline() == [.exit])
  }

  @Test func nothingStartsOnceStopping() {
    var driver = Driver.owner()
    driver.handle(.stop)
    driver.handle(.link(.noCarrier))
    #expect(driver.handle(.link(.ready(ownIdentity))).isEmpty)
    #expect(driver.instance.election.state == .initialize)
  }
}
