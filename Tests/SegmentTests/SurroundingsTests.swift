import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// A daemon that is there before what it needs of its host.
  @Suite struct SurroundingsTests {
    /// What a script reads, and `systemctl status` shows.
    private func waitForStatus(_ text: String, of daemon: HostDaemon) throws {
      let end = MonotonicClock.now + Scene.patience
      let path = "\(daemon.runtimeDirectory)/state"
      while File.read(path)?.contains("STATUS=\"\(text)") != true {
        guard MonotonicClock.now < end, daemon.isRunning else {
          throw HostDaemon.explain(LabError("no \(text) in \(File.read(path) ?? path)"), by: [daemon])
        }
        pause(.milliseconds(10))
      }
    }

    /// A host without an interface, and the daemon that `text` configures on it.
    private func start(_ text: String?, gateway: Segment.Gateway = .none) throws -> (Scene, HostDaemon) {
      let scene = try Scene(hosts: [217], gateway: gateway)
      try scene.segment.deleteInterface(of: 217)
      let daemon = try HostDaemon(
        .vipd, on: 217, of: scene.segment, configuration: text, instance: "219")
      return (scene, daemon)
    }

    private static let text = "[VirtualIP]\nAddress=192.168.1.219/24\nInterface=eth0\n"

    @Test func linkAddressAndDefaultRouteComeLate() throws {
      let (scene, daemon) = try start(nil, gateway: .station)
      let host = try scene.segment.host(217)
      try waitForStatus("Waiting for a default route, to take the subnet of 219 from", of: daemon)
      #expect(File.read("\(daemon.runtimeDirectory)/state")?.contains("OWNED=\"no\"") == true)
      try scene.segment.plugInInterface(of: 217)
      let name = host.namespace.name
      func ip(_ words: String...) throws { try Command(["ip", "-n", name] + words).run() }
      try ip("link", "set", "eth0", "up")
      try ip("address", "add", "192.168.1.217/24", "broadcast", "+", "dev", "eth0")
      pause(.milliseconds(500))
      try waitForStatus("Waiting for a default route", of: daemon)
      try ip("route", "add", "default", "via", "192.168.1.1")
      try scene.expectOwners(217)
      try waitForStatus("Active", of: daemon)
      try scene.probe.waitForAnswer(from: "217", within: Scene.patience)
      #expect(try daemon.stop() == 0)
      try scene.expectOwners()
    }

    @Test func theOperatorIsAnsweredMeanwhile() throws {
      let (scene, daemon) = try start(Self.text)
      let operate = try Operator(of: daemon)
      try waitForStatus("Waiting for interface eth0", of: daemon)
      let list = try operate("list")
      #expect(list.status == 1)
      #expect(list.output.contains("219: Waiting for interface eth0"))
      let show = try operate("show", "219")
      #expect(show.output.contains("192.168.1.219/24 on eth0") && show.output.contains("Initialize since"))
      #expect(try operate("show", "219", "--json").output.contains("\"state\" : \"initialize\""))
      #expect(try operate("handover", "219").output.contains("Waiting for interface eth0"))
      let check = try operate("check", "219")
      #expect(check.status == 1 && check.output.contains("waits for interface eth0"))
      #expect(try operate("hold", "219").status == 0)
      // A mistake changes nothing; other files are waited with.
      try File.write("[VirtualIP]\nColour=green\n", to: daemon.configurationPath)
      let refused = try operate("reload", "219")
      #expect(refused.status == 1 && refused.output.contains("Colour"))
      try File.write("[VirtualIP]\nInterface=eth1\n", to: daemon.configurationPath)
      let taken = try operate("reload", "219")
      #expect(taken.status == 0 && taken.output.contains("Waiting for interface eth1"))
      try File.write(Self.text, to: daemon.configurationPath)
      try daemon.send(SIGHUP)
      try waitForStatus("Waiting for interface eth0", of: daemon)
      // A link without an address: networkd gives none before there is carrier.
      try scene.segment.plugInInterface(of: 217)
      try waitForStatus("Waiting for eth0 to have an IPv4 address of the host's own", of: daemon)
      try scene.segment.configureInterface(of: 217)
      try operate.wait(for: "held", in: "list")
      pause(.seconds(1))
      try scene.expectOwners()
      #expect(try operate("release", "219").status == 0)
      try scene.expectOwners(217)
    }

    @Test(arguments: [SIGTERM, SIGUSR2])
    func theEndComesAtOnce(signal: Int32) throws {
      let (scene, daemon) = try start(Self.text)
      try waitForStatus("Waiting for interface eth0", of: daemon)
      try daemon.send(signal)
      #expect(try daemon.waitForExit(within: .seconds(5)) == 0)
      try scene.expectOwners()
    }

    @Test func whatNothingCanMendEndsIt() throws {
      let (scene, daemon) = try start("[VirtualIP]\nAddress=127.0.0.2/8\nInterface=eth0\n")
      #expect(try daemon.waitForExit(within: Scene.patience) == 78)
      try scene.expectOwners()
    }

    /// The host's own address stays its own, and nothing is sent for it.
    @Test func whatIsInTheWayIsWaitedFor() throws {
      let scene = try Scene(hosts: [217])
      let own = try #require(IPNetwork(.ipv4(Segment.address(221)), prefixLength: 24))
      try scene.segment.addAddress(own, to: 217)
      let before = try scene.addressLines(217)
      let daemon = try scene.start(217) { $0.addresses = ["\(own)"] }
      try waitForStatus("Waiting for eth0 to give up 192.168.1.221", of: daemon)
      pause(.milliseconds(500))
      #expect(try scene.addressLines(217) == before)
      #expect(scene.segment.capture.advertisements().isEmpty)
      try scene.segment.deleteAddress(own, from: 217)
      try waitForStatus("Active", of: daemon)
    }

    /// A restart in the middle of a DHCP renewal, say: the lease ends, and the VIP is back with the address.
    @Test func aRestartWithoutTheHostsAddress() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      let own = try #require(IPNetwork(.ipv4(Segment.address(217)), prefixLength: 24))
      try scene.daemon(217).send(SIGUSR2)
      try scene.daemon(217).waitForExit(within: Scene.patience)
      try scene.segment.deleteAddress(own, from: 217)
      let daemon = try scene.start(217)
      try waitForStatus("Waiting for eth0 to have an IPv4 address of the host's own", of: daemon)
      #expect(File.read("\(daemon.runtimeDirectory)/state")?.contains("OWNED=\"no\"") == true)
      try scene.expectOwners()
      try scene.segment.addAddress(own, to: 217)
      try scene.expectOwners(217)
    }

    /// Real servers behind a load balancer have its address on the loopback, and do not answer for it.
    @Test func theVIPIsOnTheLoopbackToo() throws {
      let scene = try Scene(isProbed: false)
      let copy = try #require(IPNetwork(.ipv4(scene.vip), prefixLength: 32))
      for number in [217, 218] {
        try scene.segment.host(number).answerForOwnAddressesOnly()
        try scene.segment.addAddress(copy, to: number, interface: "lo")
      }
      for number in [217, 218] {
        let daemon = try scene.start(number)
        try daemon.waitForLog("192.168.1.219 is on lo, too", within: Scene.patience)
        try waitForStatus(number == 217 ? "Active" : "Backup", of: daemon)
      }
      let operate = try Operator(of: try scene.daemon(218))
      try operate.wait(for: "192.168.1.217", in: "list")
      let check = try operate("check", "219").output
      #expect(
        check.contains("192.168.1.219 is on lo, too") && check.contains("is answered for by"), "\(check)")
      #expect(try operate("reload", "219").status == 0)
      // Only the owner is asked from then on, and found.
      try scene.daemon(217).stop()
      try waitForStatus("Active", of: try scene.daemon(218))
      #expect(try scene.addressLines(217).contains { $0.contains("lo inet 192.168.1.219/32") })
      let sysctl = ["sysctl", "-q", "net.ipv4.conf.all.arp_ignore=0"]
      try scene.segment.host(218).namespace.command(sysctl).run()
      let warned = try operate("check", "219")
      #expect(warned.status == 1 && warned.output.contains("arp_ignore=0"), "\(warned.output)")
    }
  }
}
