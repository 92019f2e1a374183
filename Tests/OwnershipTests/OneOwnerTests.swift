import Internet
import Neighbor
import Testing
import VRRP

@testable import Ownership

private func answer(from hardware: MACAddress = peerHardware, for address: IPAddress = vip) -> Event {
  .neighbor(
    NeighborPacket(
      operation: .reply, senderHardware: hardware, sender: address, targetHardware: ownHardware, target: own))
}

private let standbyMark = StandbyMark(virtualRouterID: 219, priority: 100, isReady: true)

private func standbyProbe() -> Event {
  .neighbor(
    .request(
      for: vip, from: peer, at: peerHardware, standby: standbyMark))
}

extension Driver {
  /// A Backup router with a witness and, if wanted, a gateway.
  fileprivate static func backup(
    witness: Parameters.WitnessMode = .strict, gateway: IPAddress? = nil, priority: UInt8 = 100
  ) -> Driver {
    var driver = Driver(priority: priority, witness: witness, gateway: gateway, isolation: gateway != nil)
    driver.handle(.link(.ready(ownIdentity)))
    return driver
  }

  /// Lets time pass until `instant`, with a peer that advertises every 100 ms and stations that answer the
  /// questions that reach them.
  fileprivate mutating func run(
    until instant: Instant, heartbeat priority: UInt8? = nil, answering stations: [MACAddress] = []
  ) -> [(Instant, Action)] {
    var log: [(Instant, Action)] = []
    let owned = instance.parameters.addresses.map(\.address) + [peer, routerAddress]
    var beat = now
    while true {
      let deadline = instance.deadline ?? instant
      let next = priority == nil ? deadline : min(deadline, beat)
      if next > instant { break }
      now = max(now, next)
      var pending: [Action]
      if priority != nil && beat <= now {
        pending = hear(priority ?? 0)
        beat = beat + .milliseconds(100)
      } else {
        pending = handle(.timer)
      }
      while !pending.isEmpty {
        let action = pending.removeFirst()
        log.append((now, action))
        guard case .ask(let question, let station) = action else { continue }
        for hardware in stations where station == hardware || station == .broadcast {
          // What nobody has they do not answer for.
          guard owned.contains(question.target) else { continue }
          guard (question.target == routerAddress) == (hardware == gatewayHardware) else { continue }
          pending += handle(answer(from: hardware, for: question.target))
        }
      }
    }
    now = instant
    return log
  }
}

extension Driver {
  /// When the Active router was last heard.
  fileprivate var heartbeat: Instant? { instance.phase.backup?.active?.heartbeat }

  fileprivate var isIsolated: Bool { if case .isolated = instance.hold { true } else { false } }
}

/// The peer, whatever was heard of it so far.
private func expectItStandsByWhenItSaysSo(_ driver: inout Driver) {
  #expect(driver.instance.standbys(at: driver.now).isEmpty)
  driver.handle(standbyProbe())
  #expect(driver.instance.standbys(at: driver.now).map(\.address) == [peer])
}

private let forger = MACAddress(bits: 0x0200_0000_0666)

/// The address that only the gateway answers for.
private let routerAddress = gateway

private func becameActive(_ log: [(Instant, Action)]) -> Instant? {
  log.first { if case .report(.transition(.active, _)) = $0.1 { true } else { false } }?.0
}

