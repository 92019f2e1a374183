import Internet
import Neighbor
import Testing
import VRRP

@testable import Ownership

/// IPv4 and IPv6 under one decision.
@Suite struct BothFamilies {
  private let vip6 = IPAddress.ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x219))
  /// Of a router that wins ties over IPv6 and loses them over IPv4.
  private let peer6 = IPAddress.ipv6(IPv6Address(high: 0xFE80 << 48, low: 0xFFFF))
  private let identity = Identity(
    ipv4: IPv4Address(bits: 0xC0A8_01DA), ipv6: IPv6Address(high: 0xFE80 << 48, low: 0x218),
    hardware: ownHardware)

  private func driver(_ witness: Parameters.WitnessMode = .off) -> Driver {
    var driver = Driver(addressCount: 1, witness: witness)
    var parameters = driver.instance.parameters
    parameters.addresses = [.host(vip), .host(vip6, 64)]
    driver.instance = Instance(parameters)
    driver.handle(.link(.ready(identity)))
    return driver
  }

  private func owner() -> Driver {
    var driver = driver()
    driver.runToDeadline()
    for index in 0..<2 { driver.handle(.added(index: index)) }
    #expect(driver.instance.owns)
    return driver
  }

  /// Advertises every 100 ms for `duration`; every action of the instance.
  private func advertise(
    _ priority: UInt8, from sender: IPAddress, for duration: Duration, _ driver: inout Driver
  ) -> [Action] {
    let end = driver.now + duration
    var actions: [Action] = []
    while driver.now < end {
      actions += driver.hear(priority, from: sender)
      actions += driver.run(until: driver.now + .milliseconds(100)).map(\.1)
    }
    return actions
  }

  @Test func aResignationWaitsForTheAddressesOfBothFamilies() {
    var driver = owner()
    #expect(driver.handle(.standBack(true)).contains(.remove(.all(2))))
    #expect(driver.handle(.removed(index: 0)) == [])
    #expect(driver.handle(.removed(index: 1)) == [.advertise(priority: 0, interval: .standard)])
  }

  @Test func aTieIsBrokenByTheFirstFamilyAlone() {
    var driver = owner()
    _ = advertise(100, from: peer6, for: .milliseconds(300), &driver)
    #expect(driver.instance.election.state == .active)
    _ = driver.hear(100, from: peer)
    #expect(driver.instance.election.state == .active)
  }

  @Test func aBetterRouterThatGoesOnInTheOtherFamilyIsYieldedTo() {
    var driver = owner()
    let actions = advertise(101, from: peer6, for: .seconds(1), &driver)
    #expect(actions.contains(.report(.transition(.backup, .better(peer6, priority: 101)))))
    #expect(actions.contains(.remove([AddressSet(index: 0), AddressSet(index: 1)])))
  }

  @Test func whoWasHeardLongAgoBeginsAnew() {
    var driver = owner()
    for _ in 0..<5 {
      _ = driver.hear(101, from: peer6)
      _ = driver.run(until: driver.now + .seconds(2))
    }
    #expect(driver.instance.election.state == .active)
  }

  @Test func aBackupRouterWaitsForEitherFamily() {
    var driver = driver()
    _ = advertise(100, from: peer6, for: .seconds(2), &driver)
    #expect(driver.instance.election.state == .backup)
    _ = driver.run(until: driver.now + .milliseconds(400))
    #expect(driver.instance.election.state == .active)
  }

  @Test func theWitnessAsksEachFamilyInItsOwnTongue() {
    var driver = driver(.strict)
    let asked = driver.run(until: at(300)).compactMap { entry -> NeighborPacket? in
      if case .ask(let packet, _) = entry.1 { packet } else { nil }
    }
    #expect(Set(asked.map(\.target)) == [vip, vip6])
    for packet in asked { #expect(packet.sender == identity.address(packet.target.family)) }
  }

  /// At the virtual MAC address of one family nobody answers for the other: asked there, an owner that is well
  /// would seem silent.
  @Test func theWitnessAsksEachFamilyAtItsOwnStation() {
    var driver = driver(.strict)
    var parameters = driver.instance.parameters
    parameters.addresses.append(.host(.ipv6(IPv6Address(high: 0xFD00 << 48, low: 0x219)), 64))
    driver.handle(.reconfigure(parameters))
    func answer(_ address: IPAddress) -> Event {
      .neighbor(
        NeighborPacket(
          operation: .reply, senderHardware: .virtualRouter(219, address.family), sender: address,
          target: identity.address(address.family) ?? own))
    }
    let addresses = parameters.addresses.map(\.address)
    for address in addresses.reversed() { driver.handle(answer(address)) }
    _ = driver.hear(100)
    var reports: [Action] = []
    var asked: Set<IPAddress> = []
    let end = driver.now + .seconds(3)
    while driver.now < end, driver.instance.deadline != nil {
      for action in driver.runToDeadline() {
        if case .report(.holding) = action { reports.append(action) }
        guard case .ask(let probe, let station) = action, addresses.contains(probe.target),
          station == .broadcast || station == .virtualRouter(219, probe.target.family)
        else { continue }
        if station != .broadcast { asked.insert(probe.target) }
        driver.handle(answer(probe.target))
      }
    }
    // The Active router has been silent for long, but its kernel answers.
    #expect(asked == Set(addresses))
    #expect(driver.instance.election.state == .backup)
    #expect(reports.count == 1)
  }

  /// Two routers that cannot hear each other have the VIP, the other one at virtual MAC addresses.
  @Test func aRivalIsAskedForWhatItClaimed() throws {
    var driver = owner()
    driver.handle(
      .neighbor(
        NeighborPacket(
          operation: .reply, senderHardware: .virtualRouter(219, .ipv6), sender: vip6,
          target: .ipv6(.allNodes))))
    let asked = driver.run(until: driver.now + .milliseconds(250)).compactMap { entry -> IPAddress? in
      guard case .ask(let packet, let station) = entry.1, station == .virtualRouter(219, .ipv6) else {
        return nil
      }
      return packet.target
    }
    #expect(asked == [vip6])
  }

  @Test func checksumsAreFormedAsHeard() {
    var driver = driver()
    #expect(driver.instance.dialect.checksum == .rfc5798)
    let advertisement = Advertisement(virtualRouterID: 219, priority: 100, interval: .standard)
    driver.handle(.advertisement(ReceivedAdvertisement(advertisement, from: peer, checksum: .rfc9568)))
    #expect(driver.instance.dialect.checksum == .rfc9568)
    driver.handle(.advertisement(ReceivedAdvertisement(advertisement, from: peer6, checksum: nil)))
    #expect(driver.instance.dialect.checksum == .rfc9568)
    var fixed = driver.instance.parameters
    fixed.checksum = .rfc5798
    driver.handle(.reconfigure(fixed))
    #expect(driver.instance.dialect.checksum == .rfc5798)
  }
}

