import Internet
import Testing
import VRRP

@testable import Configuration

@Suite struct SettingsTests {
  @Test func noFileIsNeeded() throws {
    let settings = try Configuration.resolve(instance: "219", files: [], surroundings: try Hosts.lab())
    let derived = [
      "VirtualIP.Address": ("the instance's name and bond0's 192.168.1.217/24", "192.168.1.219/24"),
      "VirtualIP.Interface": ("192.168.1.219", "bond0"), "VRRP.VirtualRouterID": ("192.168.1.219", "219"),
    ]
    var text = "# 219: 192.168.1.219/24 on bond0, VRID 219, priority 100, advertised every 100ms, lease 2s\n"
    for section in ConfigurationKey.sections {
      text += "\n[\(section)]\n"
      for key in ConfigurationKey.keys(of: section) {
        if let (source, value) = derived[key.qualifiedName] {
          text += "# derived from \(source)\n\(key.name)=\(value)\n"
        } else {
          text += "# default\n\(key.name)=\(key.values(Settings()).first ?? "")\n"
        }
      }
    }
    #expect(settings.description == text)
  }

  @Test(arguments: [
    (["192.168.1.217/24"], "219", "192.168.1.219/24"),
    (["192.168.1.217/24"], "192.168.1.219", "192.168.1.219/24"),
    (["192.168.1.200/25"], "219", "192.168.1.219/25"), (["10.1.2.7/16"], "219", "10.1.0.219/16"),
    (["10.1.3.8/16"], "219", "10.1.0.219/16"), (["10.1.0.0/31", "10.9.0.1/30"], "1", "10.1.0.1/31"),
    (["10.1.2.7/16", "10.1.2.8/24"], "10.1.2.219", "10.1.2.219/24"),
  ])
  func addressesOfNames(own: [String], instance: String, vip: String) throws {
    let host = try Hosts.single(own)
    let settings = try Configuration.resolve(instance: instance, files: [], surroundings: host)
    #expect(settings.addresses == [try Hosts.network(vip)])
    #expect(settings.interface == "bond0")
    #expect(UInt32(settings.virtualRouterID) == UInt32(settings.addresses[0].address[3]))
  }

  @Test func ownLeftoversAreNotTheHosts() throws {
    let host = try Hosts.single(["192.168.1.217/24"], vips: ["192.168.1.219/24", "10.0.0.1/8"])
    let settings = try Configuration.resolve(instance: "219", files: [], surroundings: host)
    #expect(settings.addresses == [try Hosts.network("192.168.1.219/24")])
    #expect(try Hosts.refusal(nil, instance: "10.0.0.2", host) != "accepted")
  }

