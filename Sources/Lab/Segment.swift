import CLab
import Glibc
package import Internet

/// One Ethernet segment in network namespaces: a switch, hosts, a client, perhaps a gateway, and everything that
/// watches them. It is gone when the last reference to it is, and when the process ends.
package final class Segment: @unchecked Sendable {
  /// The router of the segment.
  package enum Gateway: Equatable, Sendable {
    /// There is none, and no default route.
    case none
    /// A station of its own, 192.168.1.1, which answers ARP and is otherwise quiet.
    case station
    /// One of the hosts.
    case host(Int)
  }

  /// What the segment consists of. Its subnets are 192.168.1.0/24, or a wider one with the same stations, and, where
  /// asked for, fd00:c0:a8:1::/64.
  package struct Plan: Sendable {
    /// The last octets of the hosts' addresses.
    package var hosts = [217, 218]
    /// What the hosts call their interface.
    package var hostInterface = "eth0"
    /// What the client calls its own.
    package var clientInterface = "bond0"
    /// Where the hosts' and the client's default route leads.
    package var gateway = Gateway.none
    /// Of the IPv4 subnet.
    package var prefixLength = 24
    /// The address the client wants to be served at.
    package var virtualAddress = Segment.address(219)
    /// Whether the stations have IPv6 addresses too, and the VIP's counterpart in IPv6 is served.
    package var hasIPv6 = false

    /// Two hosts and a client.
    package init() {}
  }

  /// A station on the segment.
  package struct Station: Sendable {
    /// The last octet of its address.
    package let number: Int
    package let namespace: Namespace
    package let interface: String
    /// What the switch calls its end of the cable.
    let port: String

    package var address: IPv4Address { Segment.address(number) }
    package var address6: IPv6Address { Segment.address6(number) }
    /// 12:34:56:78:… with the number's decimal digits, so that one can tell the hosts by their addresses.
    package var hardwareAddress: MACAddress {
      MACAddress(bits: 0x1234_5678_0000 | UInt64(Segment.decimalDigits(number)))
    }
  }

  package let plan: Plan
  /// The hosts by their numbers.
  package let hosts: [Int: Station]
  package let client: Station
  package let loop: ObserverLoop
  /// Which host had which address when.
  package let ownership: OwnershipWatch
  /// ARP and VRRP as they came into the switch, including what a host sent whose cable is unplugged there.
  package let capture: PacketCapture
  let resources: SegmentResources
  private let gateway: Station?
  private let networkSwitch: Namespace
  private var responders: [Responder] = []
  private var servers: [DownloadServer] = []
  private var downloads: [Download] = []
  private var probes: [Probe] = []
  private var polls: [ArpPoll] = []

  static let bridge = "br0"

  /// 192.168.1.`number`
  package static func address(_ number: Int) -> IPv4Address {
    IPv4Address(bits: 0xC0A8_0100 | UInt32(number))
  }

  /// fd00:c0:a8:1::`number`, with the decimal digits of the number.
  package static func address6(_ number: Int) -> IPv6Address {
    IPv6Address(high: 0xFD00_00C0_00A8_0001, low: UInt64(decimalDigits(number)))
  }

  /// 0x217 for 217.
  private static func decimalDigits(_ number: Int) -> Int {
    ((number / 100) << 8) | ((number / 10 % 10) << 4) | (number % 10)
  }

  /// Builds it, cables plugged in, nothing running on the hosts.
  package init(_ plan: Plan = Plan()) throws {
    self.plan = plan
    let numbers = plan.hosts
    let roles =
      ["switch", "client"] + (plan.gateway == .station ? ["gateway"] : []) + numbers.map { "\($0)" }
    let resources = try SegmentResources(roles: roles)
    self.resources = resources
    func station(_ number: Int, _ role: String, _ interface: String) -> Station {
      let place = roles.firstIndex(of: role) ?? 0
      return Station(
        number: number, namespace: resources.namespaces[place], interface: interface, port: "p-\(role)")
    }
    networkSwitch = resources.namespaces[0]
    client = station(10, "client", plan.clientInterface)
    gateway = plan.gateway == .station ? station(1, "gateway", "eth0") : nil
    hosts = Dictionary(
      uniqueKeysWithValues: numbers.map { ($0, station($0, "\($0)", plan.hostInterface)) })
    for (role, namespace) in zip(roles, resources.namespaces) {
      try namespace.configureIPv6(isEnabled: plan.hasIPv6 && role != "switch")
    }
    try networkSwitch.ip(
      "link add \(Self.bridge) type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
      "link set \(Self.bridge) up")
    loop = try ObserverLoop()
    ownership = OwnershipWatch(loop)
    do {
      capture = try PacketCapture(loop, in: networkSwitch, ignoring: Self.bridge)
      try build()
    } catch {
      loop.stop()
      throw error
    }
  }

  deinit { loop.stop() }

  private var stations: [Station] {
    [client] + (gateway.map { [$0] } ?? []) + plan.hosts.compactMap { hosts[$0] }
  }

  private func build() throws {
    try networkSwitch.ip(stations.map(cabling).joined(separator: "\n"))
    for station in stations { try configure(station) }
    for number in plan.hosts {
      let host = try self.host(number)
      try ownership.add(host: number, in: host.namespace)
      for address in virtualAddresses {
        responders.append(try Responder(loop, name: "\(number)", in: host.namespace, at: address))
      }
      servers.append(try DownloadServer(loop, in: host.namespace, at: plan.virtualAddress))
    }
  }

  /// The plan's VIP and, with IPv6, its counterpart: the same number in fd00:c0:a8:1::/64.
  package var virtualAddresses: [IPAddress] {
    let number = Int(plan.virtualAddress.bits & 255)
    return [.ipv4(plan.virtualAddress)] + (plan.hasIPv6 ? [.ipv6(Self.address6(number))] : [])
  }

  private var router: Int? {
    switch plan.gateway {
    case .none: nil
    case .station: gateway?.number
    case .host(let number): number
    }
  }

  private func cabling(_ station: Station) -> String {
    """
    link add \(station.port) type veth peer name \(station.interface) \
    address \(station.hardwareAddress) netns \(station.namespace.name)
    link set \(station.port) master \(Self.bridge) up
    """
  }

  private func configure(_ station: Station) throws(LabError) {
    var lines = [
      "link set lo up", "link set \(station.interface) up",
      "address add \(station.address)/\(plan.prefixLength) broadcast + dev \(station.interface)",
    ]
    if plan.hasIPv6 { lines.append("address add \(station.address6)/64 dev \(station.interface) nodad") }
    if let router, station.number != router { lines.append("route add default via \(Self.address(router))") }
    try station.namespace.ip(lines.joined(separator: "\n"))
  }

  /// The host with this number; throws if the plan has none.
  package func host(_ number: Int) throws(LabError) -> Station {
    guard let host = hosts[number] else { throw LabError("no host .\(number) in this segment") }
    return host
  }

  /// The index of the switch's port that the host's cable is in, as in `CapturedFrame.port`.
  package func port(of number: Int) throws -> UInt32 {
    let name = try host(number).port
    return try networkSwitch.run { if_nametoindex(name) }
  }

  /// A directory for files, gone with the segment.
  package var directory: String { resources.directory }

  /// The client's neighbour table.
  package var clientArpCache: ArpCache { ArpCache(of: client.namespace, interface: client.interface) }

  /// The neighbour table of the gateway station.
  package func gatewayArpCache() throws -> ArpCache {
    guard let gateway else { throw LabError("no gateway in this segment") }
    return ArpCache(of: gateway.namespace, interface: gateway.interface)
  }

  /// Starts a client that asks `address` (by default the plan's VIP) every millisecond until the segment is gone.
  package func startProbe(of address: IPAddress? = nil) throws -> Probe {
    let probe = try Probe(loop, from: client.namespace, to: address ?? .ipv4(plan.virtualAddress))
    loop.held { probes.append(probe) }
    return probe
  }

  /// Starts a client that downloads from the plan's VIP over TCP until the segment is gone.
  package func startDownload() throws -> Download {
    let download = try Download(loop, from: client.namespace, to: plan.virtualAddress)
    loop.held { downloads.append(download) }
    return download
  }

  /// Starts to ask everybody by ARP, from the switch itself, who has the plan's VIP.
  package func startArpPoll() throws -> ArpPoll {
    let asker = Station(number: 250, namespace: networkSwitch, interface: Self.bridge, port: "")
    try networkSwitch.ip("link set \(Self.bridge) address \(asker.hardwareAddress)")
    let poll = try ArpPoll(
      loop, in: networkSwitch, interface: Self.bridge, about: plan.virtualAddress, askedBy: asker.address,
      hardwareAddress: asker.hardwareAddress)
    loop.held { polls.append(poll) }
    return poll
  }

  // MARK: Faults

  /// Pulls the host's cable: it sees its carrier go.
  package func pullCable(_ number: Int) throws {
    try networkSwitch.ip("link set \(host(number).port) down")
    ownership.noteReachable(number, false)
  }

  /// Unplugs the host behind the switch: it hears nobody, but its carrier stays.
  package func unplug(_ number: Int) throws {
    try networkSwitch.ip("link set \(host(number).port) nomaster")
    ownership.noteReachable(number, false)
  }

  /// Undoes `pullCable` and `unplug`.
  package func plugIn(_ number: Int) throws {
    ownership.noteReachable(number, true)
    try networkSwitch.ip("link set \(host(number).port) master \(Self.bridge) up")
  }

  /// Has the switch drop every VRRP packet between its ports, or pass them again.
  package func dropVRRP(_ isDropped: Bool = true) throws {
    try filter(isDropped ? [("forward", "meta l4proto 112 drop")] : [])
  }

  /// Has the switch drop everything between its ports, or pass it again.
  package func dropEverything(_ isDropped: Bool = true) throws {
    try filter(isDropped ? [("forward", "drop")] : [])
  }

  /// Has the switch drop so many of a hundred packets, whatever they are.
  package func lose(percent: Int) throws {
    try filter([("forward", "numgen random mod 100 < \(percent) drop")])
  }

  /// Has the switch drop whatever the host sends: it hears everybody, and nobody hears it.
  package func mute(_ number: Int) throws {
    let rule = "iifname \(try host(number).port) drop"
    try filter([("forward", rule), ("input", rule)])
    ownership.noteReachable(number, false)
  }

  /// Has the switch drop whatever is sent to the host: everybody hears it, and it hears nobody.
  package func deafen(_ number: Int) throws {
    let rule = "oifname \(try host(number).port) drop"
    try filter([("forward", rule), ("output", rule)])
    ownership.noteReachable(number, false)
  }

  /// What a port of the switch lets a host send.
  package enum PortSecurity: String, Sendable, CaseIterable {
    /// Only ARP in the name of the host's own address, as dynamic ARP inspection does.
    case ownAddress
    /// Only frames from the host's own hardware address, as hypervisors do that reject forged transmits.
    case ownHardware
  }

  /// Secures the host's port, or no port.
  package func securePort(of number: Int, _ security: PortSecurity?) throws {
    let host = try host(number)
    let rule: String? =
      switch security {
      case .ownAddress: "arp saddr ip != \(host.address) drop"
      case .ownHardware: "ether saddr != \(host.hardwareAddress) drop"
      case nil: nil
      }
    try filter(rule.map { [("forward", "iifname \(host.port) \($0)")] } ?? [])
  }

  /// Makes the gateway station fall silent, as one that reboots does, or come back.
  package func silenceGateway(_ isSilent: Bool = true) throws {
    guard let gateway else { throw LabError("no gateway in this segment") }
    try networkSwitch.ip("link set \(gateway.port) \(isSilent ? "nomaster" : "master \(Self.bridge)")")
  }

  /// Has the switch return to a host whatever it sends to everybody.
  package func reflect(_ number: Int) throws {
    try networkSwitch.ip("link set \(host(number).port) type bridge_slave hairpin on")
  }

  /// Has the switch answer ARP for `address` with the hardware address of a host, whether that has it or not.
  package func suppressARP(for address: IPv4Address, at number: Int) throws {
    let host = try host(number)
    try networkSwitch.ip("link set \(host.port) type bridge_slave neigh_suppress on")
    // The switch answers for stations only of which it knows the port.
    let station = "\(host.hardwareAddress)"
    try networkSwitch.command(["bridge", "fdb", "replace", station, "dev", host.port, "master", "static"])
      .run()
    try networkSwitch.ip(
      "neighbor replace \(address) lladdr \(host.hardwareAddress) dev \(Self.bridge) nud permanent")
  }

  /// Has a host's own firewall drop the VRRP that it sends, or pass it again.
  package func dropVRRP(sentBy number: Int, _ isDropped: Bool = true) throws {
    let chain = "chain output {\ntype filter hook output priority 0\nmeta l4proto 112 drop\n}"
    try host(number).namespace.command(["nft", "-f", "-"])
      .run(input: Self.table("inet", isDropped ? [chain] : []))
  }

  /// Replaces what the switch drops.
  private func filter(_ rules: [(hook: String, rule: String)]) throws {
    let chains = rules.map { "chain \($0.hook) {\ntype filter hook \($0.hook) priority 0\n\($0.rule)\n}" }
    try networkSwitch.command(["nft", "-f", "-"]).run(input: Self.table("bridge", chains))
  }

  private static func table(_ family: String, _ chains: [String]) -> String {
    let table = "table \(family) lab"
    return (["add \(table)", "delete \(table)", "\(table) {"] + chains + ["}\n"]).joined(separator: "\n")
  }

  /// Adds `address`, with its prefix length, to a host's interface, as somebody at a shell would.
  package func addAddress(_ address: IPNetwork, to number: Int, interface: String? = nil) throws {
    let host = try host(number)
    try host.namespace.ip("address add \(address) dev \(interface ?? host.interface)")
  }

  /// Deletes `address` from a host's interface behind its daemon's back.
  package func deleteAddress(_ address: IPNetwork, from number: Int) throws {
    let host = try host(number)
    try host.namespace.ip("address delete \(address) dev \(host.interface)")
  }

  /// Deletes a host's interface, with the cable in it.
  package func deleteInterface(of number: Int) throws {
    try networkSwitch.ip("link delete \(host(number).port)")
  }

  /// Makes a host's interface again, with the same name and addresses, after `deleteInterface`.
  package func recreateInterface(of number: Int) throws {
    try plugInInterface(of: number)
    try configureInterface(of: number)
  }

  /// Makes a host's interface again, with the same name and nothing configured.
  package func plugInInterface(of number: Int) throws {
    try networkSwitch.ip(cabling(try host(number)))
  }

  /// Gives a host its interface's addresses and its default route, as the plan has them.
  package func configureInterface(of number: Int) throws { try configure(try host(number)) }

  /// What sends whole Ethernet frames from a station's interface.
  package func sender(_ station: Station) throws -> FrameSender {
    try FrameSender(in: station.namespace, from: station.interface)
  }

  /// Sends a whole Ethernet frame from a station's interface.
  package func inject(_ frame: [UInt8], from station: Station) throws {
    guard try sender(station).send(frame) else { throw LabError("inject", errno: errno) }
  }
}
