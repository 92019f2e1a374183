import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  @Suite struct ReloadTests {
    private let other = Segment.address(221)

    /// Addresses are compared by value: what stays is not touched, wherever it stands in the file.
    @Test func addressesComeAndGoWithoutDisturbingTheRest() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      for number in [218, 217] {
        var settings = DaemonSettings()
        settings.addresses = ["\(other)/24", "192.168.1.219/24"]
        try scene.daemon(number).reload(settings)
      }
      try scene.expectOwners(217, of: other)
      let host = try scene.segment.host(217)
      pause(.milliseconds(200))
      #expect(!scene.segment.capture.gratuitousArps(for: other, sentBy: host.hardwareAddress).isEmpty)
      for number in [218, 217] { try scene.daemon(number).reload(DaemonSettings()) }
      try scene.expectOwners(of: other)
      pause(.milliseconds(500))
      scene.expectUnchanged(since: start)
      let report = scene.probe.report(from: start, to: MonotonicClock.now)
      #expect(report.lost == 0, "\(report)")
    }

    @Test func anInvalidFileChangesNothing() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      var settings = DaemonSettings()
      settings.addresses = ["192.168.1.219/24", "192.168.1.255/24"]
      try scene.daemon(217).reload(settings)
      try scene.daemon(217).waitForLog("Reload refused", within: Scene.patience)
      pause(.milliseconds(500))
      scene.expectUnchanged(since: start)
    }

    /// The VIP may be well on a host whose disk is not.
    @Test func aDiskThatDoesNotAnswerHoldsUpTheReloadOnly() throws {
      let scene = try Scene()
      try scene.startPair()
      let daemon = try scene.daemon(217)
      var settings = DaemonSettings()
      settings.priority = 101
      let start = MonotonicClock.now
      try File.write(settings.text(for: .vipd), to: daemon.configurationPath)
      let disk = try DeadDisk(under: daemon.configurationDirectory)
      try daemon.send(SIGHUP)
      // Longer than a lease.
      pause(.seconds(3))
      #expect(!daemon.log.contains { $0.contains("Reload") })
      #expect(daemon.isRunning)
      disk.recover()
      try daemon.waitForLog("Reload: VRRP.Priority: 100 -> 101", from: start, within: Scene.patience)
      scene.expectUnchanged(since: start)
      let report = scene.probe.report(from: start, to: MonotonicClock.now)
      #expect(report.lost == 0, "\(report)")
    }

    @Test func routesFollowTheVIP() throws {
      let scene = try Scene()
      let text =
        DaemonSettings().text(for: .vipd) + "[Route]\nRoute=10.9.0.0/16 via 192.168.1.1 src 192.168.1.219\n"
      let daemons = try [217, 218].map { number in
        let daemon = try HostDaemon(
          .vipd, on: number, of: scene.segment, configuration: text, instance: "219")
        try scene.expectOwners(217)
        return daemon
      }
      pause(.milliseconds(1500))
      #expect(try routes(217, scene).contains("proto 112 src 192.168.1.219"))
      #expect(try routes(218, scene).isEmpty)
      try daemons[0].send(SIGUSR1)
      try scene.expectOwners(218)
      pause(.milliseconds(500))
      #expect(try routes(217, scene).isEmpty)
      #expect(try routes(218, scene).contains("via 192.168.1.1"))
      // Somebody removes the address, and the kernel the route with it.
      let network = try #require(IPNetwork(.ipv4(scene.vip), prefixLength: 24))
      try scene.segment.deleteAddress(network, from: 218)
      pause(.milliseconds(500))
      #expect(try routes(218, scene).contains("via 192.168.1.1"))
      try daemons[1].stop()
      #expect(try routes(218, scene).isEmpty)
    }

    private func routes(_ number: Int, _ scene: Scene) throws -> String {
      let name = try scene.segment.host(number).namespace.name
      return try Command(["ip", "-n", name, "route", "show", "10.9.0.0/16"]).run()
    }
  }
}
