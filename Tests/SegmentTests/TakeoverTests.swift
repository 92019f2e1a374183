import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  @Suite struct TakeoverTests {
    /// 3 T and the skew of priority 100 with T = 100 ms are 361 ms; the rest is for a busy machine.
    private let takeoverLimit = Duration.milliseconds(1500)

    @Test func unpluggedBehindTheSwitch() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      try scene.segment.unplug(217)
      try scene.probe.waitForAnswer(from: "218", within: Scene.patience)
      pause(.milliseconds(100))
      let report = scene.probe.report(from: start, to: MonotonicClock.now)
      #expect(report.outage > .milliseconds(100) && report.outage < takeoverLimit)
      #expect(report.answeredTwice == 0)
      #expect(scene.overlap(since: start).reachable == .zero)
      #expect(
        try scene.segment.clientArpCache.hardwareAddress(of: scene.vip)
          == scene.segment.host(218).hardwareAddress)
    }

    /// It comes back believing that it is Active, and may say so by ARP before it hears who is.
    @Test func pluggedBackInTheClientStaysWithTheWinner() throws {
      let scene = try Scene()
      try scene.startPair()
      try scene.segment.unplug(217)
      try scene.probe.waitForAnswer(from: "218", within: Scene.patience)
      let start = MonotonicClock.now
      try scene.segment.plugIn(217)
      try scene.expectOwners(218)
      pause(.seconds(1))
      try scene.expectOwners(218)
      let report = scene.probe.report(from: start, to: MonotonicClock.now)
      #expect(report.outage < .milliseconds(250), "served by \(report.servedBy)")
      #expect(scene.probe.currentHost == "218")
      #expect(report.answeredTwice == 0)
    }

    @Test func carrierLost() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      try scene.segment.pullCable(217)
      try scene.expectOwners(218)
      try scene.probe.waitForAnswer(from: "218", within: Scene.patience)
      pause(.milliseconds(100))
      #expect(scene.probe.report(from: start, to: MonotonicClock.now).outage < takeoverLimit)
      #expect(scene.overlap(since: start).all == .zero, "a host without carrier lets go at once")
      try scene.segment.plugIn(217)
      pause(.seconds(1))
      try scene.expectOwners(218)
    }

    @Test func announcedAgainWhenTheCarrierReturns() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      try scene.segment.pullCable(217)
      try scene.expectOwners()
      let start = MonotonicClock.now
      try scene.segment.plugIn(217)
      try scene.expectOwners(217)
      try scene.segment.capture.wait(
        for: "a gratuitous ARP after the carrier's return", from: start, within: Scene.patience
      ) { _ in !scene.segment.capture.gratuitousArps(for: scene.vip, from: start).isEmpty }
    }

    @Test func stoppedByTheOperator() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      #expect(try scene.daemon(217).stop() == 0)
      try scene.expectOwners(218)
      let host = try scene.segment.host(217)
      let resigned = scene.segment.capture.advertisements(from: start, sentBy: host.hardwareAddress)
        .contains { $0.advertisement.priority == 0 }
      #expect(resigned)
      let taken = try #require(
        scene.segment.ownership.history.acquisition(of: scene.vip, by: 218, from: start))
      #expect(taken - start < takeoverLimit)
    }

    @Test func killedWithNobodyToRestartIt() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      try scene.daemon(217).send(SIGKILL)
      // The lease of 2 s ends what nobody else can.
      try scene.expectOwners(218, within: .seconds(10))
      let lost = try #require(scene.segment.ownership.history.loss(of: scene.vip, by: 217, from: start))
      #expect(lost - start < .seconds(5))
      pause(.milliseconds(200))
      #expect(scene.probe.currentHost == "218")
    }

    @Test func frozen() throws {
      let scene = try Scene()
      try scene.startPair()
      try scene.daemon(217).send(SIGSTOP)
      try scene.expectOwners(218, within: .seconds(10))
      // Thawed, it must see that it slept and not put its address back beside the new owner's.
      let start = MonotonicClock.now
      try scene.daemon(217).send(SIGCONT)
      pause(.seconds(1))
      try scene.expectOwners(218)
      #expect(scene.overlap(since: start).all == .zero)
    }

    @Test func anAddressThatSomebodyDeletedIsBackAtOnce() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      let network = try #require(IPv4Network(scene.vip, prefixLength: 24))
      try scene.segment.deleteAddress(network, from: 217)
      try scene.segment.loop.wait(for: "the address to be deleted", within: Scene.patience) {
        scene.segment.ownership.history.loss(of: scene.vip, by: 217, from: start) != nil
      }
      try scene.expectOwners(217)
      let history = scene.segment.ownership.history
      let lost = try #require(history.loss(of: scene.vip, by: 217, from: start))
      let back = try #require(history.acquisition(of: scene.vip, by: 217, from: lost))
      #expect(back - lost < .milliseconds(250))
      pause(.seconds(1))
      #expect(scene.segment.ownership.history.acquisition(of: scene.vip, by: 218, from: start) == nil)
    }

    @Test func anInterfaceDeletedAndMadeAgainWithTheSameName() throws {
      let scene = try Scene()
      try scene.startPair()
      try scene.segment.deleteInterface(of: 217)
      try scene.expectOwners(218)
      try scene.segment.recreateInterface(of: 217)
      pause(.seconds(1))
      try scene.expectOwners(218)
      #expect(try scene.daemon(217).isRunning)
      try scene.daemon(218).stop()
      try scene.expectOwners(217)
      try scene.probe.waitForAnswer(from: "217", within: Scene.patience)
    }
  }
}
