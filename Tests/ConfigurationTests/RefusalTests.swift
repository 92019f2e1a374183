import Internet
import Testing

@testable import Configuration

/// Bad files and names, each with the exact line that the operator reads.
@Suite struct RefusalTests {
  private static let keysOfVRRP = ConfigurationKey.keys(of: "VRRP").map { "\($0.name)=" }.listed
  private static let sections = ConfigurationKey.sections.map { "[\($0)]" }.listed
  private static let links = "bond0 (192.168.1.217/24)"

  @Test(arguments: [
    ("[VRPP]", "1: unknown section \"[VRPP]\"; accepted: \(sections); write [VRRP]"),
    ("\n[Unit]", "2: unknown section \"[Unit]\"; accepted: \(sections); move or remove the section"),
    ("[]", "1: unknown section \"[]\"; accepted: \(sections); move or remove the section"),
    (
      "[VRRP]\nAdvertismentIntervalSec=1s",
      "2: unknown key \"AdvertismentIntervalSec\" in [VRRP]; accepted: \(keysOfVRRP); "
        + "write AdvertisementIntervalSec="
    ),
    ("[VRRP]\npriority=1", "2: unknown key \"priority\" in [VRRP]; accepted: \(keysOfVRRP); write Priority="),
    (
      "[VRRP]\nLeaseSec=2s",
      "2: unknown key \"LeaseSec\" in [VRRP]; accepted: \(keysOfVRRP); move it to [Safety]"
    ),
    (
      "[VRRP]\nLeasSec=2s",
      "2: unknown key \"LeasSec\" in [VRRP]; accepted: \(keysOfVRRP); write LeaseSec= in [Safety]"
    ),
    ("[VRRP]\nWindSpeed=2s", "2: unknown key \"WindSpeed\" in [VRRP]; accepted: \(keysOfVRRP); remove it"),
    ("[VRRP]\nWindSpeed=", "2: unknown key \"WindSpeed\" in [VRRP]; accepted: \(keysOfVRRP); remove it"),
    (
      "# x\nPriority=2",
      "2: key \"Priority\" before any section; accepted: keys below \(sections); put [VRRP] above it"
    ),
    (
      "Nonsense=2",
      "1: key \"Nonsense\" before any section; accepted: keys below \(sections); put its section above it"
    ),
  ])
  func structure(text: String, message: String) throws {
    #expect(try Hosts.refusal(text) == "/etc/vip/219.conf:" + message)
  }