  @Test func anInterfaceNamesTheSubnetOfANumber() throws {
    let settings = try Configuration.resolve(
      instance: "219", files: [Hosts.file("[VirtualIP]\nInterface=eth1")], surroundings: try Hosts.router())
    #expect(settings.addresses == [try Hosts.network("10.1.0.219/16")])
    #expect(
      settings.origins(of: "VirtualIP.Address")
        == [.derived(from: "the instance's name and eth1's 10.1.2.3/16")])
    #expect(settings.origins(of: "VirtualIP.Interface") == [.file("/etc/vip/219.conf", line: 2)])
  }

  @Test func valuesMeanWhatTheySay() throws {
    let settings = try Hosts.settings(
      """
      [VirtualIP]
      Address=192.168.1.219
      Address=192.168.7.1/32
      [VRRP]
      Priority=255
      AdvertisementIntervalSec=40.95s
      Preempt=OFF
      PreemptDelaySec=1min 2.5s
      [Safety]
      LeaseSec=10min
      [Announce]
      RefreshSec=0
      """)
    #expect(
      settings.addresses == [try Hosts.network("192.168.1.219/24"), try Hosts.network("192.168.7.1/32")])
    #expect(settings.priority == 255)
    #expect(settings.advertisementInterval == AdvertisementInterval(exactly: .milliseconds(40950)))
    #expect(!settings.preempt)
    #expect(settings.preemptDelay == .milliseconds(62500))
    #expect(settings.lease == .seconds(600))
    #expect(settings.refreshInterval == nil)
    #expect(
      settings.origins(of: "VirtualIP.Address") == [
        .derived(from: "/etc/vip/219.conf:2 and bond0's 192.168.1.217/24"),
        .file("/etc/vip/219.conf", line: 3),
      ])
    #expect(settings.origins(of: "Announce.RefreshSec") == [.file("/etc/vip/219.conf", line: 12)])
  }

  @Test func laterFilesOverrideAndAppend() throws {
    let files = [
      Hosts.file("[VirtualIP]\nAddress=192.168.1.1\n[VRRP]\nPriority=1\nPreempt=no\nPriority=2"),
      Hosts.file(
        "[VRRP]\nPriority=3\nPreempt=\n[VirtualIP]\nAddress=192.168.1.2", "/etc/vip/219.conf.d/a.conf"),
    ]
    let host = try Hosts.lab()
    let settings = try Configuration.resolve(instance: "219", files: files, surroundings: host)
    #expect(settings.addresses.map { $0.address.description } == ["192.168.1.1", "192.168.1.2"])
    #expect(settings.virtualRouterID == 1)
    #expect(settings.priority == 3)
    #expect(settings.origins(of: "VRRP.Priority") == [.file("/etc/vip/219.conf.d/a.conf", line: 2)])
    #expect(settings.preempt)
    #expect(settings.origins(of: "VRRP.Preempt") == [.default])

    let reset = Hosts.file("[VirtualIP]\nAddress=\nAddress=192.168.1.3", "/etc/vip/219.conf.d/b.conf")
    let replaced = try Configuration.resolve(instance: "219", files: files + [reset], surroundings: host)
    #expect(replaced.addresses == [try Hosts.network("192.168.1.3/24")])
    let none = Hosts.file("[VirtualIP]\nAddress=", "/etc/vip/219.conf.d/b.conf")
    let derived = try Configuration.resolve(instance: "219", files: files + [none], surroundings: host)
    #expect(derived.addresses == [try Hosts.network("192.168.1.219/24")])
  }

  @Test(arguments: [
    "",
    "[Safety]\nLeaseSec=0\n[Announce]\nRefreshSec=0\n[VRRP]\nPreempt=no\nPriority=7\nPreemptDelaySec=1.5s",
    "[VirtualIP]\nAddress=192.168.1.9\nAddress=10.0.0.1/8\nLabel=bond0:x\nScope=host",
    "[VRRP]\nVirtualRouterID=4",
    "[Announce]\nRefreshSec=1.000001s\nRepeat=3\n[VRRP]\nAdvertisementIntervalSec=1.05s",
  ])
  func descriptionsAreConfigurations(text: String) throws {
    let settings = try Hosts.settings(text)
    let again = try Hosts.settings(settings.description)
    #expect(again.changes(to: settings).isEmpty)
    #expect(again.summary == settings.summary)
    #expect(again.addresses == settings.addresses && again.refreshInterval == settings.refreshInterval)
  }

  @Test func changesSayWhatNeedsARestart() throws {
    let old = try Hosts.settings("[VirtualIP]\nLabel=bond0:0")
    let new = try Hosts.settings(
      """
      [VirtualIP]
      Address=192.168.1.219/32
      Address=192.168.1.220
      [VRRP]
      VirtualRouterID=1
      Priority=120
      [Announce]
      RefreshSec=0
      """)
    #expect(old.changes(to: old).isEmpty)
    #expect(
      old.changes(to: new).map(\.description) == [
        "VirtualIP.Address: 192.168.1.219/24 -> 192.168.1.219/32 192.168.1.220/24",
        "VirtualIP.Label: bond0:0 -> none (of addresses that are added from now on)",
        "VRRP.VirtualRouterID: 219 -> 1 (needs a restart)", "VRRP.Priority: 100 -> 120",
        "Announce.RefreshSec: 60s -> 0",
      ])
  }

  // MARK: Families, versions, peers

  private func dual(_ text: String, instance: String = "219") throws -> Settings {
    let host = try Hosts.single(["192.168.1.217/24", "fe80::217/64", "fd00::217/64"])
    return try Configuration.resolve(instance: instance, files: [Hosts.file(text)], surroundings: host)
  }

  /// RFC 9568 §5.2.9, erratum 8300.
  @Test(arguments: [
    ("Address=fd00::219", ["fe80::200:5eff:fe00:219/64", "fd00::219/64"]),
    (
      "Address=192.168.1.219\nAddress=fd00::219/64",
      ["192.168.1.219/24", "fe80::200:5eff:fe00:2db/64", "fd00::219/64"]
    ),
    ("Address=fd00::219\nAddress=fe80::1\nInterface=bond0", ["fe80::1/64", "fd00::219/64"]),
    ("Address=fe80::1\nInterface=bond0", ["fe80::1/64"]),
  ])
  func theFirstIPv6AddressIsLinkLocal(lines: String, addresses: [String]) throws {
    let settings = try dual("[VirtualIP]\n\(lines)")
    #expect(settings.addresses == (try addresses.map { try Hosts.network($0) }))
    let again = try dual(settings.description)
    #expect(settings.changes(to: again).isEmpty, "what is printed has the same effect")
  }

  @Test func aNameMayBeAnIPv6Address() throws {
    let settings = try dual("", instance: "fd00::219")
    #expect(settings.addresses.last == (try Hosts.network("fd00::219/64")))
    #expect(settings.virtualRouterID == 0x19)
  }

  @Test func oneVirtualRouterForEachFamily() throws {
    let settings = try dual("[VirtualIP]\nAddress=fd00::219\nAddress=192.168.1.219\nAddress=192.168.1.220")
    #expect(settings.virtualRouters.map(\.family) == [.ipv6, .ipv4])
    #expect(settings.virtualRouters.map(\.addresses.count) == [2, 2])
    #expect(Set(settings.virtualRouters.map(\.id)) == [0x19])
  }

  @Test func versionTwoHasWholeSeconds() throws {
    let settings = try Hosts.settings("[VRRP]\nVersion=2\nAuthentication=secret")
    #expect(settings.advertisementInterval == .second)
    #expect(settings.virtualRouters.first?.password == Array("secret".utf8) + [0, 0])
    #expect(
      try Hosts.refusal("[VRRP]\nVersion=2\nAdvertisementIntervalSec=100ms")
        == "/etc/vip/219.conf:3: AdvertisementIntervalSec= is 100ms with Version=2; accepted: 1s to 40s in whole "
        + "seconds; write 1s, or use Version=3")
    #expect(
      try Hosts.refusal("[VRRP]\nAuthentication=secret")
        == "/etc/vip/219.conf:2: Authentication= is set with Version=3; accepted: a password with Version=2 only; "
        + "VRRPv3 has none (RFC 9568 §9); remove the line, or set Version=2 for old peers")
  }

  @Test func everyFamilyNeedsAPeer() throws {
    let both = "[VirtualIP]\nAddress=192.168.1.219\nAddress=fd00::219\n[VRRP]\nPeer=192.168.1.218\n"
    let settings = try dual(both + "Peer=fe80::218")
    #expect(settings.virtualRouters.map { $0.unicastPeers?.count } == [1, 1])
    #expect(throws: ConfigurationError.self) { try self.dual(both) }
    #expect(throws: ConfigurationError.self) {
      try Hosts.settings("[VRRP]\nPeer=192.168.1.218\nPeer=fe80::218")
    }
  }

  @Test(arguments: [
    "default via 192.168.1.1 src 192.168.1.219 metric 10", "10.0.0.0/8 via 192.168.1.1 table 100",
    "192.168.7.0/24 src 192.168.1.219", "fd01::/48 via fe80::1", "10.1.2.3/32",
  ])
  func routesAreWrittenAsIPRouteDoes(text: String) throws {
    let settings = try Hosts.settings("[Route]\nRoute=\(text)\n")
    #expect(settings.routes.map(\.description) == [text])
  }

  @Test func theSourceOfARouteIsAVIP() throws {
    #expect(
      try Hosts.refusal("[Route]\nRoute=default via 192.168.1.1 src 192.168.1.217")
        == "/etc/vip/219.conf:2: Route= has src 192.168.1.217, which is none of the VIPs; accepted: 192.168.1.219; "
        + "use one of these, or leave src out")
  }

  @Test func aFamilyThatComesOrGoesNeedsARestart() throws {
    let (one, two) = ("[VirtualIP]\nAddress=192.168.1.219\n", "Address=192.168.1.220\n")
    let old = try dual(one)
    #expect(old.changes(to: try dual(one + two)).map(\.effect) == [.live])
    #expect(old.changes(to: try dual(one + "Address=fd00::219\n")).map(\.effect) == [.restart])
  }
}
