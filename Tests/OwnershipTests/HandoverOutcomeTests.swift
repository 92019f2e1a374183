import Internet
import Neighbor
import Testing
import VRRP

@testable import Ownership

private func standby(isReady: Bool = true) -> Event {
  .neighbor(
    .request(
      for: vip, from: peer, at: peerHardware,
      standby: StandbyMark(virtualRouterID: 219, priority: 100, isReady: isReady)))
}

private let announcement = Event.neighbor(.announcement(.request, for: vip, at: peerHardware))

extension [Action] {
  fileprivate var outcomes: [HandoverOutcome] {
    compactMap { if case .handoverEnded(let outcome) = $0 { outcome } else { nil } }
  }
}

/// Whoever asks for a handover gets one answer.
@Suite struct HandoverOutcomes {
  private func accompanied() -> Driver {
    var driver = Driver.owner()
    driver.handle(standby())
    return driver
  }

  @Test func theSuccessorIsNamed() {
    var driver = accompanied()
    #expect(driver.handle(.handover).outcomes == [])
    #expect(driver.hear(100).outcomes == [])
    #expect(driver.run(until: driver.now + .milliseconds(25)).map(\.1).outcomes == [.takenOver(by: peer)])
    #expect(driver.run(until: driver.now + .seconds(1)).map(\.1).outcomes == [])
  }

  @Test func aBackupRouterNamesTheOwner() {
    var driver = Driver()
    #expect(driver.handle(.handover).outcomes == [.refused(.notActive(owner: nil))])
    driver.handle(.link(.ready(ownIdentity)))
    _ = driver.hear(200)
    #expect(driver.handle(.handover).outcomes == [.refused(.notActive(owner: peer))])
  }

  @Test func aClaimNamesTheRival() {
    var driver = Driver(priority: 200, witness: .strict)
    driver.handle(.link(.ready(ownIdentity)))
    driver.handle(announcement, at: at(280))
    _ = driver.hear(100)
    driver.runToDeadline()
    while driver.instance.election.state == .backup { driver.runToDeadline() }
    #expect(driver.handle(.handover).outcomes == [.refused(.notActive(owner: peer))])
  }

  @Test func anAddressThatIsNotThereYetCannotBeHandedOver() {
    var driver = accompanied()
    driver.handle(.vanished(index: 0))
    #expect(driver.handle(.handover).outcomes == [.refused(.notActive(owner: nil))])
  }

  @Test func withoutAStandbyThatIsReadyItIsRefusedAtOnce() {
    var driver = Driver.owner()
    driver.handle(standby(isReady: false))
    #expect(driver.handle(.handover).outcomes == [.refused(.nobodyStandsBy)])
  }

  @Test func aStandbyThatDoesNotTakeOverIsTold() {
    var driver = accompanied()
    driver.handle(.handover)
    let log = driver.run(until: driver.now + .seconds(1)).map(\.1)
    #expect(log.outcomes == [.refused(.nobodyTookOver)])
    #expect(driver.instance.owns)
  }

  @Test func severalShareOneOutcome() {
    var driver = accompanied()
    driver.handle(.handover)
    #expect(driver.handle(.handover).outcomes == [])
    #expect(driver.handle(announcement).outcomes == [.takenOver(by: peer)])
  }

  @Test(arguments: [LinkCondition.noCarrier, .absent])
  func aLostLinkInterruptsIt(condition: LinkCondition) {
    var driver = accompanied()
    driver.handle(.handover)
    #expect(driver.handle(.link(condition)).outcomes == [.refused(.interrupted)])
  }

  @Test func aLateLoopInterruptsIt() {
    var driver = accompanied()
    driver.handle(.handover)
    #expect(driver.handle(.timer, at: driver.now + .seconds(5)).outcomes == [.refused(.interrupted)])
  }

