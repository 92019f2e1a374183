import Glibc
import Internet
import Lab
import Neighbor
import Testing

/// What the real daemon puts on a segment, and what a client finds there. One at a time, for they need time.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root"))
struct Wire {
  private static let families = AddressFamily.allCases

  @Test("1, 3. §5.1.1.3, §5.1.2.3: Advertisements have TTL or hop limit 255", arguments: families)
  func timeToLive(family: AddressFamily) throws {
    let sent = try Pair.advertisements(family)
    #expect(sent.allSatisfy { $0.advertisement.timeToLive == 255 })
  }

  @Test("5. §5.1.1: over IPv4 from the primary address to 224.0.0.18")
  func addressesOverIPv4() throws {
    for (frame, advertisement) in try Pair.advertisements(.ipv4) {
      #expect(advertisement.source == Segment.address(217).ip)
      #expect(advertisement.destination == IPAddress("224.0.0.18"))
      #expect(frame.destination == MACAddress(bits: 0x0100_5E00_0012))
    }
  }

  @Test(
    "6. §5.1.2: over IPv6 from the link-local address to ff02::12; §5.2.9: the first address is link-local")
  func addressesOverIPv6() throws {
    for (frame, advertisement) in try Pair.advertisements(.ipv6) {
      #expect(advertisement.source.ipv6?.isLinkLocal == true)
      #expect(advertisement.destination == IPAddress("ff02::12"))
      #expect(frame.destination == MACAddress(bits: 0x3333_0000_0012))
      #expect(advertisement.addresses.map { $0.ipv6?.isLinkLocal } == [true, false])
    }
  }

  @Test("7. §5.1.1.4, §5.1.2.4: the protocol, or next header, is 112", arguments: families)
  func ipProtocol(family: AddressFamily) throws {
    for (frame, advertisement) in try Pair.advertisements(family) {
      #expect(frame.bytes[family == .ipv4 ? 14 + 9 : 14 + 6] == 112)
      #expect((advertisement.version, advertisement.type) == (3, 1))
      #expect((advertisement.virtualRouterID, advertisement.priority) == (219, 100))
    }
  }

  @Test("14. §5.2.7: Advertisements come as often as they say", arguments: families)
  func pace(family: AddressFamily) throws {
    let sent = try Pair.advertisements(family)
    #expect(sent.allSatisfy { $0.advertisement.interval == 10 })
    for (first, second) in zip(sent, sent.dropFirst()) {
      let gap = second.frame.time - first.frame.time
      #expect(gap > .milliseconds(50) && gap < .milliseconds(300), "\(gap)")
    }
  }

  @Test(
    "8. §7.2, §7.3: with a virtual MAC address, the owner's Advertisements come from it; deviation: and once more from the interface's own, for ports that let no other out",
    arguments: families)
  func virtualSourceMAC(family: AddressFamily) throws {
    let pair = try Pair { $0.usesVirtualMAC = true }
    let start = MonotonicClock.now
    pause(.milliseconds(500))
    let physical = try pair.segment.host(217).hardwareAddress
    let sources = pair.advertisements(family, from: start).map(\.frame.source)
    #expect(Set(sources) == [.virtualRouter(219, family), physical])
    let virtual = sources.count { $0 == .virtualRouter(219, family) }
    #expect(abs(2 * virtual - sources.count) <= 1)
  }

  @Test(
    "8. Deviation: its first and last come from the interface's own, for the VIP is not there yet, or any more"
  )
  func deviationFirstAndLastAdvertisement() throws {
    let pair = try Pair { $0.usesVirtualMAC = true }
    let physical = try pair.segment.host(217).hardwareAddress
    try pair.stop(217)
    try pair.expectOwner(218)
    let sent = pair.advertisements(.ipv4, by: 217)
    #expect(sent.first?.frame.source == physical)
    let last = try #require(sent.last)
    #expect(last.advertisement.priority == 0 && last.frame.source == physical)
  }

