import Internet
import Testing

@testable import Configuration

/// What the surroundings can mend is waited for, and nothing else is.
@Suite struct AwaitingTests {
  /// A host of which nothing is there yet.
  private static func nothing() throws -> Surroundings {
    Surroundings(links: [try Hosts.loopback()], defaultRouteLinkIndex: nil)
  }

  private func outcome(
    _ text: String?, instance: String = "219", _ surroundings: Surroundings
  ) throws -> Configuration.Outcome {
    try Configuration.outcome(
      instance: instance, files: text.map { [Hosts.file("[VirtualIP]\n\($0)")] } ?? [],
      surroundings: surroundings)
  }

  /// What is awaited, and what is known without it.
  private func awaited(
    _ text: String?, instance: String = "219", _ surroundings: Surroundings
  ) throws -> (what: String?, settings: Settings) {
    switch try outcome(text, instance: instance, surroundings) {
    case .complete(let settings): return (nil, settings)
    case .awaiting(let settings, let error): return (error.awaited, settings)
    }
  }

  @Test(arguments: [
    ("Interface=bond0", "interface bond0"),
    ("Interface=bond0\nAddress=192.168.1.219/24", "interface bond0"),
    ("", "a default route, to take the subnet of 219 from"),
    ("Address=192.168.1.219/24", "an interface whose subnet holds 192.168.1.219"),
    ("Address=fd00::219/64", "an interface whose subnet holds fd00::219"),
  ])
  func onAHostWithNothingYet(text: String, what: String) throws {
    #expect(try awaited(text, Self.nothing()).what == what)
  }

  @Test func aLinkWithoutCarrierIsNamed() throws {
    let dark = Surroundings.Link(index: 2, name: "bond0", hardwareAddress: nil, hasCarrier: false)
    let what = try awaited("", Surroundings(links: [dark], defaultRouteLinkIndex: nil)).what
    #expect(what == "a default route, to take the subnet of 219 from; no carrier: bond0")
  }

  @Test(arguments: [
    ("Interface=bond0", "bond0 to have an address of the host's own"),
    (
      "Interface=bond0\nAddress=192.168.1.219/24",
      "bond0 to have an IPv4 address of the host's own"
    ),
    (
      "Interface=bond0\nAddress=fd00::219/64",
      "bond0 to have a link-local IPv6 address of the host's own"
    ),
    ("", "bond0 to have an address of the host's own"),
  ])
  func onALinkWithoutAddresses(text: String, what: String) throws {
    #expect(try awaited(text, Hosts.single([])).what == what)
  }

  @Test(arguments: [
    (
      ["fe80::217/64"], "Interface=bond0",
      "bond0 to have a global IPv4 address, to take the subnet of 219 from"
    ),
    (
      ["192.168.1.217/24"], "Interface=bond0\nAddress=10.0.0.219",
      "bond0 to have an address in the subnet of 10.0.0.219, for its prefix length"
    ),
    (
      ["192.168.1.217/24"], "Interface=bond0\nAddress=192.168.1.219\nAddress=fd00::219/64",
      "bond0 to have a link-local IPv6 address of the host's own"
    ),
    (
      ["192.168.1.217/24"], "Address=192.168.1.217",
      "bond0 to give up 192.168.1.217, which is this host's own address there"
    ),
    (
      ["192.168.1.217/24"], "Address=192.168.1.255",
      "bond0 to have another subnet than 192.168.1.0/24, in which 192.168.1.255 is the broadcast address"
    ),
    (
      ["192.168.1.17/26"], "",
      "bond0 to have a subnet that 219 is a number of, unlike 192.168.1.0/26"
    ),
    (
      ["192.168.1.217/24"], "[Route]\nRoute=10.0.0.0/8 via 192.168.1.1 src 10.1.1.219",
      "a subnet in which 219 stands for 10.1.1.219"
    ),
    (
      ["192.168.1.217/24"], "Address=192.168.1.219\nLabel=eth0:0",
      "the subnet to be on the interface of Label=eth0:0, and not on bond0"
    ),
  ])
  func onALinkWithOtherAddresses(own: [String], text: String, what: String) throws {
    #expect(try awaited(text, Hosts.single(own)).what == what)
  }

  @Test func whyAnAddressMayNotCome() throws {
    var host = try Hosts.single([])
    let what = "bond0 to have an address of the host's own"
    host.links[1].hasCarrier = false
    #expect(try awaited("Interface=bond0", host).what == "\(what); it has no carrier")
    host.links[1].isUp = false
    #expect(try awaited("Interface=bond0", host).what == "\(what); it is down")
  }

