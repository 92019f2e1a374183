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