@Suite struct WitnessRule {
  @Test func aDeadOwnerIsReplacedWithoutAddedDelay() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    let last = driver.heartbeat
    let log = driver.run(until: at(7000))
    #expect(becameActive(log) == last.map { $0 + .nanoseconds(360_937_500) })
  }

  @Test func anOwnerThatStillAnswersIsLeftAloneUntilItStops() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    let held = driver.run(until: at(60_000), answering: [peerHardware])
    #expect(becameActive(held) == nil)
    #expect(held.contains { $0.1 == .report(.holding(.answered(at: peerHardware, last: peer))) })
    #expect(held.filter { if case .report(.holding) = $0.1 { true } else { false } }.count == 1)
    let freed = driver.run(until: at(61_000))
    let took = becameActive(freed)
    #expect(took.map { $0 - at(60_000) <= .milliseconds(100) } == true)
  }

  @Test func theReturningHeartbeatEndsTheHold() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    _ = driver.run(until: at(6000), answering: [peerHardware])
    #expect(driver.instance.hold == .answered(at: peerHardware, last: peer))
    #expect(driver.hear(150).contains(.report(.following(peer, priority: 150))))
    #expect(driver.instance.hold == nil)
  }

  @Test func inLeaseModeTheHoldEndsWithTheOwnersLease() {
    var driver = Driver.backup(witness: .lease)
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    let log = driver.run(until: at(20_000), answering: [peerHardware])
    let took = becameActive(log).map { $0 - at(5000) }
    #expect(took.map { $0 > .seconds(3) && $0 < .milliseconds(3500) } == true)
  }

  @Test func withoutAWitnessRFC9568Decides() {
    var driver = Driver.backup(witness: .off)
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    let log = driver.run(until: at(6000), answering: [peerHardware])
    #expect(becameActive(log) != nil)
    #expect(
      !log.contains { if case .ask(let question, _) = $0.1 { question.target == vip } else { false } })
  }

  @Test func anOwnerThatNeverAnsweredCannotHoldOffATakeover() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150)
    #expect(becameActive(driver.run(until: at(6000))) != nil)
  }

  /// Whoever is on the link can say that the VIP is with him, and be silent when he is asked.
  @Test func aClaimDoesNotHideTheOwnerThatAnswers() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    var log: [(Instant, Action)] = []
    for time in stride(from: 5000.0, to: 7000, by: 90) {
      driver.handle(answer(from: forger))
      log += driver.run(until: at(time + 90), answering: [peerHardware])
    }
    log += driver.run(until: at(12_000), answering: [peerHardware])
    #expect(becameActive(log) == nil)
  }

  @Test func theHoldOfSeveralThatAnswerIsReportedOnce() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    driver.handle(answer(from: forger))
    let log = driver.run(until: at(8000), answering: [peerHardware, forger])
    #expect(log.filter { if case .report(.holding) = $0.1 { true } else { false } }.count == 1)
  }

  @Test func aClaimThatCameFirstDoesNotHideTheOwnerEither() {
    var driver = Driver.backup()
    driver.handle(answer(from: forger))
    #expect(becameActive(driver.run(until: at(5000), answering: [peerHardware])) == nil)
  }

  /// When the dispute is over, the owner's kernel is asked alone again: a switch could answer in its place.
  @Test func afterADisputeTheOwnerIsAskedAlone() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    driver.handle(answer(from: forger))
    _ = driver.run(until: at(10_000), heartbeat: 150, answering: [peerHardware])
    let asked = driver.run(until: at(12_000), heartbeat: 150, answering: [peerHardware]).compactMap { entry in
      if case .ask(let question, let station) = entry.1, question.target == vip { station } else { nil }
    }
    #expect(Set(asked) == [peerHardware])
  }

  @Test func aResignationIsTakenAtItsWord() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    _ = driver.hear(0)
    let log = driver.run(until: at(5100), answering: [peerHardware])
    #expect(becameActive(log) != nil)
  }

  @Test func onlyTheOwnerCanGiveTheVIPAway() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    let pretender = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01D8))
    _ = driver.hear(150, from: pretender)
    driver.handle(answer(from: MACAddress(bits: 0x0200_0000_00D8), for: pretender))
    _ = driver.hear(0, from: pretender)
    let log = driver.run(until: at(6000), answering: [peerHardware])
    #expect(becameActive(log) == nil)
    #expect(driver.instance.hold == .answered(at: peerHardware, last: pretender))
  }

  @Test func aForeignOwnerIsNamedAndNotTouched() {
    var driver = Driver.backup()
    let log = driver.run(until: at(30_000), answering: [peerHardware])
    #expect(becameActive(log) == nil)
    #expect(log.contains { $0.1 == .report(.holding(.foreign(peerHardware))) })
  }

  @Test func anAddressOwnerAsksBeforeItStarts() {
    var driver = Driver.backup(priority: 255)
    #expect(driver.instance.election.state == .backup)
    #expect(becameActive(driver.run(until: at(200))) == at(100))
    var second = Driver.backup(priority: 255)
    second.handle(answer())
    #expect(becameActive(second.run(until: at(5000), answering: [peerHardware])) == nil)
  }

  @Test func slowWhileAllIsWellAndFastFromTheFirstLateAdvertisement() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    let quiet = driver.run(until: at(15_000), heartbeat: 150, answering: [peerHardware])
    let slow = quiet.filter { if case .ask = $0.1 { true } else { false } }.count
    #expect((9...11).contains(slow))
    let last = driver.heartbeat ?? driver.now
    _ = driver.run(until: last + .milliseconds(149))
    let late = driver.run(until: last + .milliseconds(360)).filter {
      if case .ask = $0.1 { true } else { false }
    }
    #expect(late.first.map { $0.0 - last } == .milliseconds(150))
    #expect(late.count == 9)
  }

  /// Neither this router nor the owner wakes up for the question alone.
  @Test func theSlowQuestionGoesWithAnAdvertisement() {
    var driver = Driver.backup()
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware])
    var questions = 0
    for _ in 0..<100 {
      let heard = driver.now + .milliseconds(100)
      driver.now = heard
      for case .ask(let question, _) in driver.hear(150) {
        questions += 1
        driver.handle(answer(for: question.target))
      }
      let others = driver.run(until: heard + .milliseconds(99))
      #expect(!others.contains { if case .ask = $0.1 { true } else { false } }, "\(heard)")
      driver.now = heard
    }
    #expect((9...11).contains(questions))
  }
}

@Suite struct Claims {
  @Test func preemptionWaitsUntilTheOldOwnerLetsGo() {
    var driver = Driver.backup(priority: 200)
    let log = driver.run(until: at(400), heartbeat: 100, answering: [peerHardware])
    #expect(becameActive(log) != nil)
    #expect(!log.contains { $0.1 == .add(first) })
    // It heard our claim: no heartbeat, no answer.
    let taken = driver.run(until: at(450))
    #expect(taken.contains { $0.1 == .add(first) && $0.0 - at(400) < .milliseconds(20) })
  }

  /// It may have become Active a moment ago, and have died since: only its kernel can tell.
  @Test func aRivalThatWasNeverAskedIsAskedFirst() {
    var driver = Driver(priority: 200, witness: .strict)
    driver.handle(.link(.ready(ownIdentity)))
    _ = driver.run(until: at(290))
    _ = driver.hear(100)
    let claimed = driver.run(until: at(322))
    #expect(becameActive(claimed) != nil)
    #expect(!claimed.contains { $0.1 == .add(first) })
    let asked = claimed.last { if case .ask = $0.1 { true } else { false } }
    #expect(asked?.0 == becameActive(claimed))
    let taken = driver.run(until: at(350))
    #expect(taken.contains { $0.1 == .add(first) && $0.0 - at(322) < .milliseconds(20) })
  }

