import Internet
import Ownership
import Testing
import VRRP

/// What is accepted and what is not (RFC 9568 §7.1).
@Suite struct Reception {
  @Test(
    "2. §5.1.1.3: an IPv4 packet whose TTL is not 255 is discarded", arguments: [0, 1, 64, 254] as [UInt8])
  func timeToLive(value: UInt8) {
    #expect(throws: Discard.timeToLive) { try router4.receive(router4.message(), timeToLive: value) }
  }

  @Test(
    "4. §5.1.2.3: an IPv6 packet whose hop limit is not 255 is discarded",
    arguments: [0, 1, 64, 254] as [UInt8])
  func hopLimit(value: UInt8) {
    #expect(throws: Discard.timeToLive) { try router6.receive(router6.message(), timeToLive: value) }
  }

  @Test("2, 4. Deviation: unicast may be routed, so the sender must be a peer instead", arguments: routers)
  func deviationUnicastMayBeRouted(router: VirtualRouter) throws {
    var unicast = router
    unicast.unicastPeers = [router.peer]
    #expect(try unicast.receive(router.message(), timeToLive: 3).sender == router.peer)
    unicast.unicastPeers = [router.family == .ipv4 ? greater : own6]
    #expect(throws: Discard.source) { try unicast.receive(router.message()) }
  }

  @Test("9. §7.1: another version than 3 is discarded, unless version 2 is configured", arguments: routers)
  func version(router: VirtualRouter) throws {
    for version: UInt8 in [0, 1, 2, 4, 15] {
      #expect(throws: Discard.version) { try router.receive(router.altered([0: version << 4 | 1])) }
    }
    #expect(throws: Discard.version) { try version2.receive(router4.message()) }
    #expect(throws: Never.self) { try version2.receive(version2.message()) }
  }

  @Test("10. §5.2.2: another type than 1 is discarded", arguments: routers)
  func type(router: VirtualRouter) {
    for type: UInt8 in [0, 2, 15] {
      #expect(throws: Discard.type) { try router.receive(router.altered([0: 0x30 | type])) }
    }
  }

  @Test("12. §5.2.5, erratum 8299: a packet that lists no address is ignored", arguments: routers)
  func addressCount(router: VirtualRouter) {
    #expect(throws: Discard.addressCount) { try router.receive(router.altered([3: 0])) }
  }

  @Test("17. §7.1: a packet that is cut short is discarded", arguments: routers)
  func truncated(router: VirtualRouter) {
    let message = router.message()
    for length in 0..<8 {
      #expect(throws: Discard.truncated) { try router.receive(Array(message.prefix(length))) }
    }
    let countOfMore = message[3] + 1
    #expect(throws: Discard.truncated) { try router.receive(router.altered([3: countOfMore])) }
    // With a checksum that is right for what is left.
    for length in stride(from: 8, to: message.count, by: 2) {
      #expect(throws: Discard.truncated) {
        try router.receive(router.altered([:], in: Array(message.prefix(length))))
      }
    }
  }

  @Test("19. §7.1: a packet of another VRID is discarded", arguments: routers)
  func virtualRouterID(router: VirtualRouter) {
    for id: UInt8 in [0, 1, 218, 255] {
      #expect(throws: Discard.virtualRouterID) { try router.receive(router.altered([1: id])) }
    }
  }

  @Test("20. Erratum 8298: what reaches the address owner is discarded and logged")
  func addressOwner() throws {
    var router = Router(priority: 255)
    _ = router.start()
    #expect(router.instance.election.state == .active)
    _ = router.handle(.added(index: 0))
    router.now = at(50)
    let actions = router.hear(ReceivedAdvertisement(advertisement(254), from: greater))
    #expect(actions.contains(.report(.beat(greater))))
    #expect(router.instance.election.state == .active && router.instance.owns)
  }

  @Test(
    "20. Deviation: of two address owners, a mistake, the greater address wins, so that not both have the VIP"
  )
  func deviationTwoAddressOwners() {
    var election = Election.active(priority: 255)
    _ = election.hear(255, from: lower, at: at(10))
    #expect(election.state == .active)
    _ = election.hear(255, from: greater, at: at(20))
    #expect(election.state == .backup)
  }

  @Test("21. §7.1: another interval than configured is logged, and the packet obeyed")
  func intervalMismatch() throws {
    var router = Router()
    _ = router.start()
    let other = try interval(50)
    var actions: [Action] = []
    for step in 0..<10 {
      router.now = at(Double(step) * 500)
      actions += router.hear(ReceivedAdvertisement(advertisement(200, other), from: lower))
    }
    #expect(actions.contains(.report(.intervalDiffers(lower, other))))
    #expect(actions.contains(.report(.following(lower, priority: 200))))
    #expect(router.instance.election.activeInterval == other)
  }

  @Test("22. §7.1: another list of addresses is logged, and the packet obeyed", arguments: routers)
  func addressListMismatch(of router: VirtualRouter) throws {
    var other = router
    other.addresses.append(router.family == .ipv4 ? greater : peer6)
    let received = try router.receive(other.message(200))
    #expect(!received.addressesMatch)

    var instance = Router(addresses: router.addresses)
    _ = instance.start()
    let actions = instance.hear(received)
    #expect(actions.contains(.report(.addressesDiffer(router.peer))))
    #expect(actions.contains(.report(.following(router.peer, priority: 200))))
  }
}