  @Test func aStopGoesOnWithIt() {
    var driver = accompanied()
    driver.handle(.handover)
    #expect(driver.handle(.stop).outcomes == [])
    let end = driver.handle(announcement)
    #expect(end.outcomes == [.takenOver(by: peer)])
    #expect(driver.handle(.removed(index: 0)).last == .exit)
  }

  @Test func aStopThatNobodyFollowsAnswersBeforeItExits() {
    var driver = accompanied()
    driver.handle(.stop)
    #expect(driver.handle(.handover).outcomes == [])
    var log = driver.run(until: driver.now + .milliseconds(300)).map(\.1)
    log += driver.handle(.removed(index: 0))
    #expect(log.outcomes == [.refused(.nobodyTookOver)])
    #expect(log.last == .exit)
  }

  /// Who is told to stop while a standby may still get ready stops all the same.
  @Test func aStopThatWaitsForAStandbyIsNotCalledOff() {
    var driver = Driver.owner()
    driver.handle(standby(isReady: false))
    driver.handle(.stop)
    driver.handle(.handover)
    let log = driver.run(until: driver.now + .milliseconds(1600)).map(\.1)
    #expect(log.contains(.remove(first)))
    #expect(log.outcomes == [.refused(.nobodyStandsBy)])
  }

  @Test func aHostThatMayOwnTheVIPAgainHasNoReasonToHandItOver() {
    var driver = Driver.owner()
    driver.handle(standby(isReady: false))
    driver.handle(.standBack(true))
    #expect(driver.handle(.handover).outcomes == [])
    #expect(driver.handle(.standBack(false)).outcomes == [.refused(.interrupted)])
  }

  @Test(arguments: 1...200)
  func whateverHappensEveryRequestIsAnswered(seed: UInt64) {
    var driver = Driver(addressCount: 2, witness: .strict)
    var random = Generator(state: seed)
    var isOpen = false
    func follow(_ actions: [Action]) {
      for outcome in actions.outcomes {
        #expect(isOpen, "\(outcome) without a request")
        isOpen = false
      }
    }
    driver.handle(.link(.ready(ownIdentity)))
    for _ in 0..<200 {
      let event = random.event()
      if event == .handover { isOpen = true }
      follow(driver.handle(event, at: driver.now + .milliseconds(Int.random(in: 0...60, using: &random))))
      if let deadline = driver.instance.deadline, Bool.random(using: &random) {
        follow(driver.handle(.timer, at: max(driver.now, deadline)))
      }
    }
    if isOpen { follow(driver.run(until: driver.now + .seconds(10)).map(\.1)) }
    #expect(!isOpen)
  }

  /// RFC 9568 §6.4.3 has an Active router contradict a resignation, which would take back what is offered.
  @Test func aResignationDoesNotTakeTheOfferBack() {
    var driver = accompanied()
    driver.handle(.handover)
    let answers = driver.hear(0).filter { if case .advertise = $0 { true } else { false } }
    #expect(answers == [])
    #expect(driver.hear(100).outcomes == [])
    #expect(driver.handle(announcement).outcomes == [.takenOver(by: peer)])
  }
}

private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ (state >> 33)) &* 0xFF51_AFD7_ED55_8CCD
  }

  mutating func event() -> Event {
    let index = Int.random(in: 0...1, using: &self)
    switch Int.random(in: 0...19, using: &self) {
    case 0...2: return .handover
    case 3...7: return standby(isReady: Bool.random(using: &self))
    case 8...12: return .added(index: index)
    case 13: return .vanished(index: index)
    case 14: return .removed(index: index)
    case 15: return announcement
    case 16: return .standBack(Bool.random(using: &self))
    case 17: return .link(Bool.random(using: &self) ? .noCarrier : .ready(ownIdentity))
    case 18: return .addFailed(index: index, errno: 12)
    default:
      return .advertisement(
        ReceivedAdvertisement(
          Advertisement(
            virtualRouterID: 219, priority: UInt8.random(in: 0...200, using: &self), interval: .standard),
          from: peer))
    }
  }
}