  /// After a pause, a heartbeat may wait behind a packet of another socket.
  @Test func packetsThatWaitAreReadBeforeTheTimerDecides() {
    var driver = Driver(witness: .strict)
    driver.handle(.link(.ready(ownIdentity)))
    _ = driver.run(until: at(300))
    let request = NeighborPacket.request(for: vip, from: peer, at: peerHardware)
    #expect(!driver.handle(.neighbor(request), at: at(390)).contains(.add(first)))
    #expect(driver.instance.deadline.map { $0 <= at(390) } == true, "the timer decides at once")
    #expect(driver.instance.election.state == .backup)
    _ = driver.hear(100)
    #expect(becameActive(driver.run(until: at(600))) == nil)
  }

  @Test func aRivalThatCannotHearUsKeepsTheVIP() {
    var driver = Driver.backup(priority: 200)
    let log = driver.run(until: at(5000), heartbeat: 100, answering: [peerHardware])
    #expect(!log.contains { $0.1 == .add(first) })
    #expect(driver.instance.election.state == .backup)
    #expect(driver.instance.cause == .ignored(by: peer))
    let later = driver.run(until: at(30_000), heartbeat: 100, answering: [peerHardware])
    #expect(becameActive(later) == nil)
  }

  @Test func whoOnlyClaimsHasNothingToGiveAway() {
    var driver = Driver.backup(priority: 200)
    let log = driver.run(until: at(1000), heartbeat: 100, answering: [peerHardware])
    #expect(driver.instance.cause == .ignored(by: peer))
    #expect(!log.contains { $0.1 == .advertise(priority: 0, interval: .standard) })
  }

  /// A router that claims the VIP again, and does not get it, still has an address to remove.
  @Test func aClaimDoesNotEndTheRemovalOfWhatIsLeft() {
    var driver = Driver.backup(priority: 200)
    while driver.instance.election.state != .active { driver.runToDeadline() }
    driver.handle(.added(index: 0))
    _ = driver.hear(255)
    driver.handle(.removeFailed(index: 0, errno: 16))
    var end = driver.now
    while driver.instance.cause != .ignored(by: peer) && end < at(10_000) {
      end = end + .milliseconds(10)
      _ = driver.run(until: end, heartbeat: 100, answering: [peerHardware])
    }
    #expect(driver.instance.cause == .ignored(by: peer))
    let later = driver.run(until: end + .milliseconds(200), heartbeat: 100, answering: [peerHardware])
    #expect(later.contains { $0.1 == .remove(first) })
  }

  @Test func aPreemptionNeedsNoGateway() {
    var driver = Driver.backup(gateway: gateway, priority: 200)
    _ = driver.run(until: at(200), heartbeat: 100, answering: [gatewayHardware])
    #expect(becameActive(driver.run(until: at(400), heartbeat: 100)) != nil)
  }

  /// It knows its gateway, and would preempt the next Active router that it hears.
  private func betterRouter() -> Driver {
    var driver = Driver.backup(gateway: gateway, priority: 200)
    _ = driver.run(until: at(2000), heartbeat: 250, answering: [peerHardware, gatewayHardware])
    return driver
  }

  /// The rival does not answer, and nor does anybody else: it is this router that is not there.
  @Test func whoIsCutOffWhileItClaimsLeavesTheVIP() {
    var driver = betterRouter()
    _ = driver.run(until: at(2210), heartbeat: 100, answering: [peerHardware, gatewayHardware])
    let cut = driver.run(until: at(7000))
    #expect(becameActive(cut) != nil)
    #expect(!cut.contains { $0.1 == .add(first) })
    #expect(driver.instance.election.state == .backup && driver.instance.cause == .isolation)
    // What it asked in vain meanwhile says nothing of the rival.
    let back = driver.run(until: at(8000), heartbeat: 100, answering: [peerHardware, gatewayHardware])
    #expect(!back.contains { $0.1 == .add(first) })
    let freed = driver.run(until: at(9000), answering: [gatewayHardware])
    #expect(freed.contains { $0.1 == .add(first) })
  }

  @Test func whatWasAskedInVainWhileCutOffIsAskedAgain() throws {
    var driver = betterRouter()
    _ = driver.run(until: at(2210), heartbeat: 100, answering: [peerHardware, gatewayHardware])
    let claimed = try #require(becameActive(driver.run(until: at(2350))))
    let silent = driver.run(until: claimed + .milliseconds(100))
    #expect(!silent.contains { $0.1 == .add(first) })
    let joined = driver.run(until: claimed + .milliseconds(150), answering: [peerHardware, gatewayHardware])
    #expect(!joined.contains { $0.1 == .add(first) })
    // It has heard the claim.
    let freed = driver.run(until: claimed + .milliseconds(300), answering: [gatewayHardware])
    #expect(freed.contains { $0.1 == .add(first) })
  }

  @Test func aRivalThatIsLateIsNotPreemptedByWhoIsCutOff() {
    var driver = betterRouter()
    _ = driver.run(until: at(2110), heartbeat: 100, answering: [peerHardware, gatewayHardware])
    #expect(becameActive(driver.run(until: at(7000))) == nil)
    #expect(driver.isIsolated)
  }

  /// It need not say so first: who is cut off before has a standby all the same.
  @Test func whoWasPreemptedStandsBy() throws {
    var driver = betterRouter()
    _ = driver.run(until: at(2400), heartbeat: 100, answering: [peerHardware, gatewayHardware])
    let taken = driver.run(until: at(2420), answering: [gatewayHardware])
    try #require(taken.contains { $0.1 == .add(first) })
    driver.handle(.added(index: 0))
    let cut = driver.run(until: at(2800))
    let released = cut.first { $0.1 == .remove(first) }?.0
    #expect(released.map { $0 - at(2420) <= .milliseconds(200) } == true)
  }

