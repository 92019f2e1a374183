import Configuration
import Glibc
import Host
import Internet
import Testing

@testable import vipctl

@Suite struct CheckTests {
  private static let open = """
    table inet filter {
    \tchain input {
    \t\ttype filter hook input priority filter; policy drop;
    \t\tct state established,related accept
    \t\tip protocol vrrp accept
    \t}
    \tchain forward {
    \t\ttype filter hook forward priority filter; policy drop;
    \t}
    }
    """

  @Test func aRuleThatDropsVRRPIsNamed() {
    let rules = """
      table ip filter {
      \tchain INPUT {
      \t\ttype filter hook input priority filter; policy accept;
      \t\tmeta l4proto 112 counter packets 5 bytes 200 drop
      \t}
      }
      """
    let findings = Firewall.findings(nftables: rules)
    #expect(findings.map(\.result) == [.bad])
    #expect(findings[0].text.contains("ip filter INPUT") && findings[0].text.contains("l4proto 112"))
  }

  @Test func aClosedChainWithoutAnExceptionIsNoted() {
    #expect(Firewall.findings(nftables: Self.open).map(\.result) == [.ok])
    let closed = Self.open.split(separator: "\n").filter { !$0.contains("vrrp") }.joined(separator: "\n")
    #expect(Firewall.findings(nftables: closed).map(\.result) == [.note])
    #expect(Firewall.findings(nftables: "").map(\.result) == [.ok])
  }

  @Test func aDaemonWithoutRealtimePriorityIsNoted() {
    var status = Samples.active
    #expect(Examination.priority(status).isEmpty)
    status.lacksRealtime = true
    let findings = Examination.priority(status)
    #expect(findings.map(\.result) == [.note] && findings[0].remedy?.contains("rtprio") == true)
    let report = Report(known: InstanceList.Known(name: "219"), answer: .status(status))
    #expect(report.isWell && report.remarks.map(\.text).contains { $0.contains("vipctl check 219") })
  }

  @Test func iptables() {
    let rules = """
      *filter
      :INPUT DROP [0:0]
      :FORWARD ACCEPT [0:0]
      :OUTPUT ACCEPT [0:0]
      -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
      COMMIT
      """
    #expect(Firewall.findings(iptables: rules).map(\.result) == [.note])
    let accepting = rules.split(separator: "\n").map(String.init) + ["-A INPUT -p vrrp -j ACCEPT"]
    #expect(Firewall.findings(iptables: accepting.joined(separator: "\n")).map(\.result) == [.ok])
    let dropping = rules.split(separator: "\n").map(String.init) + ["-A OUTPUT -p 112 -j DROP"]
    #expect(Firewall.findings(iptables: dropping.joined(separator: "\n")).map(\.result) == [.bad, .note])
  }

