import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// README, "Coming from keepalived".
  @Suite struct MigrationTests {
    /// A pair of keepalived becomes a pair of vipd one host at a time; the only move is the planned one.
    @Test(arguments: MigrationTests.pairings) func oneHostAtATime(_ pairing: Pairing) throws {
      let move = try Meeting(Encounter(pairing: pairing, active: .keepalived))
      try move.startActive()
      try move.start(218, .keepalived)
      pause(move.settings(on: 218).activeDownInterval)
      try move.expectOwner(217)
      try move.expectAnswers(from: 217)
      let start = MonotonicClock.now

      // The Backup's host: the VIP is not touched.
      try move.scene.daemon(218).stop()
      try move.start(218, .vipd)
      pause(move.settings(on: 218).activeDownInterval + .milliseconds(500))
      let handover = MonotonicClock.now
      move.expectUnchanged(since: start)
      expectUndisturbed(move, from: start, to: handover, by: ["217"])

      // The Active router's host: keepalived resigns, vipd takes over.
      try move.scene.daemon(217).stop()
      try move.expectOwner(218)
      try move.expectAnswers(from: 218)
      let rest = MonotonicClock.now
      for report in move.reports(from: handover, to: rest) {
        #expect(report.servedBy == ["217", "218"])
        #expect(report.outage < pairing.interval * 2, "after the skew, not after three intervals")
      }

      try move.start(217, .vipd)
      pause(move.settings(on: 217).activeDownInterval + .milliseconds(500))
      move.expectUnchanged(since: rest)
      expectUndisturbed(move, from: rest, to: MonotonicClock.now, by: ["218"])
      for address in move.virtualAddresses {
        let overlap = move.scene.segment.ownership.history.overlap(
          of: address, from: start, to: MonotonicClock.now)
        #expect(overlap.all == .zero)
      }
    }

    /// Version 2 is what keepalived speaks unless it is told otherwise; it gives the VIP no link-local address.
    static let pairings = [
      Pairing(peer: .keepalived), Pairing(peer: .keepalived, version: 2),
      Pairing(peer: .keepalived, families: [.ipv6], listsLinkLocal: false),
      Pairing(peer: .keepalived, families: [.ipv4, .ipv6], listsLinkLocal: false),
    ]

    private func expectUndisturbed(
      _ move: Meeting, from start: Duration, to end: Duration, by hosts: [String]
    ) {
      for report in move.reports(from: start, to: end) {
        #expect(report.servedBy == hosts)
        #expect(report.lost == 0, "\(report)")
      }
    }
  }
}