  @Test func aResigningRivalGivesItUpAtOnce() {
    var driver = Driver.backup(priority: 200)
    _ = driver.run(until: at(400), heartbeat: 100, answering: [peerHardware])
    #expect(driver.hear(0).contains(.add(first)))
  }
}

@Suite struct IsolationRule {
  /// An owner with a standby, and a gateway that answers.
  private func owner(standby: Bool = true) -> Driver {
    var driver = Driver.backup(gateway: gateway)
    _ = driver.run(until: at(1000), answering: [gatewayHardware])
    driver.handle(.added(index: 0))
    for _ in 0..<8 {
      if standby { driver.handle(standbyProbe()) }
      _ = driver.run(
        until: driver.now + .seconds(1), answering: [gatewayHardware] + (standby ? [peerHardware] : []))
    }
    return driver
  }

  private func released(_ log: [(Instant, Action)]) -> Instant? {
    log.first { $0.1 == .remove(first) }?.0
  }

  @Test func anOwnerThatIsCutOffReleasesWithinTwoIntervals() throws {
    var driver = owner()
    driver.handle(standbyProbe())
    let cut = driver.now
    let log = driver.run(until: cut + .seconds(5))
    let after = try #require(released(log)) - cut
    #expect(after <= .milliseconds(200))
    #expect(driver.instance.election.state == .backup)
    // Who hears nobody does not take over.
    #expect(becameActive(log) == nil)
    #expect(driver.isIsolated)
  }

  /// It may be held back no longer, before it can say so.
  @Test func aStandbyThatIsHeldBackIsOneAllTheSame() throws {
    var driver = owner()
    let mark = StandbyMark(virtualRouterID: 219, priority: 100, isReady: false)
    driver.handle(.neighbor(.request(for: vip, from: peer, at: peerHardware, standby: mark)))
    let cut = driver.now
    let log = driver.run(until: cut + .seconds(5))
    #expect(try #require(released(log)) - cut <= .milliseconds(200))
  }

  @Test func anOwnerThatIsCutOffWhileItHandsOverReleases() throws {
    var driver = owner()
    driver.handle(standbyProbe())
    let cut = driver.now
    driver.handle(.handover)
    let log = driver.run(until: cut + .seconds(5))
    #expect(try #require(released(log)) - cut <= .milliseconds(200))
    #expect(log.contains { $0.1 == .handoverEnded(.refused(.interrupted)) })
  }

  /// Who does not ask for the VIP learns from nothing else where the Active router is that it preempts.
  @Test func whoPreemptsKnowsWhereToLookForItsStandby() throws {
    var driver = Driver.backup(witness: .off, gateway: gateway, priority: 200)
    driver.handle(answer(from: gatewayHardware, for: gateway))
    let log = driver.run(until: at(400), heartbeat: 100, answering: [peerHardware, gatewayHardware])
    try #require(driver.instance.election.state == .active)
    let questions = log.count {
      if case .ask(let packet, .broadcast) = $0.1 { packet.target == peer } else { false }
    }
    #expect(questions == 1)
    driver.handle(.added(index: 0))
    let cut = driver.now
    #expect(try #require(released(driver.run(until: cut + .seconds(1)))) - cut <= .milliseconds(200))
  }

  /// It may have offered the VIP, and have it still.
  @Test func whoTakesWhatWasGivenUpAndIsCutOffReleases() throws {
    var driver = Driver.backup(gateway: gateway)
    _ = driver.run(until: at(1000), heartbeat: 200, answering: [peerHardware, gatewayHardware])
    _ = driver.hear(0)
    let log = driver.run(until: driver.now + .milliseconds(100))
    let taken = try #require(becameActive(log))
    driver.handle(.added(index: 0))
    let after = try #require(released(driver.run(until: taken + .seconds(1)))) - taken
    #expect(after <= .milliseconds(200))
  }

  /// What it was asked while it was not there says nothing of it.
  @Test func aStandbyThatWasAwayForLongCounts() throws {
    var driver = owner(standby: false)
    driver.handle(standbyProbe())
    _ = driver.run(until: driver.now + .seconds(90), answering: [gatewayHardware])
    for _ in 0..<3 {
      driver.handle(standbyProbe())
      _ = driver.run(until: driver.now + .milliseconds(900), answering: [gatewayHardware])
    }
    driver.handle(standbyProbe())
    let cut = driver.now
    #expect(try #require(released(driver.run(until: cut + .seconds(5)))) - cut <= .milliseconds(200))
  }

  /// The owner's daemon is restarted, and its kernel answers meanwhile: that it no longer does may be for the cut.
  @Test func whoIsCutOffWhileTheOwnersKernelAnswersEndsWithout() {
    var before = Driver.backup(gateway: gateway)
    _ = before.run(until: at(5000), heartbeat: 150, answering: [peerHardware, gatewayHardware])
    for cut in stride(from: 5600.0, through: 5660, by: 5) {
      var driver = before
      _ = driver.run(until: at(cut), answering: [peerHardware, gatewayHardware])
      #expect(driver.instance.hold != nil)
      if becameActive(driver.run(until: at(cut + 150))) != nil { driver.handle(.added(index: 0)) }
      _ = driver.run(until: at(cut + 2000))
      #expect(driver.instance.election.state == .backup && driver.isIsolated, "\(cut)")
    }
  }