  @Test(arguments: [("[VRRP", 1), ("[VRRP]\nPriority", 2), ("[VRRP]\n=5", 2), ("\n\n\u{1F600}", 3)])
  func unparsableLines(text: String, line: Int) throws {
    let found = text.split(separator: "\n").last.map(String.init) ?? ""
    #expect(
      try Hosts.refusal(text)
        == "/etc/vip/219.conf:\(line): \"\(found)\"; accepted: [Section], Key=value, # comment or ; comment; "
        + "correct the line or put # before it")
  }

  @Test func bytesThatAreNoText() throws {
    let surroundings = try Hosts.lab()
    for (bytes, message) in [
      (
        [0x0A, 0x23, 0xFF] as [UInt8],
        "2: bytes that are not UTF-8; accepted: UTF-8 text; save the file as UTF-8"
      ),
      ([0x00], "1: control character 0; accepted: printable text, spaces and tabs; remove the character"),
      (
        [0x61, 0x1B, 0x5B],
        "1: control character 27; accepted: printable text, spaces and tabs; remove the character"
      ),
    ] {
      let file = ConfigurationFile(path: "/etc/vip/219.conf", bytes: bytes)
      let error = #expect(throws: ConfigurationError.self) {
        try Configuration.resolve(instance: "219", files: [file], surroundings: surroundings)
      }
      #expect(error?.description == "/etc/vip/219.conf:" + message)
    }
  }

  private static let vrid =
    "VirtualRouterID= is %; accepted: a whole number from 1 to 255; correct the line, "
    + "or remove it for the default: the last octet of the first address"
  private static let priority =
    "Priority= is %; accepted: a whole number from 1 to 255, where 255 is the "
    + "address owner's; correct the line, or remove it for the default: 100"
  private static let interval =
    "AdvertisementIntervalSec= is %; accepted: a time span from 10ms to 40.95s in "
    + "whole hundredths of a second; correct the line, or remove it for the default: 100ms"
  private static let lease =
    "LeaseSec= is %; accepted: 0 for ever, or a time span from 1s to 10min in whole "
    + "seconds; correct the line, or remove it for the default: 2s"
  private static let refresh =
    "RefreshSec= is %; accepted: 0 for never, or a time span from 1s to 1d; "
    + "correct the line, or remove it for the default: 60s"
  private static let pace =
    "IntervalSec= is %; accepted: 0 for none, or a time span from 100us to 1s; "
    + "correct the line, or remove it for the default: 0"
  private static let address =
    "Address= is %; accepted: an IP address, alone or with a prefix length, as in 192.168.1.219/24 or "
    + "fd00::219/64; "
  private static let route =
    "Route= is %; accepted: default or a subnet, then via, src, metric and table as in ip-route(8), as in default "
    + "via 192.168.1.1 src 192.168.1.219, at most 64 times; correct the line, or remove it for the default: none"
  private static let addressDefault =
    "correct the line, or remove it for the default: the address that the instance's name stands for"

  @Test(arguments: [
    ("VRRP", "VirtualRouterID", "0", vrid), ("VRRP", "VirtualRouterID", "256", vrid),
    ("VRRP", "VirtualRouterID", "0x10", vrid), ("VRRP", "Priority", "0", priority),
    ("VRRP", "Priority", "256", priority), ("VRRP", "Priority", "-1", priority),
    ("VRRP", "Priority", "100 200", priority), ("VRRP", "AdvertisementIntervalSec", "0", interval),
    ("VRRP", "AdvertisementIntervalSec", "9ms", interval),
    ("VRRP", "AdvertisementIntervalSec", "40960ms", interval),
    ("VRRP", "AdvertisementIntervalSec", "105ms", interval),
    ("VRRP", "AdvertisementIntervalSec", "soon", interval),
    (
      "VRRP", "Preempt", "maybe",
      "Preempt= is %; accepted: yes, true, on, 1, no, false, off or 0; correct the line, or remove it "
        + "for the "
        + "default: yes"
    ),
    (
      "VRRP", "PreemptDelaySec", "1001s",
      "PreemptDelaySec= is %; accepted: a time span from 0 to 1000s; correct the line, or remove it for the "
        + "default: 0s"
    ),
    ("Safety", "LeaseSec", "1500ms", lease), ("Safety", "LeaseSec", "500ms", lease),
    ("Safety", "LeaseSec", "11min", lease), ("Safety", "LeaseSec", "99999999999999999999y", lease),
    (
      "Announce", "Repeat", "0",
      "Repeat= is %; accepted: a whole number from 1 to 100; correct the line, or remove it for the "
        + "default: 5"
    ),
    ("Announce", "RefreshSec", "10ms", refresh), ("Announce", "RefreshSec", "25h", refresh),
    ("Announce", "IntervalSec", "99us", pace), ("Announce", "IntervalSec", "1001ms", pace),
    (
      "VirtualIP", "Scope", "site",
      "Scope= is %; accepted: global, link or host; correct the line, or remove it for the default: global"
    ),
    (
      "VirtualIP", "Interface", "a-name-that-is-too-long",
      "Interface= is %; accepted: the name of an interface, at most 15 bytes; correct the line, or remove it "
        + "for the default: the interface whose subnet holds the first address"
    ),
    (
      "VirtualIP", "Label", "bond0:0123456789",
      "Label= is %; accepted: the interface's name, alone or with a colon and a tag, at most 15 bytes; "
        + "correct the line, or remove it for the default: none"
    ),
    ("VirtualIP", "Address", "192.168.1.256", address + addressDefault),
    ("VirtualIP", "Address", "192.168.1.219/0", address + addressDefault),
    ("VirtualIP", "Address", "192.168.1.219/33", address + addressDefault),
    ("VirtualIP", "Address", "192.168.1.219/", address + addressDefault),
    ("VirtualIP", "Address", "192.168.1.219 192.168.1.220", address + addressDefault),
    ("VirtualIP", "Address", "fd00::219/129", address + addressDefault),
    ("VirtualIP", "Address", "fd00::21g", address + addressDefault),
    (
      "VRRP", "Version", "1",
      "Version= is %; accepted: 3, or 2 for old peers; correct the line, or remove it for the default: 3"
    ),
    (
      "VRRP", "Authentication", "too-long-a-password",
      "Authentication= is %; accepted: a password of 1 to 8 printable ASCII characters without space; "
        + "correct the line, or remove it for the default: none"
    ),
    ("Route", "Route", "default", route), ("Route", "Route", "default via fd00::1 src 192.168.1.219", route),
    ("Route", "Route", "10.0.0.1/8 via 192.168.1.1", route), ("Route", "Route", "10.0.0.0/8 dev eth0", route),
    ("Route", "Route", "10.0.0.0/8 via 192.168.1.1 via 192.168.1.1", route),
    (
      "VRRP", "Peer", "224.0.0.18",
      "Peer= is %; accepted: the IP address of another router, at most 64 times; correct the line, or remove it for the "
        + "default: none: multicast"
    ),
    ("VirtualIP", "Address", "192.168.1.219 # VIP", address + "put the comment on a line of its own"),
  ])
  func values(section: String, key: String, value: String, template: String) throws {
    let message = template.split(separator: "%", omittingEmptySubsequences: false).joined(
      separator: "\"\(value)\"")
    #expect(try Hosts.refusal("[\(section)]\n\n\(key) = \(value)") == "/etc/vip/219.conf:3: " + message)
  }

  @Test(arguments: [
    (
      "Address=192.168.1.217",
      "192.168.1.217 is this host's own address on bond0; accepted: an address that no host has as its own; "
        + "choose a free address, or remove this one from bond0"
    ),
    (
      "Address=192.168.1.0/24",
      "192.168.1.0 is the subnet address of 192.168.1.0/24; accepted: a host's address of the subnet; "
        + "choose a free address"
    ),
    (
      "Address=192.168.1.255",
      "192.168.1.255 is the broadcast address of 192.168.1.0/24; accepted: a host's address of the subnet; "
        + "choose a free address"
    ),
    (
      "Address=192.168.1.255/32",
      "192.168.1.255 is the broadcast address of 192.168.1.0/24; accepted: a host's address of the subnet; "
        + "choose a free address"
    ),
    (
      "Interface=bond0\nAddress=224.0.0.18/24",
      "224.0.0.18 is a multicast address; accepted: a unicast address of the interface's subnet; "
        + "choose a free address"
    ),
    (
      "Interface=bond0\nAddress=127.0.0.2/8",
      "127.0.0.2 is a loopback address; accepted: a unicast address of the interface's subnet; "
        + "choose a free address"
    ),
    (
      "Interface=bond0\nAddress=255.255.255.255/8",
      "255.255.255.255 is a reserved or broadcast address; accepted: a unicast address of the interface's "
        + "subnet; choose a free address"
    ),
    (
      "Interface=bond0\nAddress=0.0.0.0/8",
      "0.0.0.0 is in 0.0.0.0/8; accepted: a unicast address of the interface's subnet; choose a free address"
    ),
    (
      "Address=10.0.0.1/24",
      "10.0.0.1 is in no interface's subnet; accepted: addresses on \(links); correct the address, or set "
        + "Interface="
    ),
    (
      "Interface=bond0\nAddress=10.0.0.1",
      "10.0.0.1 has no prefix length and is in no subnet of bond0; accepted: 192.168.1.0/24, or a prefix "
        + "length; write 10.0.0.1/24 if its subnet is a /24, or correct the address"
    ),
    (
      "Address=192.168.1.219\nAddress=192.168.1.219/32",
      "192.168.1.219 is assigned twice, first at /etc/vip/219.conf:2; accepted: "
        + "each address once; remove one of the two"
    ),
    (
      "Address=192.168.1.129/25\nAddress=192.168.1.128/24",
      "192.168.1.128 is the subnet address of 192.168.1.128/25; accepted: a host's address of the subnet; "
        + "choose a free address"
    ),
    (
      "Interface=bondO",
      "there is no interface \"bondO\"; accepted: \(links); set Interface= to one of these, or create bondO"
    ),
    (
      "Interface=lo",
      "interface \"lo\" is the loopback; accepted: \(links); set Interface= to an Ethernet interface "
        + "that has "
        + "an address of its own"
    ),
    (
      "Label=eth0:0",
      "Label= is \"eth0:0\" and the interface is \"bond0\"; accepted: bond0, or bond0: and a tag, at most 15 "
        + "bytes; write a label like bond0:0, or remove the line"
    ),
    (
      "Label=bond0:",
      "Label= is \"bond0:\" and the interface is \"bond0\"; accepted: bond0, or bond0: and a tag, at most 15 "
        + "bytes; write a label like bond0:0, or remove the line"
    ),
  ])
  func againstTheHost(text: String, message: String) throws {
    let line = text.split(separator: "\n").count + 1
    #expect(try Hosts.refusal("[VirtualIP]\n\(text)") == "/etc/vip/219.conf:\(line): " + message)
  }

  @Test func addressesInExcess() throws {
    let lines = (0..<256).map { "Address=10.1.\($0 / 250).\($0 % 250 + 1)" }.joined(separator: "\n")
    #expect(
      try Hosts.refusal("[VirtualIP]\n\(lines)")
        == "/etc/vip/219.conf:257: this is address number 256; accepted: at most 255 addresses in an instance; "
        + "move addresses to another instance")
  }

  /// Of IPv6 as many as one Ethernet frame holds, the link-local one included.
  @Test(arguments: [
    (
      90, ["Address=fe80::219"],
      "92: this is IPv6 address number 91; accepted: at most 90 IPv6 addresses in an instance, which fill an Ethernet frame"
    ),
    (
      90, [],
      "91: this is one address too many, because the link-local one is missing; accepted: at most 254 addresses in an instance beside the link-local one, and 89 of IPv6"
    ),
    (89, ["Address=fe80::219"], "accepted"),
    (89, [], "accepted"),
  ])
  func addressesOfIPv6InExcess(count: Int, others: [String], refusal: String) throws {
    let host = try Hosts.single(["192.168.1.217/24", "fe80::217/64", "fd00::217/64"])
    let lines = others + (1...count).map { "Address=fd00::1:\($0)" }
    let expected =
      refusal == "accepted" ? refusal : "/etc/vip/219.conf:\(refusal); move addresses to another instance"
    #expect(
      try Hosts.refusal("[VirtualIP]\n\(lines.joined(separator: "\n"))\n[VRRP]\nVirtualRouterID=9", host)
        == expected)
  }

  @Test func asManyAddressesAsAnAdvertisementCounts() throws {
    let lines = (0..<255).map { "Address=10.1.\($0 / 250).\($0 % 250 + 1)/16" }.joined(separator: "\n")
    #expect(try Hosts.settings("[VirtualIP]\nInterface=bond0\n\(lines)").addresses.count == 255)
  }

  @Test func lastOctetOfZero() throws {
    let host = try Hosts.single(["10.0.1.7/16"])
    #expect(
      try Hosts.refusal("[VirtualIP]\nAddress=10.0.2.0/16", host)
        == "/etc/vip/219.conf:2: the last octet of 10.0.2.0 is 0, which is no virtual router ID; accepted: "
        + "VirtualRouterID=1 to 255; set VirtualRouterID= in [VRRP] of 219.conf")
    #expect(
      try Hosts.refusal("[VirtualIP]\nAddress=10.0.2.0/16\n[VRRP]\nVirtualRouterID=9", host) == "accepted")
  }

  private static let routerLinks =
    "bond0 (192.168.1.217/24), eth1 (10.1.2.3/16), eth2 (172.16.0.2/24) and eth3 (172.16.0.3/24)"

  @Test(arguments: [
    (
      "Interface=tun0", "219",
      "/etc/vip/219.conf:2: interface \"tun0\" does not use ARP; accepted: \(routerLinks); "
        + "set Interface= to an Ethernet interface that has an address of its own"
    ),
    (
      "Interface=eth4", "219",
      "/etc/vip/219.conf:2: interface \"eth4\" has no address of the host's own; "
        + "accepted: \(routerLinks); set Interface= to an Ethernet interface that has an address of its own"
    ),
    (
      "Address=172.16.0.9", "219",
      "/etc/vip/219.conf:2: 172.16.0.9 is in a subnet of eth2 and eth3; accepted: an "
        + "address in the subnet of one interface; set Interface= to one of these"
    ),
    (
      "", "172.16.0.9",
      "172.16.0.9: 172.16.0.9 is in a subnet of eth2 and eth3; accepted: an address in the "
        + "subnet of one interface; set Interface= to one of these"
    ),
    (
      "", "10.7.0.9",
      "10.7.0.9: 10.7.0.9 is in no interface's subnet; accepted: addresses on \(routerLinks); "
        + "correct the address, or set Interface="
    ),
  ])
  func againstARouter(text: String, instance: String, message: String) throws {
    #expect(try Hosts.refusal("[VirtualIP]\n\(text)", instance: instance, try Hosts.router()) == message)
  }

  @Test(arguments: [
    (
      "217",
      "217: 192.168.1.217 is this host's own address on bond0; accepted: an address that no host has as "
        + "its own; choose a free address, or remove this one from bond0"
    ),
    (
      "192.168.1.217",
      "192.168.1.217: 192.168.1.217 is this host's own address on bond0; accepted: an address "
        + "that no host has as its own; choose a free address, or remove this one from bond0"
    ),
    (
      "255",
      "255: 192.168.1.255 is the broadcast address of 192.168.1.0/24; accepted: a host's address of the "
        + "subnet; choose a free address"
    ),
    (
      "0",
      "0: no Address= is set and the name \"0\" stands for none; accepted: a number from 1 to 254 or an "
        + "IP address as the name, or a file with Address=; set Address= in [VirtualIP] of 0.conf"
    ),
    (
      "256",
      "256: no Address= is set and the name \"256\" stands for none; accepted: a number from 1 to 254 or "
        + "an IP address as the name, or a file with Address=; set Address= in [VirtualIP] of 256.conf"
    ),
    (
      "web-1",
      "web-1: no Address= is set and the name \"web-1\" stands for none; accepted: a number from 1 to "
        + "254 or an IP address as the name, or a file with Address=; set Address= in [VirtualIP] of "
        + "web-1.conf"
    ),
    (
      "../219",
      "\"../219\": this is no instance name; accepted: letters, digits and :_.-@, at most 200, not "
        + "beginning with a dot; use a name like 219, 192.168.1.219 or web-1"
    ),
    (
      "",
      "\"\": this is no instance name; accepted: letters, digits and :_.-@, at most 200, not beginning with "
        + "a dot; use a name like 219, 192.168.1.219 or web-1"
    ),
  ])
  func names(instance: String, message: String) throws {
    #expect(try Hosts.refusal(nil, instance: instance) == message)
  }

  @Test(arguments: [".hidden", "a/b", "a\\x2db", "a b", "a\nb", String(repeating: "x", count: 201), "ü"])
  func namesThatAreNone(instance: String) throws {
    let message = try Hosts.refusal("[VirtualIP]\nAddress=192.168.1.219", instance: instance)
    #expect(
      message
        == "\(instance.quoted): this is no instance name; accepted: letters, digits and :_.-@, at most 200, "
        + "not beginning with a dot; use a name like 219, 192.168.1.219 or web-1")
  }

  @Test func numbersThatDoNotFitTheSubnet() throws {
    let host = try Hosts.single(["192.168.1.10/26"])
    #expect(
      try Hosts.refusal(nil, instance: "100", host)
        == "100: 192.168.1.100 is outside bond0's subnet 192.168.1.0/26; accepted: a number that is the last "
        + "octet of an address in it; use another number, or set Address= in 100.conf")
    #expect(try Hosts.refusal(nil, instance: "62", host) == "accepted")
    #expect(
      try Hosts.refusal(nil, instance: "63", host)
        == "63: 192.168.1.63 is the broadcast address of 192.168.1.0/26; accepted: a host's address of the "
        + "subnet; choose a free address")
  }

  @Test func hostsWithoutARouteOrAnAddress() throws {
    var host = try Hosts.lab()
    host.defaultRouteLinkIndex = nil
    #expect(
      try Hosts.refusal(nil, host)
        == "219: there is no default route to take the subnet of 219 from; accepted: \(Self.links); set "
        + "Interface= or Address= in 219.conf")
    #expect(
      try Hosts.refusal(nil, try Hosts.single([]))
        == "219: interface \"bond0\" has no address of the host's own; accepted: an Ethernet "
        + "interface with "
        + "an address of its own, there is none; set Interface= to an Ethernet interface that has an address "
        + "of its own"
    )
  }

  @Test func leasesThatALateLoopWouldLose() throws {
    #expect(try Hosts.refusal("[Safety]\nLeaseSec=1s") == "accepted")
    #expect(try Hosts.refusal("[Safety]\nLeaseSec=1s\n[VRRP]\nAdvertisementIntervalSec=180ms") == "accepted")
    #expect(
      try Hosts.refusal("[Safety]\nLeaseSec=1s\n[VRRP]\nAdvertisementIntervalSec=190ms")
        == "/etc/vip/219.conf:2: LeaseSec= is 1s with AdvertisementIntervalSec=190ms; accepted: "
        + "LeaseSec= of 2s "
        + "or more, or 0; lengthen the lease or shorten the interval")
    #expect(try Hosts.refusal("[Safety]\nLeaseSec=0\n[VRRP]\nAdvertisementIntervalSec=40s") == "accepted")
    #expect(try Hosts.refusal("[VRRP]\nAdvertisementIntervalSec=40.95s") == "accepted")
  }

  @Test func linesStayOneLineWhateverWasWritten() throws {
    let message = try Hosts.refusal("[VRRP]\nPriority=\u{202E}x\u{2028}" + String(repeating: "y", count: 99))
    #expect(message.unicodeScalars.allSatisfy { $0.value < 0x7F || $0 == "…" })
    #expect(message.utf8.count < 260)
  }
}
