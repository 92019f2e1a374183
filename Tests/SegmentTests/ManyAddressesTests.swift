import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// As many addresses as an Advertisement counts.
  @Suite struct ManyAddressesTests {
    private static let others = (0..<254).map { IPv4Address(bits: 0x0A02_0001 + UInt32($0)) }

    private func configure(_ settings: inout DaemonSettings) {
      settings.addresses += Self.others.map { "\($0)/32" }
    }

    private func expectAll(on host: Int, in scene: Scene) throws {
      try scene.expectOwners(host)
      for address in Self.others { try scene.expectOwners(host, of: address) }
    }

    private func expectAllAnnounced(by host: Int, since start: Duration, in scene: Scene) throws {
      let station = try scene.segment.host(host).hardwareAddress
      let all = Set(Self.others + [scene.vip])
      try scene.segment.capture.wait(
        for: "gratuitous ARP of 255 addresses", from: start, within: Scene.patience
      ) { frames in
        let announced = frames.compactMap { frame -> IPv4Address? in
          guard case .arp(let arp) = frame.content, arp.isGratuitous, frame.source == station else {
            return nil
          }
          return arp.senderAddress
        }
        return Set(announced) == all
      }
    }

    @Test func theyMoveTogetherAndAreAllAnnounced() throws {
      let scene = try Scene()
      try scene.start(217) { settings in
        configure(&settings)
        settings.priority = 200
      }
      try expectAll(on: 217, in: scene)
      try scene.start(218) { configure(&$0) }
      pause(.seconds(1))
      var start = MonotonicClock.now
      try scene.daemon(217).stop()
      try expectAll(on: 218, in: scene)
      try expectAllAnnounced(by: 218, since: start, in: scene)
      start = MonotonicClock.now
      try scene.start(217) { settings in
        configure(&settings)
        settings.priority = 200
      }
      try expectAll(on: 217, in: scene)
      try expectAllAnnounced(by: 217, since: start, in: scene)
    }
  }
}
