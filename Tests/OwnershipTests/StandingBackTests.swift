import Internet
import Neighbor
import Testing
import VRRP

@testable import Ownership

/// A host that must not own the VIP: maintenance, or a service that failed.
@Suite struct StandingBack {
  private func standby(_ priority: UInt8 = 100, isReady: Bool = true) -> Event {
    .neighbor(
      .request(
        for: vip, from: peer, at: peerHardware,
        standby: StandbyMark(virtualRouterID: 219, priority: priority, isReady: isReady)))
  }

  @Test func anOwnerWithoutStandbyLetsGo() {
    var driver = Driver.owner()
    let actions = driver.handle(.standBack(true))
    #expect(actions.contains(.remove(first)))
    #expect(driver.handle(.removed(index: 0)) == [.advertise(priority: 0, interval: .standard)])
    #expect(driver.instance.election.state == .backup && driver.instance.cause == .barred)
  }

  @Test func anOwnerWithAStandbyServesUntilThatOneDoes() {
    var driver = Driver.owner()
    driver.handle(standby())
    let offer = driver.handle(.standBack(true))
    #expect(offer.contains(.advertise(priority: 0, interval: .shortest)))
    #expect(!offer.contains(.remove(first)))
    _ = driver.hear(100, from: peer)
    let end = driver.run(until: driver.now + .milliseconds(25)).map(\.1)
    #expect(end.contains(.remove(first)))
    #expect(driver.instance.cause == .handover(to: peer))
  }

  @Test func aStandbyThatMustNotOwnItIsNoSuccessor() {
    var driver = Driver.owner()
    driver.handle(standby(isReady: false))
    #expect(driver.instance.standbys(at: driver.now).isEmpty)
    #expect(driver.handle(.handover).contains(.report(.handoverRefused)))
    #expect(driver.handle(.standBack(true)).isEmpty, "it may say in a moment that it is ready")
    let log = driver.run(until: driver.now + .milliseconds(1600)).map(\.1)
    #expect(log.contains(.remove(first)))
  }

  @Test func aStandbyThatGetsReadyInTimeIsTheSuccessor() {
    var driver = Driver.owner()
    driver.handle(standby(isReady: false))
    driver.handle(.standBack(true))
    _ = driver.run(until: driver.now + .milliseconds(900))
    let offer = driver.handle(standby())
    #expect(offer.contains(.advertise(priority: 0, interval: .shortest)))
    #expect(!offer.contains(.remove(first)))
  }

  @Test func whoMayOwnItAgainKeepsWhatNobodyTook() {
    var driver = Driver.owner()
    driver.handle(standby())
    driver.handle(.standBack(true))
    driver.handle(.standBack(false), at: driver.now + .milliseconds(70))
    let log = driver.run(until: driver.now + .seconds(1)).map(\.1)
    #expect(log.contains(.report(.handoverRefused)))
    #expect(driver.instance.election.state == .active && driver.instance.owns)
  }

  @Test func aBackupRouterWaitsAndThenTakesOverAtOnce() {
    var driver = Driver()
    driver.handle(.standBack(true))
    driver.handle(.link(.ready(ownIdentity)))
    let log = driver.run(until: at(5000)).map(\.1)
    #expect(log.contains(.report(.holding(.barred))))
    #expect(driver.instance.election.state == .backup && driver.instance.hold == .barred)
    driver.handle(.standBack(false), at: at(5001))
    #expect(driver.instance.deadline == at(5001))
    #expect(driver.runToDeadline().contains(.add(first)))
  }

  @Test func anAddressOwnerWaits() {
    var driver = Driver(priority: 255)
    driver.handle(.standBack(true))
    driver.handle(.link(.ready(ownIdentity)))
    _ = driver.run(until: at(5000))
    #expect(driver.instance.election.state == .backup)
  }

  @Test func sayingItTwiceChangesNothing() {
    var driver = Driver.owner()
    driver.handle(.standBack(true))
    #expect(driver.handle(.standBack(true)).isEmpty)
    driver.handle(.standBack(false))
    #expect(driver.handle(.standBack(false)).isEmpty)
  }

  @Test func theOwnerSaysWhetherItIsProtected() {
    var driver = Driver.owner()
    let alone = driver.run(until: driver.now + .seconds(6)).map(\.1)
    #expect(alone.filter { $0 == .report(.protected(false)) }.count == 1)
    driver.handle(standby(77))
    let accompanied = driver.run(until: driver.now + .milliseconds(1100)).map(\.1)
    #expect(accompanied.contains(.report(.protected(true))))
    #expect(driver.instance.peers.first?.standbyPriority == 77)
    let left = driver.run(until: driver.now + .seconds(6)).map(\.1)
    #expect(left.filter { $0 == .report(.protected(false)) }.count == 1)
  }
}
