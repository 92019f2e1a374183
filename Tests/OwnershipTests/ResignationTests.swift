import Internet
import Neighbor
import Testing
import VRRP

@testable import Ownership

/// The invitation to take over never overtakes the removal of the addresses.
@Suite struct ResignationRule {
  private let resignation = Action.advertise(priority: 0, interval: .standard)

  /// A router that gave up its addresses, because it must not own them, and waits for its kernel.
  private func resigning(addressCount: Int = 1) -> Driver {
    var driver = Driver.owner(addressCount: addressCount)
    let actions = driver.handle(.standBack(true))
    #expect(actions.contains(.remove(.all(addressCount))))
    #expect(!actions.contains(resignation))
    return driver
  }

  @Test func itWaitsForTheLastAddress() {
    var driver = resigning(addressCount: 2)
    #expect(driver.handle(.removed(index: 1)) == [])
    #expect(driver.handle(.removed(index: 0)) == [resignation])
    #expect(driver.run(until: driver.now + .milliseconds(100)).isEmpty)
  }

  @Test func newsOfTheRemovalIsAsGoodAsTheAnswer() {
    var driver = resigning()
    #expect(driver.handle(.vanished(index: 0)) == [resignation])
    #expect(driver.handle(.removed(index: 0)) == [])
  }

  @Test func aRefusedRemovalInvitesNobody() {
    var driver = resigning()
    #expect(driver.handle(.removeFailed(index: 0, errno: 16)).contains(resignation) == false)
    let log = driver.run(until: driver.now + .milliseconds(100)).map(\.1)
    #expect(log == [.remove(first)])
    #expect(driver.handle(.removed(index: 0)) == [resignation])
  }

  @Test func aStopThatTheKernelDoesNotAnswerInvitesNobody() {
    var driver = Driver.owner()
    driver.handle(.stop)
    #expect(driver.run(until: driver.now + .seconds(5)).map(\.1) == [.exit])
  }

  @Test func aStopAfterwardsTakesNothingBack() {
    var driver = resigning()
    #expect(driver.handle(.stop) == [.report(.transition(.initialize, .shutdown))])
    #expect(driver.handle(.removed(index: 0)) == [resignation, .exit])
  }

  @Test func aRouterThatIsActiveAgainDoesNotResign() {
    var driver = resigning()
    driver.handle(.standBack(false))
    let log = driver.run(until: driver.now + .seconds(2)).map(\.1)
    #expect(log.contains(.add(first)))
    driver.handle(.removed(index: 0))
    #expect(!driver.actions.contains(resignation))
    driver.handle(.added(index: 0))
    #expect(!driver.actions.contains(resignation))
  }

  @Test func anotherActiveRouterNeedsNoInvitation() {
    var driver = resigning()
    _ = driver.hear(50)
    #expect(driver.handle(.removed(index: 0)) == [])
  }

  @Test(arguments: [LinkCondition.noCarrier, .down, .noAddress(.ipv4), .absent])
  func aLostLinkInvitesNobodyNorDoesTheNextOne(condition: LinkCondition) {
    var driver = resigning()
    driver.handle(.link(condition))
    driver.handle(.link(.ready(ownIdentity)))
    #expect(!driver.handle(.removed(index: 0)).contains(resignation))
    var owner = Driver.owner()
    owner.handle(.link(condition))
    _ = owner.run(until: owner.now + .seconds(3))
    #expect(!owner.handle(.removed(index: 0)).contains(resignation))
  }

  @Test func anAddressThatIsNoLongerConfiguredCannotBeConfirmed() {
    var driver = resigning(addressCount: 2)
    var changed = driver.instance.parameters
    changed.addresses.removeLast()
    driver.handle(.reconfigure(changed))
    #expect(driver.handle(.removed(index: 0)) == [])
  }

  @Test func aHandoverEndsWithoutInvitingBeforeTheRemoval() {
    var driver = Driver.owner()
    let mark = StandbyMark(virtualRouterID: 219, priority: 100, isReady: true)
    driver.handle(.neighbor(.request(for: vip, from: peer, at: peerHardware, standby: mark)))
    driver.handle(.handover)
    let end = driver.handle(.neighbor(.announcement(.request, for: vip, at: peerHardware)))
    #expect(end.contains(.remove(first)))
    #expect(!end.contains(resignation))
    #expect(driver.handle(.removed(index: 0)) == [resignation])
  }

  @Test func aRouterThatOnlyClaimedHasNothingToGiveAway() {
    var driver = Driver(priority: 200, witness: .strict)
    driver.handle(.link(.ready(ownIdentity)))
    while driver.instance.election.state == .backup {
      _ = driver.hear(100)
      driver.runToDeadline()
    }
    driver.handle(.stop)
    #expect(!driver.actions.contains(resignation))
  }
}