  /// What the references said when it was not allowed to take over says nothing of now.
  @Test func whoIsReleasedWhenItIsCutOffDoesNotTakeOver() {
    var driver = Driver.backup(gateway: gateway)
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware, gatewayHardware])
    driver.handle(.standBack(true))
    _ = driver.hear(0)
    _ = driver.run(until: at(8000), answering: [gatewayHardware])
    _ = driver.run(until: at(11_000))
    driver.handle(.standBack(false))
    #expect(becameActive(driver.run(until: at(20_000))) == nil)
    #expect(driver.isIsolated)
    #expect(becameActive(driver.run(until: at(22_000), answering: [gatewayHardware])) != nil)
  }

  /// The gateway was silent for a moment when the standby died: that is mistaken for a cut once.
  @Test func whoLetGoForOneThatIsNotThereDoesNotDoSoAgain() throws {
    var driver = owner()
    driver.handle(standbyProbe())
    try #require(released(driver.run(until: driver.now + .milliseconds(300))) != nil)
    driver.handle(.removed(index: 0))
    try #require(
      becameActive(driver.run(until: driver.now + .seconds(2), answering: [gatewayHardware])) != nil)
    driver.handle(.added(index: 0))
    #expect(released(driver.run(until: driver.now + .seconds(5))) == nil)
  }

  /// The gateway answered when it started, and nobody since then.
  @Test func aNewcomerThatIsCutOffDoesNotTakeOver() {
    var driver = Driver.backup(gateway: gateway)
    driver.handle(answer(from: gatewayHardware, for: gateway))
    let cutOff = driver.run(until: at(20_000))
    #expect(becameActive(cutOff) == nil)
    #expect(driver.isIsolated)
    #expect(becameActive(driver.run(until: at(22_000), answering: [gatewayHardware])) != nil)
  }

  @Test func whoIsCutOffAgainWhileItListensDoesNotTakeOver() {
    var driver = Driver.backup(gateway: gateway)
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware, gatewayHardware])
    _ = driver.run(until: at(10_000))
    var end = driver.now
    while driver.isIsolated && end < at(12_000) {
      end = end + .milliseconds(10)
      _ = driver.run(until: end, answering: [gatewayHardware])
    }
    #expect(becameActive(driver.run(until: at(20_000))) == nil)
    #expect(driver.isIsolated)
    #expect(becameActive(driver.run(until: at(22_000), answering: [gatewayHardware])) != nil)
  }

  @Test func theReturningNetworkEndsIt() {
    var driver = owner()
    driver.handle(standbyProbe())
    _ = driver.run(until: driver.now + .seconds(5))
    let log = driver.run(until: driver.now + .seconds(2), answering: [gatewayHardware])
    #expect(becameActive(log) != nil)
  }

  @Test func aRebootingGatewayIsNoIsolationWhileTheStandbyAnswers() {
    var driver = owner()
    driver.handle(standbyProbe())
    let log = driver.run(until: driver.now + .seconds(60), answering: [peerHardware])
    #expect(released(log) == nil)
  }

  /// Its answers come as often as it is asked, and late.
  @Test(arguments: [100, 300]) func aSlowGatewayIsNoIsolationWhenTheStandbyDies(_ delay: Int) {
    var driver = owner()
    let (death, end) = (driver.now + .seconds(4), driver.now + .seconds(8))
    var answers: [Instant] = []
    while true {
      let next = min(driver.instance.deadline ?? end, answers.first ?? end)
      guard next < end else { break }
      driver.now = max(driver.now, next)
      var pending: [Action]
      if let due = answers.first, due <= driver.now {
        answers.removeFirst()
        pending = driver.handle(answer(from: gatewayHardware, for: gateway))
      } else {
        pending = driver.handle(.timer)
      }
      while !pending.isEmpty {
        guard case .ask(let question, _) = pending.removeFirst() else { continue }
        if question.target == gateway { answers.append(driver.now + .milliseconds(delay)) }
        if question.target == peer && driver.now < death {
          pending += driver.handle(answer(for: peer)) + driver.handle(standbyProbe())
        }
      }
    }
    #expect(driver.instance.election.state == .active)
    #expect(driver.instance.owns)
  }

  @Test func withoutAStandbyThereIsNobodyToYieldTo() {
    var driver = owner(standby: false)
    #expect(released(driver.run(until: driver.now + .seconds(60))) == nil)
  }

  @Test func withoutAGatewaySilenceMeansNothing() {
    var driver = Driver.owner()
    driver.handle(standbyProbe())
    #expect(released(driver.run(until: driver.now + .seconds(10))) == nil)
  }

  @Test func aGatewayThatIsThePeerIsNoThirdStation() {
    var driver = Driver(witness: .strict, gateway: peer, isolation: true)
    driver.handle(.link(.ready(ownIdentity)))
    driver.runToDeadline()
    _ = driver.run(until: at(1000))
    driver.handle(.added(index: 0))
    for _ in 0..<10 {
      driver.handle(standbyProbe())
      driver.handle(answer(for: peer))
      _ = driver.run(until: driver.now + .seconds(1))
    }
    #expect(released(driver.run(until: driver.now + .seconds(10))) == nil)
  }

  @Test func aBackupThatHearsNobodyDoesNotTakeOver() throws {
    var driver = Driver.backup(gateway: gateway)
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware, gatewayHardware])
    let cutOff = driver.run(until: at(20_000))
    #expect(becameActive(cutOff) == nil)
    #expect(driver.isIsolated)
    // The answer may come before the Active router's next Advertisement.
    let back = driver.run(until: at(22_000), answering: [gatewayHardware])
    let answered = back.first {
      if case .ask(let packet, _) = $0.1 { packet.target == gateway } else { false }
    }
    let heard = try #require(answered).0
    #expect(becameActive(back) == heard + .nanoseconds(360_937_500))
  }

  @Test func aBackupThatHearsTheGatewayTakesOverInTime() {
    var driver = Driver.backup(gateway: gateway)
    _ = driver.run(until: at(5000), heartbeat: 150, answering: [peerHardware, gatewayHardware])
    let last = driver.heartbeat ?? driver.now
    let log = driver.run(until: at(6000), answering: [gatewayHardware])
    #expect(becameActive(log) == last + .nanoseconds(360_937_500))
  }

  @Test func theGatewayIsAskedAtMostTwentyTimesASecond() {
    var driver = owner()
    driver.handle(standbyProbe())
    let start = driver.now
    let log = driver.run(until: start + .seconds(2), answering: [gatewayHardware])
    let questions = log.filter {
      if case .ask(let packet, _) = $0.1 { packet.target == gateway } else { false }
    }
    #expect((2...40).contains(questions.count))
  }
}

