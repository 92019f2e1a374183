import Internet
import Lab
import Testing

extension SegmentTests {
  /// An owner without a standby on a port that lets out nothing of the VIP.
  @Suite struct ReachTests {
    private static let text = "192.168.1.1 answers this host, but not 192.168.1.219"

    @Test(arguments: Segment.PortSecurity.allCases)
    func theOwnerLearnsItFromItsGateway(_ security: Segment.PortSecurity) throws {
      let scene = try Scene(hosts: [217], gateway: .station, isProbed: false)
      try scene.segment.securePort(of: 217, security)
      let daemon = try scene.start(217) { $0.usesVirtualMAC = security == .ownHardware }
      try scene.expectOwners(217)
      let operate = try Operator(of: daemon)
      try daemon.waitForLog(Self.text, within: Scene.patience)
      try operate.wait(for: Self.text, in: "show", "219")
      let check = try operate("check", "219")
      #expect(check.status == 1 && check.output.contains(Self.text), "\(check.output)")
      #expect(check.output.contains("port security"))
      try scene.expectOwners(217)

      try scene.segment.securePort(of: 217, nil)
      let end = MonotonicClock.now + Scene.patience
      while try operate("list").output.contains(Self.text), MonotonicClock.now < end {
        pause(.milliseconds(100))
      }
      #expect(try !operate("list").output.contains(Self.text))
    }

    /// In both families.
    @Test(arguments: ["no", "yes"])
    func wherePortsAreOpenNothingIsSaid(virtualMAC: String) throws {
      let scene = try Scene(hosts: [217], gateway: .station, hasIPv6: true, isProbed: false)
      let text = """
        [VirtualIP]
        Address=192.168.1.219/24
        Address=fd00:c0:a8:1::219/64
        Interface=eth0
        VirtualMAC=\(virtualMAC)
        [Safety]
        Gateway=192.168.1.1
        Gateway=fd00:c0:a8:1::1

        """
      let daemon = try HostDaemon(
        .vipd, on: 217, of: scene.segment, configuration: text, instance: "219")
      try scene.expectOwners(217)
      // Longer than it takes to find out, for each of the addresses.
      pause(.seconds(18))
      #expect(!daemon.log.contains { $0.contains("answers this host") }, "\(daemon.log)")
      // It was asked.
      let host = try scene.segment.host(217)
      let hardware = virtualMAC == "yes" ? MACAddress(bits: 0x0000_5E00_01DB) : host.hardwareAddress
      let cache = try scene.segment.gatewayArpCache()
      #expect(try cache.hardwareAddress(of: scene.vip) == hardware)
    }
  }
}