  @Test func ambiguityAndARP() throws {
    let host = try Hosts.router()
    #expect(
      try awaited("Address=172.16.0.9", host).what
        == "only one of eth2 and eth3 to hold 172.16.0.9 in its subnet; or set Interface=")
    #expect(try awaited("Interface=tun0", host).what == "tun0 to use ARP")
    var tunnelled = host
    tunnelled.defaultRouteLinkIndex = 6
    #expect(
      try awaited("", tunnelled).what == "a default route by an interface that uses ARP, unlike tun0")
    tunnelled.defaultRouteLinkIndex = 1
    #expect(try awaited("", tunnelled).what == "a default route by another interface than lo")
  }

  @Test func whatIsKnownWithoutTheSurroundings() throws {
    let explicit = try awaited(
      "Interface=bond0\nAddress=192.168.1.219/24\nAddress=192.168.1.220", Self.nothing()
    ).settings
    #expect(explicit.instance == "219" && explicit.interface == "bond0")
    #expect(explicit.addresses == [try Hosts.network("192.168.1.219/24")])
    #expect(explicit.virtualRouterID == 219)
    let number = try awaited(nil, instance: "17", Self.nothing()).settings
    #expect(number.addresses.isEmpty && number.virtualRouterID == 17)
  }

  /// Whatever there is on the host, the answer is the same: nobody waits for what cannot come.
  @Test(arguments: [
    ("Address=224.0.0.18/24", "219"), ("Address=127.0.0.2", "219"), ("", "127.0.0.1"), ("", "web"),
    ("Address=192.168.1.219/24\nAddress=192.168.1.219/32", "219"),
    ("Address=192.168.1.255/24", "219"), ("Address=192.168.1.129/25\nAddress=192.168.1.128/24", "219"),
    ("Address=10.0.2.0/16", "219"), ("Address=192.168.1.219/24\nInterface=eth0\nLabel=bond0:0", "219"),
    ("[VRRP]\nVersion=2\nAdvertisementIntervalSec=1500ms", "219"),
    ("Address=fd00::219/64\n[VRRP]\nVersion=2", "219"), ("", "web-1"),
    ("[VRRP]\nPeer=fd00::218", "219"), ("[VRRP]\nAuthentication=secret", "219"),
    ("Address=192.168.1.219/24\n[Route]\nRoute=10.0.0.0/8 via 192.168.1.1 src 10.1.1.219", "219"),
    ("[Safety]\nLeaseSec=1s\n[VRRP]\nAdvertisementIntervalSec=500ms", "219"),
    ("[Track]\nUnit=a.service\n[Track]\nUnit=a.service", "219"), ("Interface=lo", "219"),
    ("Colour=green", "219"),
  ])
  func whatNoSurroundingsCanMend(text: String, instance: String) throws {
    for host in [try Self.nothing(), try Hosts.lab(), try Hosts.router()] {
      let error = #expect(throws: ConfigurationError.self) {
        try outcome(text, instance: instance, host)
      }
      #expect(error != nil && error?.awaited == nil, "\(host)")
    }
  }

  @Test func aCopyWhereNeighboursDoNotFindItIsAllowed() throws {
    var host = try Hosts.router()
    let copy = Surroundings.Address(try Hosts.network("192.168.1.219/32"))
    host.links[0].addresses.append(copy)
    host.links[5].addresses.append(copy)
    let text = "Interface=bond0\nAddress=192.168.1.219/24"
    let settings = try awaited(text, host).settings
    #expect(try awaited(text, host).what == nil)
    #expect(host.copies(of: settings).map(\.interface) == ["lo", "tun0"])
    host.links[2].addresses.append(copy)
    #expect(
      try awaited(text, host).what
        == "eth1 to give up 192.168.1.219, which is this host's own address there")
  }

  @Test func whatIsMissingIsCompletedFromEarlier() throws {
    let earlier = try Hosts.router()
    let text = "Address=192.168.1.219"
    let settings = try Configuration.resolve(
      instance: "219", files: [Hosts.file("[VirtualIP]\n\(text)")], surroundings: earlier)
    // Without addresses, without the link, without a route.
    var bare = earlier
    bare.links[1].addresses = []
    var gone = earlier
    gone.links.remove(at: 1)
    for host in [bare, gone, try Self.nothing()] {
      #expect(try awaited(text, host).what != nil)
      #expect(try outcome(text, host.completed(from: earlier)) == .complete(settings))
    }
    #expect(try Self.nothing().completed(from: earlier).defaultRouteLinkIndex == 2)
    // What is there counts, and not what was.
    let moved = try Hosts.single(["192.168.7.217/24"])
    #expect(try outcome(nil, moved.completed(from: earlier)) == outcome(nil, moved))
    var taken = bare
    taken.links[2].addresses.append(Surroundings.Address(try Hosts.network("192.168.1.219/24")))
    #expect(try awaited(text, taken.completed(from: earlier)).what != nil)
  }
}
