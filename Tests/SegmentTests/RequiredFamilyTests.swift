import Internet
import Lab
import Testing

extension SegmentTests {
  /// IPv6 is switched off on the hosts, one after the other: IPv4 is served all the time, by choice.
  @Suite struct RequiredFamilyTests {
    private func setIPv6(_ isOn: Bool, on number: Int, _ scene: Scene) throws {
      let name = try scene.segment.host(number).namespace.name
      let value = "net.ipv6.conf.eth0.disable_ipv6=\(isOn ? 0 : 1)"
      try Command(["ip", "netns", "exec", name, "sysctl", "-qw", value]).run()
    }

    /// Two instances with one number, as the families are two virtual routers (RFC 9568 §1).
    @Test func familiesFailOverEachByItself() throws {
      let scene = try Scene(hasIPv6: true)
      let (vip4, vip6) = (scene.segment.virtualAddresses[0], scene.segment.virtualAddresses[1])
      func start(_ number: Int, _ instance: String, _ vip: String) throws -> HostDaemon {
        let text = "[VirtualIP]\nAddress=\(vip)\nInterface=eth0\n[VRRP]\nVirtualRouterID=219\n"
        return try HostDaemon(.vipd, on: number, of: scene.segment, configuration: text, instance: instance)
      }
      var daemons: [HostDaemon] = []
      for number in [217, 218] {
        daemons.append(try start(number, "four", "\(vip4)/24"))
        daemons.append(try start(number, "six", "\(vip6)/64"))
        for vip in [vip4, vip6] { try scene.expectOwners(217, of: vip) }
      }
      defer { withExtendedLifetime(daemons) {} }
      pause(.seconds(1))
      let moment = MonotonicClock.now
      try setIPv6(false, on: 217, scene)
      try scene.expectOwners(218, of: vip6)
      pause(.seconds(1))
      try scene.expectOwners(217, of: vip4)
      scene.expectUnchanged(since: moment)
    }

    @Test func whatCanBeServedIsServed() throws {
      let scene = try Scene(hasIPv6: true)
      let (vip4, vip6) = (scene.segment.virtualAddresses[0], scene.segment.virtualAddresses[1])
      let text =
        "[VirtualIP]\nAddress=\(vip4)/24\nAddress=\(vip6)/64\nInterface=eth0\nRequiredFamily=ipv4\n"
      func start(_ number: Int) throws -> HostDaemon {
        try HostDaemon(.vipd, on: number, of: scene.segment, configuration: text, instance: "219")
      }
      let first = try start(217)
      try scene.expectOwners(217)
      let second = try start(218)
      defer { withExtendedLifetime((first, second)) {} }
      for vip in [vip4, vip6] { try scene.expectOwners(217, of: vip) }

      // A host that cannot serve IPv6 gives the VIP to one that can.
      try setIPv6(false, on: 217, scene)
      for vip in [vip4, vip6] { try scene.expectOwners(218, of: vip) }
      let found = try Operator(of: first)("show", "219")
      #expect(found.output.contains("IPv6 addresses cannot be served here"))

      // Where none can, IPv4 stays where it is.
      let moment = MonotonicClock.now
      try setIPv6(false, on: 218, scene)
      try scene.expectOwners(of: vip6)
      pause(.seconds(5))
      try scene.expectOwners(218, of: vip4)
      scene.expectUnchanged(since: moment)

      try setIPv6(true, on: 218, scene)
      for vip in [vip4, vip6] { try scene.expectOwners(218, of: vip) }
    }
  }
}