@Suite struct ConflictRule {
  @Test func aStrangersClaimIsAnsweredAndReportedOnce() {
    var driver = Driver.owner()
    _ = driver.run(until: driver.now + .seconds(10))
    let stranger = MACAddress(bits: 0x0200_0000_0666)
    let actions = driver.handle(answer(from: stranger))
    #expect(actions.contains(.report(.conflict(stranger))))
    #expect(driver.runToDeadline().contains(.announce(first)))
    #expect(!driver.handle(answer(from: stranger)).contains(.report(.conflict(stranger))))
    #expect(driver.instance.owns)
  }

  @Test func betweenRoutersTheElectionDecides() {
    var driver = Driver.owner()
    driver.handle(standbyProbe())
    #expect(driver.handle(answer()).allSatisfy { if case .report = $0 { false } else { true } })
    // It ended there: nobody answers any more.
    let log = driver.run(until: driver.now + .seconds(1))
    #expect(log.contains { $0.1 == .ask(ask(peerHardware), to: peerHardware) })
    #expect(driver.instance.owns)
  }

  @Test(arguments: [peerHardware, MACAddress(bits: 0x0200_0000_00FF)])
  func routersThatCannotHearEachOtherAreToldApartByTheirHardwareAddresses(rival: MACAddress) {
    var driver = Driver.owner()
    let mark = standbyMark
    driver.handle(.neighbor(.request(for: vip, from: peer, at: rival, standby: mark)))
    driver.handle(answer(from: rival))
    _ = driver.run(until: driver.now + .seconds(1), answering: [rival])
    #expect(driver.instance.owns == (ownHardware.bits > rival.bits))
  }

  @Test func ofSeveralRivalsTheGreatestCounts() {
    var driver = Driver.owner()
    let mark = standbyMark
    let greatest = MACAddress(bits: 0x0200_0000_00FF)
    for rival in [peerHardware, greatest, peerHardware] {
      let address = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_0100 + UInt32(rival.bits & 255)))
      driver.handle(.neighbor(.request(for: vip, from: address, at: rival, standby: mark)))
      driver.handle(answer(from: rival))
    }
    _ = driver.run(until: driver.now + .seconds(1), answering: [peerHardware, greatest])
    #expect(!driver.instance.owns)
  }

  private func ask(_ station: MACAddress) -> NeighborPacket {
    .request(for: vip, from: own, at: ownHardware)
  }
}

@Suite struct Handover {
  private let hurried = Action.advertise(priority: 100, interval: .shortest)
  private let offer = Action.advertise(priority: 0, interval: .shortest)

  private func owner() -> Driver {
    var driver = Driver.owner()
    driver.handle(standbyProbe())
    return driver
  }

  /// A router advertises before its kernel has the address; a host that let go then would lose packets.
  @Test func theVIPIsServedUntilTheSuccessorAnnouncesIt() {
    var driver = owner()
    #expect(driver.handle(.stop).prefix(2) == [hurried, offer])
    #expect(driver.instance.owns)
    #expect(!driver.hear(100).contains(.remove(first)))
    #expect(driver.handle(answer()).contains(.remove(first)))
    #expect(driver.handle(.removed(index: 0)).last == .exit)
  }

  @Test func aSuccessorThatCanOnlyBeHeardIsEnough() {
    var driver = owner()
    driver.handle(.stop)
    _ = driver.hear(100)
    let heard = driver.now
    let log = driver.run(until: heard + .seconds(1))
    let removed = log.first { $0.1 == .remove(first) }
    #expect(removed.map { $0.0 - heard } == Instance.announcementPatience)
    #expect(!log.contains { $0.1 == offer })
  }

  /// No kernel answers for a virtual router's hardware address elsewhere.
  @Test func nobodyIsAskedForAVirtualHardwareAddress() {
    var driver = owner()
    var parameters = driver.instance.parameters
    parameters.usesVirtualMAC = true
    driver.handle(.reconfigure(parameters))
    driver.handle(.stop)
    _ = driver.hear(100)
    let heard = driver.now
    let log = driver.run(until: heard + .seconds(1))
    let removed = log.first { $0.1 == .remove(first) }
    #expect(removed.map { $0.0 - heard < Instance.announcementPatience } == true)
    #expect(!log.contains { if case .ask = $0.1 { true } else { false } })
  }

  @Test func aSuccessorThatCanOnlyBeSeenIsEnough() {
    var driver = owner()
    driver.handle(.handover)
    #expect(driver.handle(answer()).contains(.remove(first)))
    #expect(driver.instance.cause == .handover(to: peer))
  }

