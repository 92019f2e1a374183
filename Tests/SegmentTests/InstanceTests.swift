import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  @Suite struct InstanceTests {
    @Test func twoInstancesOnOneHost() throws {
      let scene = try Scene()
      let other = Segment.address(220)
      func instance(_ octet: Int, on host: Int, priority: Int) throws -> HostDaemon {
        var settings = DaemonSettings()
        settings.virtualRouterID = octet
        settings.addresses = ["\(Segment.address(octet))/24"]
        settings.priority = priority
        return try HostDaemon(.vipd, on: host, of: scene.segment, settings)
      }
      let daemons = [
        try instance(219, on: 217, priority: 200), try instance(220, on: 217, priority: 100),
        try instance(219, on: 218, priority: 100), try instance(220, on: 218, priority: 200),
      ]
      try scene.expectOwners(217)
      try scene.expectOwners(218, of: other)
      try scene.segment.pullCable(217)
      try scene.expectOwners(218)
      let start = MonotonicClock.now
      try daemons[2].stop()
      try scene.expectOwners()
      try scene.expectOwners(218, of: other)
      scene.expectUnchanged(other, since: start, "the other instance is not touched")
    }

    @Test func aReloadChangesThePriorityAndNotTheOwner() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      var settings = DaemonSettings()
      settings.priority = 150
      try scene.daemon(217).reload(settings)
      let host = try scene.segment.host(217)
      try scene.segment.capture.wait(
        for: "an advertisement of priority 150", from: start, within: Scene.patience
      ) { _ in
        scene.segment.capture.advertisements(from: start, sentBy: host.hardwareAddress)
          .contains { $0.advertisement.priority == 150 }
      }
      pause(.seconds(1))
      scene.expectUnchanged(since: start)
      #expect(scene.probe.report(from: start, to: MonotonicClock.now).answeredTwice == 0)
    }

    @Test func aReloadWithAnErrorKeepsTheRunningValues() throws {
      let scene = try Scene()
      try scene.startPair()
      let start = MonotonicClock.now
      let daemon = try scene.daemon(217)
      try File.write("[VirtualIP]\nAddress=nonsense\n", to: daemon.configurationPath)
      try daemon.send(SIGHUP)
      try daemon.waitForLog("nonsense", from: start, within: Scene.patience)
      pause(.milliseconds(500))
      #expect(daemon.isRunning)
      scene.expectUnchanged(since: start)
    }

    @Test func aLabelIsVisible() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217) { $0.label = "eth0:0" }
      try scene.expectOwners(217)
      let host = try scene.segment.host(217)
      let listed = try host.namespace.command(["ifconfig", "eth0:0"]).run()
      #expect(listed.contains("192.168.1.219"))
      let line = try #require(try scene.addressLines(217).first { $0.contains("192.168.1.219/24") })
      #expect(line.contains("eth0:0") && line.contains("brd 192.168.1.255"))
    }

    @Test func severalAddressesComeAndGoTogether() throws {
      let scene = try Scene()
      let addresses = [219, 221, 222].map { Segment.address($0) }
      for number in [217, 218] {
        try scene.start(number) { $0.addresses = addresses.map { "\($0)/24" } }
        for address in addresses { try scene.expectOwners(217, of: address) }
      }
      // The kernel has them a moment before the neighbours are told.
      pause(.milliseconds(200))
      let host = try scene.segment.host(217)
      for address in addresses {
        let announced = scene.segment.capture.gratuitousArps(for: address, sentBy: host.hardwareAddress)
        #expect(!announced.isEmpty, "\(address)")
      }
      let advertised = scene.segment.capture.advertisements(sentBy: host.hardwareAddress).map(
        \.advertisement.addresses)
      #expect(advertised.allSatisfy { Set($0) == Set(addresses.map(\.ip)) } && !advertised.isEmpty)
      try scene.daemon(217).stop()
      for address in addresses { try scene.expectOwners(218, of: address) }
    }

    @Test func aHostsOwnAddressesAreNotTouched() throws {
      let scene = try Scene(hosts: [217])
      for extra in [230, 231] {
        let network = try #require(
          IPNetwork(.ipv4(Segment.address(extra)), prefixLength: extra == 230 ? 24 : 32))
        try scene.segment.addAddress(network, to: 217)
      }
      let before = try scene.addressLines(217)
      try scene.start(217)
      try scene.expectOwners(217)
      let during = try scene.addressLines(217)
      #expect(during.filter { !$0.contains("192.168.1.219/24") } == before)
      #expect(during.count == before.count + 1)
      try scene.daemon(217).stop()
      #expect(try scene.addressLines(217) == before)
    }

    @Test func leftoversOfAKilledDaemonAreTakenOver() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      try scene.daemon(217).send(SIGKILL)
      try scene.daemon(217).waitForExit(within: Scene.patience)
      try scene.start(217)
      try scene.probe.waitForAnswer(from: "217", within: Scene.patience)
      // A lease that nobody renews is over by now.
      pause(.seconds(4))
      try scene.expectOwners(217)
      try scene.daemon(217).stop()
      try scene.expectOwners()
    }
  }
}
