import Foundation
import Internet
import Lab
import Testing

/// What Debian's three ways to configure an interface do to a VIP on it.
@Suite(
  "Beside what manages the host's network", .serialized, .enabled(if: geteuid() == 0, "needs root"),
  .timeLimit(.minutes(5)))
struct NetworkTests {
  private static let lab = Result {
    try ContainerLab(
      octets: [217, 218], cache: Pair.root.appendingPathComponent(".build/containers"),
      packages: ["dnsmasq-base", "ifupdown", "isc-dhcp-client", "network-manager"])
  }

  let lab: ContainerLab
  /// Whose interface is managed.
  let host: Container
  /// Which stands by, and has the DHCP server.
  let other: Container

  init() throws {
    lab = try Self.lab.get()
    (host, other) = (lab.hosts[0], lab.hosts[1])
    for host in lab.hosts where try host.run(["dpkg", "--status", "vipd"]).status != 0 {
      try host.copy(Pair.package(), to: "/root/package.deb")
      try host.install("/root/package.deb")
    }
    try host.shell(Self.letGo)
    if try other.run(["test", "-e", "/run/dhcp.pid"]).status != 0 {
      try other.shell(
        "dnsmasq --port=0 --pid-file=/run/dhcp.pid --interface=eth0 --dhcp-range=192.168.1.101,192.168.1.109,120 --dhcp-option=3,192.168.1.1 "
          + "--dhcp-leasefile=/run/dhcp.leases")
    }
    for host in lab.hosts { try host.shell("systemctl reset-failed; systemctl start \(Pair.unit)") }
  }

  /// Nothing manages the interface.
  private static let letGo = """
    systemctl disable --quiet --now NetworkManager networking systemd-networkd.socket systemd-networkd 2>/dev/null
    rm -f /etc/systemd/network/*; printf 'auto lo\\niface lo inet loopback\\n' >/etc/network/interfaces
    """

  private static func network(_ lines: String) -> String {
    "printf '[Match]\\nName=eth0\\n[Network]\\n\(lines)\\n' >/etc/systemd/network/10-eth0.network"
  }

  private static func interfaces(_ method: String) -> String {
    "printf 'auto eth0\\niface eth0 inet \(method)\\n' >/etc/network/interfaces"
  }

  /// What is done to the host, and whether a client may notice.
  struct Step {
    let command: String
    var isNoticed = false
    var isTouched = true

    static func untouched(_ command: String) -> Step { Step(command: command, isTouched: false) }
    static func kept(_ command: String) -> Step { Step(command: command) }
    static func noticed(_ command: String) -> Step { Step(command: command, isNoticed: true) }
  }

  @Test("systemd-networkd")
  func networkd() throws {
    let own = "Address=\(host.address)/24\\nGateway=192.168.1.1"
    try host.shell(
      "\(Self.network("DHCP=ipv4")); ip address flush dev eth0 || true; systemctl start systemd-networkd")
    try perform([
      .kept("networkctl renew eth0"), .kept("networkctl reload"), .kept("systemctl restart systemd-networkd"),
      .noticed("networkctl reconfigure eth0"),
      .noticed("\(Self.network(own)); networkctl reload"),
      .noticed("\(Self.network(own.replacing("217/24", with: "216/24"))); networkctl reload"),
      .noticed("\(Self.network(own + "\\nKeepConfiguration=yes")); networkctl reload"),
      .untouched("networkctl reconfigure eth0"),
    ])
  }

  /// Power comes back, and the host is up before its switch.
  @Test(
    "systemd-networkd: without carrier at boot, without an address at a reload and a restart, it waits, and then serves"
  )
  func withoutCarrier() throws {
    try other.shell("systemctl stop \(Pair.unit)")
    try host.shell(
      "\(Self.network("Address=\(host.address)/24\\nGateway=192.168.1.1")); systemctl enable --quiet systemd-networkd \(Pair.unit)"
    )
    defer { _ = try? host.shell("systemctl disable --quiet \(Pair.unit)") }
    try host.reboot(isDark: true)
    try expectWait(for: Self.noRoute)
    // Whoever waits for that waits for two minutes while any of networkd's interfaces has no carrier.
    #expect(try host.run(["systemctl", "is-active", "network-online.target"]).output == "inactive")
    try expectService { try host.switchPort(isOn: true) }

    // From here on an instance waits that was at work.
    try host.shell("ip address delete \(host.address)/24 dev eth0")
    try expectWait(for: "eth0 has no IPv4 address of its own")
    try host.shell("systemctl reload \(Pair.unit)")
    try expectService { try host.shell("networkctl reconfigure eth0") }

    try host.switchPort(isOn: false)
    try expectWait(for: "eth0 has no carrier")
    try host.shell("systemctl restart \(Pair.unit)")
    try expectWait(for: Self.noRoute)
    try host.shell("systemctl reload \(Pair.unit)")
    try expectService { try host.switchPort(isOn: true) }
  }