  @Test func aStopWithoutASuccessorEndsAllTheSame() {
    var driver = owner()
    driver.handle(.stop)
    let start = driver.now
    let log = driver.run(until: start + .seconds(3))
    let offers = log.filter { $0.1 == offer }.map { $0.0 - start }
    #expect(offers == [.milliseconds(20), .milliseconds(40)])
    #expect(log.contains { $0.1 == .remove(first) })
    #expect(log.last.map { $0.1 } == .exit)
  }

  @Test func aRequestedHandoverWithoutASuccessorIsRefused() {
    var driver = owner()
    driver.handle(.handover)
    let log = driver.run(until: driver.now + .seconds(1))
    #expect(log.contains { $0.1 == .report(.handoverRefused) })
    #expect(!log.contains { $0.1 == .remove(first) })
    #expect(driver.instance.election.state == .active)
    #expect(log.contains { $0.1 == .advertise(priority: 100, interval: .standard) })
  }

  @Test func aStoppedStandbysKernelIsNoStandby() {
    var driver = owner()
    driver.now = driver.now + .seconds(4)
    driver.handle(answer(for: peer))
    expectItStandsByWhenItSaysSo(&driver)
  }

  /// A standby of another implementation shows itself only when it takes over.
  @Test func whatAnOperatorAsksForIsOfferedToWhomeverIsThere() {
    var driver = Driver.owner()
    let offer = driver.handle(.handover)
    #expect(offer.contains(.advertise(priority: 0, interval: .shortest)))
    let log = driver.run(until: driver.now + .seconds(1)).map(\.1)
    #expect(log.contains(.handoverEnded(.refused(.nobodyTookOver))))
    #expect(!log.contains(.remove(first)))
    #expect(driver.instance.owns)
    driver.handle(.handover)
    _ = driver.hear(100)
    #expect(driver.run(until: driver.now + .milliseconds(100)).contains { $0.1 == .remove(first) })
  }

  @Test func aRequestedHandoverToAStandbyThatIsNotReadyIsRefusedAtOnce() {
    var driver = Driver.owner()
    let mark = StandbyMark(virtualRouterID: 219, priority: 100, isReady: false)
    driver.handle(.neighbor(.request(for: vip, from: peer, at: peerHardware, standby: mark)))
    #expect(driver.handle(.handover).contains(.handoverEnded(.refused(.nobodyStandsBy))))
    #expect(driver.instance.owns)
  }

  @Test func theOperatorsChoiceIsNotPreempted() {
    var driver = owner()
    driver.handle(.handover)
    _ = driver.hear(50)
    driver.handle(answer())
    #expect(driver.instance.election.state == .backup)
    let log = driver.run(until: driver.now + .seconds(30), heartbeat: 50)
    #expect(becameActive(log) == nil)
    #expect(becameActive(driver.run(until: driver.now + .seconds(1))) != nil)
  }

  @Test func aFrozenHandoverLetsGo() {
    var driver = owner()
    driver.handle(.handover)
    driver.handle(.timer, at: driver.now + .seconds(5))
    #expect(driver.actions.contains(.remove(first)))
    #expect(!driver.actions.contains(offer))
  }
}

@Suite struct ResumptionRule {
  private func resumed(after silence: Duration?) -> Driver {
    var driver = Driver(witness: .strict)
    driver.now = at(10_000)
    let last = silence.map { Instant(sinceBoot: .seconds(10) - $0) }
    driver.handle(.resume(first, until: last.map { $0 + .milliseconds(300) }))
    driver.handle(.link(.ready(ownIdentity)))
    return driver
  }

  @Test func aShortGapIsNobodysBusiness() {
    let driver = resumed(after: .milliseconds(300))
    #expect(
      driver.actions == [
        .report(.transition(.active, .resumption)), .advertise(priority: 100, interval: .standard),
        .add(first),
      ])
    #expect(driver.instance.owns)
  }

  @Test(arguments: [Duration.milliseconds(301), .seconds(5), nil])
  func aLongGapIsFollowedByListening(silence: Duration?) {
    var driver = resumed(after: silence)
    #expect(!driver.actions.contains(.add(first)))
    #expect(driver.instance.election.state == .backup)
    #expect(driver.instance.owns)
    let log = driver.run(until: at(10_200))
    #expect(becameActive(log) == at(10_100))
    #expect(log.contains { $0.1 == .add(first) })
    #expect(!log.contains { $0.1 == .remove(first) })
  }

  @Test func anyAdvertisementMeanwhileEndsIt() {
    for priority: UInt8 in [1, 100, 200] {
      var driver = resumed(after: .seconds(1))
      #expect(driver.hear(priority).first == .remove(first))
      #expect(!driver.instance.owns)
    }
  }

  @Test func anyAnswerMeanwhileEndsIt() {
    var driver = resumed(after: .seconds(1))
    #expect(driver.handle(answer()).first == .remove(first))
    #expect(!driver.instance.owns)
  }

  /// The next run may have another one.
  @Test func theIntervalThatWasAdvertisedCounts() throws {
    var driver = Driver.owner()
    let advertised = driver.instance.resumableUntil.map { $0 + .milliseconds(-300) }
    #expect(advertised.map { $0 <= driver.now } == true)
    var parameters = driver.instance.parameters
    parameters.interval = try #require(AdvertisementInterval(centiseconds: 100))
    driver.handle(.reconfigure(parameters))
    #expect(driver.instance.resumableUntil == advertised.map { $0 + .milliseconds(300) })
    let log = driver.run(until: driver.now + .milliseconds(100))
    let next = log.last { $0.1 == .advertise(priority: 100, interval: parameters.interval) }?.0
    #expect(next != nil && driver.instance.resumableUntil == next.map { $0 + .seconds(3) })
  }

  @Test func anExpiredLeaseIsNotRenewed() {
    var driver = resumed(after: .seconds(1))
    #expect(!driver.handle(.vanished(index: 0)).contains(.add(first)))
    #expect(!driver.instance.owns)
  }

  @Test func onAnUnusableLinkItIsRemoved() {
    var driver = Driver(witness: .strict)
    driver.handle(.resume(first, until: at(300)))
    #expect(driver.handle(.link(.noCarrier)).contains(.remove(first)))
    #expect(driver.handle(.removed(index: 0)).isEmpty)
  }
}

