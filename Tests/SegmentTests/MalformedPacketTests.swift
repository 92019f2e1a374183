import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  @Suite struct MalformedPacketTests {
    private let stranger = Segment.address(250)

    /// An advertisement that would win, if it were right.
    private func message(_ scene: Scene, virtualRouterID: UInt8 = 219, versionAndType: UInt8 = 0x31)
      -> [UInt8]
    {
      Frame.advertisement(
        virtualRouterID: virtualRouterID, priority: 254, centiseconds: 10, addresses: [scene.vip],
        source: stranger, versionAndType: versionAndType)
    }

    private func malformed(_ scene: Scene) -> [(what: String, frame: [UInt8])] {
      let right = message(scene)
      func frame(_ message: [UInt8], timeToLive: UInt8 = 255) -> [UInt8] {
        Frame.vrrp(
          message, from: scene.segment.client.hardwareAddress, address: stranger, timeToLive: timeToLive)
      }
      var wrongChecksum = right
      wrongChecksum[6] ^= 0x55
      var zeroInterval = right
      zeroInterval[4...5] = [0, 0]
      let truncated = (0..<right.count).map { ("truncated to \($0)", frame(Array(right.prefix($0)))) }
      return truncated + [
        ("TTL 254", frame(right, timeToLive: 254)), ("TTL 1", frame(right, timeToLive: 1)),
        ("checksum", frame(wrongChecksum)), ("interval 0", frame(zeroInterval)),
        ("VRID 218", frame(message(scene, virtualRouterID: 218))),
        ("version 4", frame(message(scene, versionAndType: 0x41))),
        ("type 2", frame(message(scene, versionAndType: 0x32))),
      ]
    }

    @Test func changeNothing() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      for (_, frame) in malformed(scene) {
        try scene.segment.inject(frame, from: scene.segment.client)
        pause(.milliseconds(5))
      }
      pause(.seconds(1))
      scene.expectUnchanged(since: start)
      #expect(try scene.daemon(217).isRunning && scene.daemon(218).isRunning)

      // The same advertisement without a fault is obeyed: what was sent did reach the daemons.
      let frame = Frame.vrrp(
        message(scene), from: scene.segment.client.hardwareAddress, address: stranger)
      let end = MonotonicClock.now + Scene.patience
      while scene.segment.ownership.history.owners(of: scene.vip) == [217], MonotonicClock.now < end {
        try scene.segment.inject(frame, from: scene.segment.client)
        pause(.milliseconds(50))
      }
      #expect(scene.segment.ownership.history.loss(of: scene.vip, by: 217, from: start) != nil)
    }

    @Test func eachAloneChangesNothing() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      for (what, frame) in malformed(scene) {
        let start = MonotonicClock.now
        for _ in 0..<3 {
          try scene.segment.inject(frame, from: scene.segment.client)
          pause(.milliseconds(10))
        }
        scene.expectUnchanged(since: start, "\(what)")
      }
    }
  }
}