  private static let noRoute = "Waiting for a default route, to take the subnet of 219 from"

  /// The instance is up, has no VIP, and says why.
  private func expectWait(for what: String) throws {
    try eventually(what) { try host.property("StatusText").contains(what) }
    #expect(try host.property("ActiveState") == "active")
    #expect(try !host.has(Pair.vip))
  }

  /// What is missing comes back by `mend`, and the same daemon serves the VIP.
  private func expectService(_ mend: () throws -> Void) throws {
    let before = try host.mainPID()
    try mend()
    try eventually("it owns the VIP") { try host.property("StatusText").hasPrefix("Active") }
    try lab.observe(try #require(IPv4Address(Pair.vip))).waitForAnswer(from: Int(host.octet))
    #expect(try host.mainPID() == before)
    #expect(try host.property("NRestarts") == "0")
  }

  @Test("ifupdown and dhclient")
  func ifupdown() throws {
    try host.shell("\(Self.interfaces("dhcp")); ip address flush dev eth0 || true; ifup eth0")
    try perform([
      .kept("kill $(cat /run/dhclient.eth0.pid); dhclient -4 -pf /run/dhclient.eth0.pid eth0"),
      .noticed("ifdown eth0; ifup eth0"),
      .noticed(
        "ifdown eth0; \(Self.interfaces("static\\naddress \(host.address)/24\\ngateway 192.168.1.1")); ifup eth0"
      ),
      .noticed("systemctl restart networking"),
    ])
    try host.shell("ifdown eth0")
  }

  @Test("NetworkManager")
  func networkManager() throws {
    let own = "ipv4.method manual ipv4.addresses \(host.address)/24 ipv4.gateway 192.168.1.1"
    try host.shell(
      """
      ip address flush dev eth0 || true
      systemctl start NetworkManager
      nmcli connection add type ethernet ifname eth0 con-name eth0 ipv4.method auto
      nmcli device set eth0 managed yes
      nmcli connection up eth0
      """)
    try perform([
      .kept("nmcli connection reload"), .kept("nmcli device reapply eth0"),
      .kept("systemctl restart NetworkManager; nm-online -qt 10"),
      .noticed("nmcli connection up eth0"),
      .noticed("nmcli connection modify eth0 \(own); nmcli connection up eth0"),
    ])
  }

  /// Each step with the VIP on the host; afterwards it has one owner, which serves it.
  private func perform(_ steps: [Step]) throws {
    for step in steps {
      try own()
      let view = try lab.observe(try #require(IPv4Address(Pair.vip)))
      try view.waitForAnswer(from: Int(host.octet))
      let seen = try view.during(rest: .seconds(2)) { try host.shell(step.command) }
      print("\(step.command): \(seen)")
      if step.isNoticed {
        // Three intervals and the skew until the other host takes over, or until this one goes on.
        #expect(seen.probe.outage <= .milliseconds(700), "\(step.command)")
      } else {
        // What removes the VIP alone has it back at once.
        #expect(seen.probe.outage <= .milliseconds(5), "\(step.command)")
        #expect(seen.owners.allSatisfy { $0 == [Int(host.octet)] || $0.isEmpty }, "\(step.command)")
      }
      if !step.isTouched { #expect(seen.owners == [[Int(host.octet)]], "\(step.command)") }
      #expect(seen.overlap <= .milliseconds(5), "\(step.command)")
      #expect(seen.owners.last?.count == 1, "\(step.command)")
    }
  }

  /// The host has the VIP, and the other stands by.
  private func own() throws {
    try eventually("one owner") { try lab.owners(of: Pair.vip).count == 1 }
    try eventually("both take part") {
      try lab.hosts.allSatisfy { try ["Active", "Backup"].contains($0.property("StatusText").prefix(6)) }
    }
    if try other.has(Pair.vip) {
      try eventually("the host takes it") { try other.run(["vipctl", "handover", "219"]).status == 0 }
    }
    try eventually("the other stands by") {
      try host.property("StatusText").contains("standing by: \(other.address)")
    }
  }
}
