import Lab
import Testing

extension SegmentTests {
  /// What a host receives and sends beside vipd's own packets: the kernel offers it to every socket for all types, one after
  /// the other, and so the price of a packet would grow with the number of instances.
  @Suite struct TrafficTests {
    /// How many sockets of host `number` are offered every frame (packet(7), ETH_P_ALL).
    private func listeners(on number: Int, of scene: Scene) throws -> Int {
      let host = try scene.segment.host(number)
      let lines = try host.namespace.command(["cat", "/proc/net/packet"]).run().split(separator: "\n")
      return lines.count { $0.split(separator: " ").dropFirst(3).first == "0003" }
    }

    @Test(arguments: [.milliseconds(100), .seconds(1)] as [Duration])
    func isNotOfferedToInstances(interval: Duration) throws {
      let scene = try Scene(gateway: .station, isProbed: false)
      try scene.start(217) { $0.interval = interval }
      try scene.expectOwners(217)
      try scene.start(218) { $0.interval = interval }
      let end = MonotonicClock.now + Scene.patience
      var counts: [Int]
      repeat {
        // The standby looks for evidence a moment every five seconds.
        pause(.milliseconds(50))
        counts = try [217, 218].map { try listeners(on: $0, of: scene) }
      } while counts != [0, 0] && MonotonicClock.now < end
      #expect(counts == [0, 0])
      try scene.expectOwners(217)
    }
  }
}
