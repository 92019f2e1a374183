import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// What vipd must know of its peers: facts about them, found by asking them.
  @Suite struct PeerTests {
    struct Form: Sendable, CustomStringConvertible {
      let peer: DaemonKind
      let coversPseudoHeader: Bool
      let isAccepted: Bool
      var description: String { "\(peer.rawValue), \(coversPseudoHeader ? "RFC 5798" : "RFC 9568")" }
    }

    private static let forms = [
      Form(peer: .keepalived, coversPseudoHeader: true, isAccepted: true),
      Form(peer: .keepalived, coversPseudoHeader: false, isAccepted: false),
      Form(peer: .frr, coversPseudoHeader: true, isAccepted: true),
      Form(peer: .frr, coversPseudoHeader: false, isAccepted: false),
    ]

    /// Neither of the two takes RFC 9568's, so vipd must begin with RFC 5798's.
    @Test(arguments: forms) func checksumOfVersion3OverIPv4(_ form: Form) throws {
      try expectYielding(of: form.peer, form.isAccepted) { vip, source in
        Frame.advertisement(
          virtualRouterID: 219, priority: 200, centiseconds: 10, addresses: [vip], source: source,
          coversPseudoHeader: form.coversPseudoHeader)
      }
    }

    private static let tolerance: [(peer: DaemonKind, isAccepted: Bool)] = [
      (.keepalived, false), (.frr, true),
    ]

    /// RFC 9568 §7.1 has a mismatch of the address lists logged. keepalived discards such a packet: whoever
    /// shares a virtual router with it must list the same addresses.
    @Test(arguments: tolerance) func anAddressMoreInTheList(peer: DaemonKind, isAccepted: Bool) throws {
      try expectYielding(of: peer, isAccepted) { vip, source in
        Frame.advertisement(
          virtualRouterID: 219, priority: 200, centiseconds: 10, addresses: [vip, Segment.address(220)],
          source: source)
      }
    }

    /// With a virtual MAC address in both families, keepalived leaves arp_ignore of its macvlan for IPv6 at 0: that
    /// answers ARP for the IPv4 address too, with the MAC address of the wrong family, which is the one that the
    /// client keeps if that answer comes first. vipd has no part in it: it does not even run here.
    @Test(arguments: [false, true]) func keepalivedsMacvlanOfIPv6AnswersARP(isToldNotTo: Bool) throws {
      let scene = try Scene(hosts: [217], hasIPv6: true, isProbed: false)
      if isToldNotTo { try scene.segment.host(217).answerForOwnAddressesOnly() }
      try scene.start(217, .keepalived) {
        $0.addresses = DaemonSettings.addresses([.ipv4, .ipv6])
        $0.usesVirtualMAC = true
      }
      for address in scene.segment.virtualAddresses { try scene.expectOwners(217, of: address) }
      pause(.seconds(1))
      let start = MonotonicClock.now
      let client = scene.segment.client
      let question = Frame.arp(
        operation: 1, from: client.hardwareAddress, sender: client.address, to: .broadcast,
        targetHardware: .zero, target: scene.vip)
      try scene.segment.inject(question, from: client)
      pause(.milliseconds(500))
      let answers = scene.segment.capture.frames(from: start).compactMap { frame -> MACAddress? in
        guard case .arp(let arp) = frame.content, arp.operation == 2, arp.senderAddress == scene.vip,
          arp.targetAddress == client.address
        else { return nil }
        return frame.source
      }
      let (right, wrong) = (MACAddress(bits: 0x0000_5E00_01DB), MACAddress(bits: 0x0000_5E00_02DB))
      #expect(Set(answers) == (isToldNotTo ? [right] : [right, wrong]))
    }

    /// An Active router yields to a higher priority that it understands.
    private func expectYielding(
      of peer: DaemonKind, _ isExpected: Bool,
      to message: (_ vip: IPv4Address, _ source: IPv4Address) -> [UInt8]
    ) throws {
      let scene = try Scene(hosts: [217], isProbed: false)
      try scene.start(217, peer)
      try scene.expectOwners(217)
      let stranger = Segment.address(250)
      let start = MonotonicClock.now
      for _ in 0..<10 {
        let frame = Frame.vrrp(
          message(scene.vip, stranger), from: scene.segment.client.hardwareAddress, address: stranger)
        try scene.segment.inject(frame, from: scene.segment.client)
        pause(.milliseconds(100))
      }
      let lost = scene.segment.ownership.history.loss(of: scene.vip, by: 217, from: start)
      let said = try scene.daemon(217).log.suffix(5)
      #expect((lost != nil) == isExpected, "\(said)")
    }
  }
}
