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

    /// An Active peer that accepts the checksum of VRRPv3 over IPv4 yields to the higher priority. Neither of the two
    /// takes RFC 9568's: `Checksum=` must begin with RFC 5798's.
    @Test(arguments: forms) func checksumOfVersion3OverIPv4(_ form: Form) throws {
      let scene = try Scene(hosts: [217], isProbed: false)
      try scene.start(217, form.peer)
      try scene.expectOwners(217)
      let stranger = Segment.address(250)
      let message = Frame.advertisement(
        virtualRouterID: 219, priority: 200, centiseconds: 10, addresses: [scene.vip], source: stranger,
        coversPseudoHeader: form.coversPseudoHeader)
      let start = MonotonicClock.now
      for _ in 0..<10 {
        try scene.segment.inject(
          Frame.vrrp(message, from: scene.segment.client.hardwareAddress, address: stranger),
          from: scene.segment.client)
        pause(.milliseconds(100))
      }
      let lost = scene.segment.ownership.history.loss(of: scene.vip, by: 217, from: start)
      let said = try scene.daemon(217).log.suffix(5)
      #expect((lost != nil) == form.isAccepted, "\(said)")
    }
  }
}
