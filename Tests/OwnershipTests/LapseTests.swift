import Internet
import Neighbor
import Testing
import VRRP

@testable import Ownership

/// An Active router whose own address goes. The interval is 100 ms.
@Suite struct LapseTests {
  private static let other = IPv4Address(bits: 0xC0A8_0105)
  private static let advertisement = Action.advertise(priority: 100, interval: .standard)

  /// An owner that advertised at `start`, and the moment a while later.
  private func owner(after delay: Duration = .milliseconds(30)) -> (driver: Driver, start: Instant) {
    var driver = Driver.owner()
    _ = driver.run(until: driver.now + .seconds(5))
    while !driver.actions.contains(Self.advertisement) { driver.runToDeadline() }
    let start = driver.now
    _ = driver.run(until: start + delay)
    return (driver, start)
  }

  @Test(arguments: [ownIdentity, Identity(ipv4: other, hardware: ownHardware)])
  func anAddressThatIsBackInTimeChangesNothing(identity: Identity) {
    var (driver, _) = owner()
    #expect(driver.handle(.link(.noAddress(.ipv4))).isEmpty)
    _ = driver.run(until: driver.now + .milliseconds(20))
    // Everybody learns at once that it is still there.
    #expect(driver.handle(.link(.ready(identity))) == [Self.advertisement])
    #expect(driver.instance.owns)
    #expect(driver.instance.election.parameters.primary == .ipv4(identity.ipv4 ?? Self.other))
    let log = driver.run(until: driver.now + .seconds(1))
    #expect(log.filter { $0.1 == Self.advertisement }.count == 10)
    #expect(driver.instance.owns)
  }

  /// The others wait for three intervals.
  @Test func theVIPGoesTwoIntervalsAfterTheLastAdvertisement() {
    var (driver, start) = owner()
    driver.handle(.link(.noAddress(.ipv4)))
    let log = driver.run(until: driver.now + .seconds(10)).filter { entry in
      if case .announce = entry.1 { false } else { true }
    }
    // Renewals of the lease go on until then; nothing else does.
    let end = log.drop { if case .add = $0.1 { true } else { false } }
    #expect(end.map(\.0) == [Instant](repeating: start + .milliseconds(200), count: 3))
    #expect(
      end.map(\.1) == [
        .report(.linkUnusable(.noAddress(.ipv4))), .report(.transition(.initialize, .shutdown)),
        .remove(first),
      ])
    #expect(driver.instance.deadline == nil)
    driver.handle(.removed(index: 0))
    driver.handle(.link(.ready(ownIdentity)))
    #expect(driver.instance.election.state == .backup)
  }

  /// Another family does not begin it anew, and nothing else that is missing is forgiven.
  @Test func oneLapseIsOne() {
    var (driver, start) = owner()
    driver.handle(.link(.noAddress(.ipv4)))
    _ = driver.run(until: start + .milliseconds(150))
    #expect(driver.handle(.link(.noAddress(.ipv6))).isEmpty)
    #expect(driver.handle(.link(.noCarrier)).contains(.remove(first)))
    #expect(driver.instance.deadline == nil)
  }

  @Test func neighborsLearnOfAnotherHardwareAddress() {
    var (driver, _) = owner()
    driver.handle(.link(.noAddress(.ipv4)))
    let moved = Identity(ipv4: ownIdentity.ipv4, hardware: MACAddress(bits: 0x0200_0000_0042))
    driver.handle(.link(.ready(moved)))
    #expect(driver.run(until: driver.now + .milliseconds(1)).contains { $0.1 == .announce(first) })
  }

  /// Nobody would hear an offer.
  @Test func aStopWaitsUntilThereIsAnAddress() {
    var (driver, _) = owner()
    let mark = StandbyMark(virtualRouterID: 219, priority: 100, isReady: true)
    driver.handle(.neighbor(.request(for: vip, from: peer, at: peerHardware, standby: mark)))
    driver.handle(.link(.noAddress(.ipv4)))
    #expect(driver.handle(.stop).isEmpty)
    let offer = driver.handle(.link(.ready(ownIdentity)))
    #expect(offer.contains(.advertise(priority: 0, interval: .shortest)))
    #expect(!offer.contains(.remove(first)))
  }

  /// Who has promised to let go cannot promise anything else.
  @Test func anOfferIsNotOutlasted() {
    var (driver, _) = owner()
    let mark = StandbyMark(virtualRouterID: 219, priority: 100, isReady: true)
    driver.handle(.neighbor(.request(for: vip, from: peer, at: peerHardware, standby: mark)))
    #expect(driver.handle(.handover).contains(.advertise(priority: 0, interval: .shortest)))
    #expect(driver.handle(.link(.noAddress(.ipv4))).contains(.remove(first)))
  }

  /// Only the Active router has something to keep.
  @Test func aBackupRouterTakesNoPart() {
    var driver = Driver()
    driver.handle(.link(.ready(ownIdentity)))
    driver.handle(.link(.noAddress(.ipv4)))
    #expect(driver.instance.election.state == .initialize)
  }
}