@Suite struct StandingBy {
  /// The kernel of an owner whose daemon died answers for its own address all the same.
  @Test func whoFellSilentStandsByOnlyWhenItSaysSo() {
    var driver = Driver.backup()
    _ = driver.run(until: at(1000), heartbeat: 200, answering: [peerHardware])
    _ = driver.run(until: at(3000))
    #expect(driver.instance.election.state == .active)
    driver.handle(answer(for: peer))
    expectItStandsByWhenItSaysSo(&driver)
  }

  @Test func whoResignedStandsByOnlyWhenItSaysSo() {
    var driver = Driver.backup()
    _ = driver.run(until: at(1000), heartbeat: 200, answering: [peerHardware])
    _ = driver.hear(0)
    expectItStandsByWhenItSaysSo(&driver)
  }

  /// It is better, and would take the VIP each time that the Active router is heard.
  @Test func whoMustNotOwnItSaysOnceWhomItFollows() {
    var driver = Driver.backup(priority: 200)
    driver.handle(.standBack(true))
    let log = driver.run(until: at(5000), heartbeat: 100, answering: [peerHardware])
    #expect(becameActive(log) == nil && driver.instance.hold == .barred)
    #expect(log.count { $0.1 == .report(.following(peer, priority: 100)) } == 1)
    #expect(log.count { $0.1 == .report(.holding(.barred)) } <= 1)
  }

  /// What was asked in vain while this host was cut off is no reason to warn.
  @Test func whoIsHeardAgainIsNotBlamedForWhatWasMissed() {
    var driver = Driver.backup(gateway: gateway)
    _ = driver.run(until: at(2000), heartbeat: 200, answering: [peerHardware, gatewayHardware])
    _ = driver.run(until: at(12_000))
    let log = driver.run(until: at(14_000), heartbeat: 200, answering: [peerHardware, gatewayHardware])
    #expect(!log.contains { $0.1 == .report(.unanswered(by: peer)) })
    let blocked = driver.run(until: at(24_000), heartbeat: 200)
    #expect(blocked.filter { $0.1 == .report(.unanswered(by: peer)) }.count == 1)
  }
}

@Suite struct ProxyRule {
  private let proxy = gatewayHardware

  /// Answers whatever reaches `station`, for all addresses.
  private func run(
    _ driver: inout Driver, until end: Instant, proxy station: MACAddress,
    answers: (IPAddress, Instant) -> Bool = { _, _ in true }
  ) -> [(Instant, Action)] {
    var log: [(Instant, Action)] = []
    while let deadline = driver.instance.deadline, deadline <= end {
      var pending = driver.handle(.timer, at: max(deadline, driver.now))
      while !pending.isEmpty {
        let action = pending.removeFirst()
        log.append((driver.now, action))
        guard case .ask(let question, let target) = action, [station, .broadcast].contains(target) else {
          continue
        }
        guard answers(question.target, driver.now) else { continue }
        pending += driver.handle(answer(from: station, for: question.target))
      }
    }
    return log
  }

  @Test func whoAnswersForEveryAddressHoldsOffNobody() throws {
    var driver = Driver.backup(gateway: gateway)
    let log = run(&driver, until: at(1000), proxy: proxy)
    #expect(log.contains { $0.1 == .report(.proxy(proxy)) })
    let active = try #require(becameActive(log))
    #expect(active <= at(500))
  }

  /// A router that limits its answers: one at a time, and what comes within 48 ms after it is not answered.
  @Test func aProxyThatLimitsItsAnswersIsFoundOut() throws {
    var driver = Driver.backup(gateway: gateway)
    var next = at(0)
    let log = run(&driver, until: at(10_000), proxy: proxy) { _, now in
      guard next <= now else { return false }
      next = now + .milliseconds(48)
      return true
    }
    #expect(log.contains { $0.1 == .report(.proxy(proxy)) })
    let active = try #require(becameActive(log))
    #expect(active <= at(3000))
  }

  /// It answers for the VIP, and for none of the addresses that nobody has.
  @Test func aForeignOwnerIsNoProxy() {
    var driver = Driver.backup()
    let log = driver.run(until: at(30_000), answering: [forger])
    #expect(log.contains { if case .ask(let packet, forger) = $0.1 { packet.target != vip } else { false } })
    #expect(driver.instance.hold == .foreign(forger))
  }

  @Test func whatSomebodyElseAskedForIsNoClaim() {
    var driver = Driver.owner()
    _ = driver.hear(90)
    driver.handle(answer(for: peer))
    _ = driver.run(until: driver.now + .seconds(1))
    let foreign = NeighborPacket(
      operation: .reply, senderHardware: peerHardware, sender: vip, targetHardware: ownHardware,
      target: .ipv4(.any))
    for _ in 0..<50 {
      driver.handle(.neighbor(foreign))
      _ = driver.run(until: driver.now + .milliseconds(50))
    }
    #expect(driver.instance.election.state == .active)
  }
}
