import Internet
import Lab
import Testing

extension SegmentTests {
  /// More packets than a daemon can read: what it owes to its timers must be done all the same.
  @Suite struct FloodTests {
    @Test func advertisementsToDiscardMoveNothing() throws {
      let scene = try Scene(isProbed: false)
      let stranger = Segment.address(250)
      var message = Frame.advertisement(
        virtualRouterID: 219, priority: 254, centiseconds: 10, addresses: [scene.vip], source: stranger)
      message[6] ^= 0x55
      let client = scene.segment.client.hardwareAddress
      try expectNothingMoves(Frame.vrrp(message, from: client, address: stranger), in: scene)
    }

    @Test func questionsOfStandbysMoveNothing() throws {
      let scene = try Scene(isProbed: false)
      let client = scene.segment.client.hardwareAddress
      let frame = Frame.standbysQuestion(
        virtualRouterID: 219, from: client, sender: Segment.address(250), target: scene.vip)
      try expectNothingMoves(frame, in: scene)
    }

    private func expectNothingMoves(_ frame: [UInt8], in scene: Scene) throws {
      try scene.startPair()
      let start = MonotonicClock.now
      // Longer than a lease.
      let count = try scene.segment.sender(scene.segment.client).flood(frame, until: start + .seconds(4))
      print("flood: \(count) frames in \(MonotonicClock.now - start)")
      pause(.seconds(1))
      scene.expectUnchanged(since: start)
      #expect(try scene.daemon(217).isRunning && scene.daemon(218).isRunning)
      #expect(count > 10_000)
    }
  }
}