@Suite struct ChangedAddresses {
  @Test func thoseThatRemainStayAsTheyAre() {
    var driver = Driver.owner(addressCount: 3)
    let old = driver.instance.parameters.addresses
    var changed = driver.instance.parameters
    changed.addresses = [old[2], .host(.ipv4(IPv4Address(bits: 0xC0A8_0164))), old[0]]
    #expect(driver.handle(.reconfigure(changed)) == [.add(AddressSet(index: 1))])
    #expect(driver.instance.present == [AddressSet(index: 0), AddressSet(index: 2)])
    #expect(!driver.instance.owns)
    driver.handle(.added(index: 1))
    #expect(driver.instance.owns && driver.instance.election.state == .active)
  }

  /// 192.168.1.219/24 and /32 can be there at once: the second one is another address.
  @Test func anIPv4AddressWithAnotherPrefixIsAdded() {
    var driver = Driver.owner()
    var changed = driver.instance.parameters
    changed.addresses = [.host(vip, 32)]
    #expect(driver.handle(.reconfigure(changed)) == [.add(first)])
    #expect(driver.instance.present.isEmpty && driver.instance.election.state == .active)
    #expect(driver.handle(.added(index: 0)) == [.announce(first), .report(.owned)])
  }

  @Test func theOldAndTheNewPrefixMayBeListedTogether() {
    var driver = Driver.owner()
    var changed = driver.instance.parameters
    changed.addresses = [.host(vip, 32), .host(vip, 24)]
    #expect(driver.handle(.reconfigure(changed)) == [.add(first)])
    #expect(driver.instance.present == AddressSet(index: 1))
  }

  /// The kernel has one IPv6 address, whatever its prefix.
  @Test func anIPv6AddressWithAnotherPrefixIsTheSame() {
    let vip6 = IPAddress.ipv6(IPv6Address(high: 0xFD00 << 48, low: 0x219))
    var driver = Driver()
    var parameters = driver.instance.parameters
    parameters.addresses.append(.host(vip6, 64))
    driver.instance = Instance(parameters)
    driver.handle(
      .link(
        .ready(
          Identity(
            ipv4: ownIdentity.ipv4, ipv6: IPv6Address(high: 0xFE80 << 48, low: 0x218), hardware: ownHardware))
      ))
    driver.runToDeadline()
    for index in 0..<2 { driver.handle(.added(index: index)) }
    parameters.addresses[1] = .host(vip6, 128)
    #expect(driver.handle(.reconfigure(parameters)).isEmpty)
    #expect(driver.instance.owns)
  }

  @Test func aBackupRouterAddsNothing() {
    var driver = Driver(addressCount: 1)
    driver.handle(.link(.ready(ownIdentity)))
    var changed = driver.instance.parameters
    changed.addresses.append(.host(.ipv4(IPv4Address(bits: 0xC0A8_0164))))
    #expect(driver.handle(.reconfigure(changed)).isEmpty)
    #expect(driver.runToDeadline().contains(.add(.all(2))))
  }
}