  @Test(
    "8. Deviation: without VirtualMAC=yes, and by default, everything comes from the interface's own",
    arguments: families)
  func deviationPhysicalSourceMAC(family: AddressFamily) throws {
    let pair = try Pair()
    let physical = try pair.segment.host(217).hardwareAddress
    #expect(pair.advertisements(family).allSatisfy { $0.frame.source == physical })
    for address in pair.addresses { #expect(try pair.client(knows: address) == physical) }
  }

  @Test(
    "31. §6.4.2: a Backup router answers no ARP or Neighbor Solicitation for the VIP",
    arguments: [false, true])
  func backupAnswersNobody(usesVirtualMAC: Bool) throws {
    let pair = try Pair { $0.usesVirtualMAC = usesVirtualMAC }
    let (client, backup) = (pair.segment.client, try pair.segment.host(218))
    pair.stopProbing()
    let start = MonotonicClock.now
    for address in pair.addresses {
      let asker: IPAddress = address.family == .ipv4 ? client.address.ip : client.address6.ip
      var frame: [UInt8] = []
      for station in [backup.hardwareAddress, .virtualRouter(219, address.family), .broadcast] {
        NeighborPacket.request(for: address, from: asker, at: client.hardwareAddress)
          .encode(to: station, into: &frame)
        for _ in 0..<5 { try pair.segment.inject(frame, from: client) }
      }
    }
    pause(.milliseconds(500))
    for address in pair.addresses {
      let answers = pair.answers(about: address, from: start)
      #expect(!answers.isEmpty && answers.allSatisfy { $0.host == 217 }, "\(address): \(answers)")
    }
  }

  @Test("31. §6.4.2: a Backup router accepts nothing sent to the VIP, even to its own MAC address")
  func backupAcceptsNothing() throws {
    let pair = try Pair()
    let backup = try pair.segment.host(218).hardwareAddress
    for address in pair.addresses {
      try pair.setNeighbour(address, at: "\(backup)")
      pause(.milliseconds(300))
      #expect(try pair.currentHost(of: address) == nil)
      try pair.setNeighbour(address, at: "\(try pair.segment.host(217).hardwareAddress)")
      try pair.expectAnswer(of: address, from: 217)
    }
  }

  @Test(
    "30. §6.4.2: upon takeover the neighbours are told, after the Advertisement", arguments: [false, true])
  func takeoverIsAnnounced(usesVirtualMAC: Bool) throws {
    let pair = try Pair { $0.usesVirtualMAC = usesVirtualMAC }
    let start = MonotonicClock.now
    try pair.segment.pullCable(217)
    try pair.expectOwner(218)
    for address in pair.addresses {
      try pair.expectAnswer(of: address, from: 218)
      let own = try pair.segment.host(218).hardwareAddress
      let expected = usesVirtualMAC ? MACAddress.virtualRouter(219, address.family) : own
      let announced = try pair.waitForAnnouncement(of: address, from: start)
      #expect(announced.source == expected)
      let first = try #require(pair.advertisements(address.family, by: 218, from: start).first)
      #expect(first.frame.time <= announced.time)
      #expect(try pair.client(knows: address) == expected)
    }
  }

  @Test(
    "30. Deviation: where VRRP is blocked, it stays Backup, for the owner's kernel answers",
    arguments: [false, true])
  func deviationHeldWhileVRRPIsBlocked(usesVirtualMAC: Bool) throws {
    let pair = try Pair {
      $0.usesVirtualMAC = usesVirtualMAC
      $0.addresses.reverse()
    }
    let start = MonotonicClock.now
    try pair.segment.dropVRRP()
    pause(.seconds(3))
    let history = pair.segment.ownership.history
    for address in pair.addresses {
      #expect(history.acquisition(of: address, by: 218, from: start) == nil)
      #expect(history.loss(of: address, by: 217, from: start) == nil)
    }
    #expect(pair.log(of: 218).count { $0.contains("; holding") } == 1, "\(pair.log(of: 218))")
  }

  @Test("35. §6.4.3: an Active router that is stopped sends priority 0", arguments: families)
  func resignation(family: AddressFamily) throws {
    let pair = try Pair()
    let start = MonotonicClock.now
    try pair.stop(217)
    try pair.expectOwner(218)
    let sent = pair.advertisements(family, by: 217, from: start)
    #expect(sent.last?.advertisement.priority == 0)
  }

  @Test("37. Errata 7947, 7949: gratuitous ARP on the wire, request and reply, names the VIP twice")
  func gratuitousARP() throws {
    let pair = try Pair()
    let physical = try pair.segment.host(217).hardwareAddress
    let arps = pair.segment.capture.gratuitousArps(for: Segment.address(219), sentBy: physical)
    let contents = arps.compactMap { if case .arp(let arp) = $0.content { arp } else { nil } }
    #expect(Set(contents.map(\.operation)) == [1, 2])
    #expect(contents.allSatisfy { $0.senderHardwareAddress == physical })
    #expect(arps.allSatisfy { $0.destination == .broadcast })
  }

  @Test(
    "38. §6.4.1: unsolicited Neighbor Advertisements on the wire; R is set if the host forwards",
    arguments: [false, true])
  func unsolicitedNeighborAdvertisement(forwards: Bool) throws {
    let pair = try Pair(forwards: forwards)
    let physical = try pair.segment.host(217).hardwareAddress
    let frames = pair.segment.capture.unsolicitedAdvertisements(for: Segment.address6(219), sentBy: physical)
    let messages = frames.compactMap { if case .neighbour(let message) = $0.content { message } else { nil } }
    #expect(!messages.isEmpty)
    for message in messages {
      #expect(message.flags == (forwards ? 0b101 : 0b001))
      #expect(message.destination == IPAddress("ff02::1") && message.hardwareAddress == physical)
    }
  }

  @Test("39. §8.1.2, §8.2.2: with a virtual MAC address, no answer about the VIP shows the physical one")
  func answersShowTheVirtualMAC() throws {
    let pair = try Pair { $0.usesVirtualMAC = true }
    let start = MonotonicClock.now
    for address in pair.addresses {
      try pair.forgetNeighbour(address)
      try pair.expectAnswer(of: address, from: 217)
      #expect(try pair.client(knows: address) == .virtualRouter(219, address.family))
    }
    for address in pair.addresses {
      #expect(!pair.answers(about: address, from: start).isEmpty)
      // From the very beginning, and announcements too; what answers a unicast NS need not repeat the address.
      let shown = Set(pair.answers(about: address).flatMap { [$0.source, $0.shown ?? $0.source] })
      #expect(shown == [.virtualRouter(219, address.family)])
    }
  }

  @Test(
    "40. Deviation, §6.1 has Accept_Mode false by default: the VIP is a service's, so its owner accepts traffic"
  )
  func deviationAcceptsTraffic() throws {
    let pair = try Pair()
    for address in pair.addresses { try pair.expectAnswer(of: address, from: 217) }
  }
}
