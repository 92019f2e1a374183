import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// Coming back after a fault; the faults themselves are in `FaultTests`.
  @Suite struct TakeoverTests {
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

    @Test func anInterfaceMadeAgainWhileTheNewsOfItWereLost() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      let standby = try scene.daemon(218)
      try standby.send(SIGSTOP)
      try fillNewsOfNetlink(of: standby)
      try scene.segment.deleteInterface(of: 218)
      try scene.segment.recreateInterface(of: 218)
      try standby.send(SIGCONT)
      try scene.probe.waitForAnswer(from: "217", within: Scene.patience)
      pause(.seconds(1))
      #expect(standby.log.contains { $0.contains("Netlink news was lost") })
      // On the new interface it hears the owner.
      scene.expectUnchanged(since: start)
      try scene.daemon(217).stop()
      try scene.expectOwners(218)
      try scene.probe.waitForAnswer(from: "218", within: Scene.patience)
    }

    /// More changes than a daemon that does not read them has room for; the kernel drops those that follow.
    private func fillNewsOfNetlink(of daemon: HostDaemon) throws {
      let script = "\(daemon.runtimeDirectory)/../changes"
      let change = "address add 198.51.100.1/32 dev lo\naddress delete 198.51.100.1/32 dev lo\n"
      try File.write(String(repeating: change, count: 8000), to: script)
      try daemon.host.namespace.command(["ip", "-batch", script]).run()
    }
  }
}