  /// A root file system with these files.
  private func withFiles(_ files: [String: String], _ body: (AddressKeepers) -> Void) throws {
    var template = Array("/tmp/vipctl-XXXXXX".utf8CString)
    let root = String(cString: try #require(mkdtemp(&template)))
    var made: [String] = []
    for (path, text) in files {
      var directory = root
      for part in path.split(separator: "/").dropLast() {
        directory += "/\(part)"
        if mkdir(directory, 0o755) == 0 { made.append(directory) }
      }
      let file = try #require(fopen(root + path, "w"))
      fputs(text, file)
      fclose(file)
    }
    body(AddressKeepers(root: root))
    for path in files.keys { unlink(root + path) }
    for directory in made.reversed() { rmdir(directory) }
    rmdir(root)
  }

  private static let link = """
    # This is private data. Do not parse.
    ADMIN_STATE=configured
    OPER_STATE=routable
    NETWORK_FILE=/etc/systemd/network/bond0.network
    NETWORK_FILE_DROPINS=/etc/systemd/network/bond0.network.d/vip.conf
    """

  @Test func networkd() throws {
    let network = "[Match]\nName=bond0\n[Network]\nAddress=192.168.1.217/24\n"
    let files = [
      "/run/systemd/netif/links/3": Self.link, "/etc/systemd/network/bond0.network": network,
    ]
    try withFiles(files) { keepers in
      #expect(keepers.findings("bond0", index: 3, hasLease: true).map(\.result) == [.note])
      #expect(keepers.findings("bond0", index: 3, hasLease: false).map(\.result) == [.note])
      #expect(keepers.findings("bond0", index: 4, hasLease: true).map(\.result) == [.ok])
    }
    // To networkd, an address with a lifetime is a dynamic one.
    for (value, leased, permanent) in [
      ("yes", Finding.Result.ok, Finding.Result.ok), ("static", .note, .ok), ("dhcp", .ok, .note),
      ("dynamic", .ok, .note), ("dhcp-on-stop", .note, .note), ("no", .note, .note),
    ] {
      var kept = files
      kept["/etc/systemd/network/bond0.network.d/vip.conf"] = "[Network]\nKeepConfiguration=\(value)\n"
      try withFiles(kept) { keepers in
        #expect(keepers.findings("bond0", index: 3, hasLease: true).map(\.result) == [leased], "\(value)")
        #expect(keepers.findings("bond0", index: 3, hasLease: false).map(\.result) == [permanent], "\(value)")
      }
    }
  }

  @Test func networkManager() throws {
    try withFiles(["/run/NetworkManager/devices/2": "[device]\nmanaged=1\nnm-owned=0\n"]) { keepers in
      #expect(keepers.findings("eth0", index: 2, hasLease: true).map(\.subject) == ["NetworkManager"])
    }
    try withFiles(["/run/NetworkManager/devices/2": "[device]\nmanaged=0\n"]) { keepers in
      #expect(keepers.findings("eth0", index: 2, hasLease: true).map(\.result) == [.ok])
    }
  }

  /// What the kernel answers where both have these values of arp_ignore and arp_announce.
  private func answers(all: (Int, Int), own: (Int, Int)) throws -> ARPAnswers {
    var answers: ARPAnswers?
    let root = "/proc/sys/net/ipv4/conf"
    try withFiles([
      "\(root)/all/arp_ignore": "\(all.0)\n", "\(root)/all/arp_announce": "\(all.1)\n",
      "\(root)/eth0/arp_ignore": "\(own.0)\n", "\(root)/eth0/arp_announce": "\(own.1)\n",
    ]) { answers = ARPAnswers(on: "eth0", root: $0.root) }
    return try #require(answers)
  }

  @Test func aCopyThatIsAnsweredForIsBad() throws {
    let copies = Surroundings(
      links: [
        Surroundings.Link(
          index: 1, name: "lo", hardwareAddress: nil, isLoopback: true,
          addresses: try ["192.168.1.219", "fd00::219"].map { text in
            let address = try #require(IPAddress(text))
            return Surroundings.Address(
              try #require(IPNetwork(address, prefixLength: address.family == .ipv4 ? 32 : 128)))
          })
      ], defaultRouteLinkIndex: nil)
    var settings = Settings()
    settings.interface = "eth0"
    settings.addresses = copies.links[0].addresses.map(\.network)
    let found = copies.copies(of: settings)
    #expect(found.map(\.interface) == ["lo", "lo"])
    func results(_ answers: ARPAnswers) -> [Finding.Result] {
      found.map { CopyFinding.finding($0, on: "eth0", answering: answers).result }
    }
    #expect(results(try answers(all: (0, 0), own: (0, 0))) == [.bad, .note])
    #expect(results(try answers(all: (0, 2), own: (1, 0))) == [.note, .note])
    #expect(results(try answers(all: (1, 0), own: (0, 0))) == [.note, .note])
    #expect(results(ARPAnswers(on: "eth0", root: "/nowhere")) == [.bad, .note])
    let finding = CopyFinding.finding(
      found[0], on: "eth0", answering: try answers(all: (0, 0), own: (0, 0)))
    #expect(finding.text.contains("arp_ignore=0"))
    #expect(finding.remedy?.contains("arp_announce=2") == true)
  }
}
