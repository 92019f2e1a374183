import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  @Suite struct AnnouncementTests {
    /// The observer reads a netlink message a little after the kernel sent it; a frame bears the kernel's time.
    private let observerDelay = Duration.milliseconds(5)

    private func arps(_ scene: Scene) throws -> [(time: Duration, frame: CapturedFrame, arp: CapturedArp)] {
      let host = try scene.segment.host(217)
      return scene.segment.capture.gratuitousArps(for: scene.vip, sentBy: host.hardwareAddress)
        .compactMap { frame in
          guard case .arp(let arp) = frame.content else { return nil }
          return (frame.time, frame, arp)
        }
    }

    @Test func onlyAfterTheKernelHasTheAddress() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      pause(.milliseconds(300))
      let acquired = try #require(
        scene.segment.ownership.history.acquisition(of: scene.vip, by: 217, from: .zero))
      let first = try #require(try arps(scene).first)
      #expect(first.time >= acquired - observerDelay)
      #expect(first.time - acquired < .milliseconds(250))
    }

    @Test func announcedAgainAfterASecond() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      pause(.seconds(2))
      let acquired = try #require(
        scene.segment.ownership.history.acquisition(of: scene.vip, by: 217, from: .zero))
      let times = try arps(scene).map { $0.time - acquired }
      #expect(times.contains { $0 > .milliseconds(800) && $0 < .milliseconds(1800) })
    }

    @Test func announcedAgainWhenARivalWasBeaten() throws {
      let scene = try Scene()
      try scene.segment.dropEverything()
      try scene.start(217) { $0.priority = 200 }
      try scene.start(218)
      try scene.expectOwners(217, 218)
      let start = MonotonicClock.now
      try scene.segment.dropEverything(false)
      try scene.expectOwners(217)
      let hardwareAddress = try scene.segment.host(217).hardwareAddress
      try scene.segment.capture.wait(
        for: "the winner's gratuitous ARP", from: start, within: Scene.patience
      ) { _ in
        !scene.segment.capture.gratuitousArps(for: scene.vip, from: start, sentBy: hardwareAddress).isEmpty
      }
      try scene.probe.waitForAnswer(from: "217", within: Scene.patience)
    }

    /// A rival's announcement turns the neighbours' caches over, however short a time ago this host took the VIP.
    @Test func announcedAgainWhenARivalShowsUpJustAfterTheTakeover() throws {
      let scene = try Scene(hosts: [218])
      try scene.start(218)
      try scene.expectOwners(218)
      let host = try scene.segment.host(218)
      try scene.probe.waitForAnswer(from: "218", within: Scene.patience)
      pause(.milliseconds(200))
      let rival = Segment.address(217)
      let rivalHardware = MACAddress(bits: 0x1234_5678_0217)
      let claim = Frame.arp(
        operation: 2, from: rivalHardware, sender: scene.vip, to: .broadcast, targetHardware: .broadcast,
        target: scene.vip)
      let message = Frame.advertisement(
        virtualRouterID: 219, priority: 50, centiseconds: 10, addresses: [scene.vip], source: rival)
      let start = MonotonicClock.now
      try scene.segment.inject(claim, from: scene.segment.client)
      try scene.segment.inject(
        Frame.vrrp(message, from: rivalHardware, address: rival), from: scene.segment.client)
      pause(.milliseconds(400))
      let answers = scene.segment.capture.gratuitousArps(
        for: scene.vip, from: start, sentBy: host.hardwareAddress)
      #expect(!answers.isEmpty)
    }
  }
}
