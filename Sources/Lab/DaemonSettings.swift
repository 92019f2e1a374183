package import Internet

/// What an instance is to do, in the words of whichever daemon does it.
package struct DaemonSettings: Sendable {
  package var virtualRouterID = 219
  /// With their prefix lengths, of either family.
  package var addresses = ["192.168.1.219/24"]
  package var interface = "eth0"
  package var priority = 100
  package var interval = Duration.milliseconds(100)
  package var preempts = true
  package var preemptDelay = Duration.zero
  package var label: String?
  /// vipd's `LeaseSec=`, which nobody else knows.
  package var lease = Duration.seconds(2)
  /// Of VRRP: 2 or 3.
  package var version = 3
  /// Instead of multicast.
  package var peers: [IPAddress] = []
  /// The host's own addresses that the peers know, for daemons that must be told.
  package var unicastSources: [IPAddress] = []
  /// VRRPv2's simple text password, at most 8 octets.
  package var authentication: String?
  /// The VIP has the virtual router's MAC address; always so with FRR.
  package var usesVirtualMAC = false
  /// vipd's `Checksum=`; nil for its default.
  package var checksum: String?
  /// Whether keepalived is given the link-local address that RFC 9568 demands; few configurations have one.
  package var listsLinkLocal = true

  /// The defaults of vipd, for VIP 192.168.1.219 on eth0.
  package init() {}

  /// Three advertisements missed and the skew: RFC 9568's Active_Down_Interval.
  package var activeDownInterval: Duration { interval * 3 + skewTime }

  /// RFC 9568's Skew_Time; VRRPv2 has it from one second, whatever the interval (RFC 3768 §6.1).
  package var skewTime: Duration { (version == 2 ? .seconds(1) : interval) * (256 - priority) / 256 }

  /// One file with all of `routers`, which only keepalived has.
  package static func text(for routers: [DaemonSettings]) -> String {
    let version = routers.first?.version ?? 3
    let global = block("global_defs", ["router_id lab", "vrrp_version \(version)"])
    return ([global] + routers.flatMap(\.keepalivedRouter)).joined(separator: "\n") + "\n"
  }

  /// The file as `daemon` reads it.
  package func text(for daemon: DaemonKind) -> String {
    switch daemon {
    case .vipd: vipdText
    case .keepalived: Self.text(for: [self])
    case .frr: frrText
    case .ucarp: UCARP.text(self)
    }
  }

  /// The addresses of one family, with their prefix lengths.
  func addresses(of family: AddressFamily) -> [String] {
    addresses.filter { $0.contains(":") == (family == .ipv6) }
  }

  /// The first address of an IPv6 virtual router is link-local (RFC 9568 §5.2.9); this is the one that vipd
  /// derives from the VRID when it is given none.
  package var derivedLinkLocal: IPv6Address {
    IPv6Address(high: 0xFE80 << 48, low: 0x0200_5EFF_FE00_0200 | UInt64(virtualRouterID))
  }

  // MARK: vipd

  private var vipdText: String {
    var lines = ["[VirtualIP]"] + addresses.map { "Address=\($0)" } + ["Interface=\(interface)"]
    if let label { lines.append("Label=\(label)") }
    if usesVirtualMAC { lines.append("VirtualMAC=yes") }
    lines += ["[VRRP]", "VirtualRouterID=\(virtualRouterID)", "Priority=\(priority)"]
    lines.append("AdvertisementIntervalSec=\(Int(interval.milliseconds.rounded()))ms")
    if !preempts { lines.append("Preempt=no") }
    if preemptDelay > .zero { lines.append("PreemptDelaySec=\(Int(preemptDelay.milliseconds.rounded()))ms") }
    if version != 3 { lines.append("Version=\(version)") }
    lines += peers.map { "Peer=\($0)" }
    if let checksum { lines.append("Checksum=\(checksum)") }
    if let authentication { lines.append("Authentication=\(authentication)") }
    if lease != .seconds(2) { lines += ["[Safety]", "LeaseSec=\(Int(lease.milliseconds.rounded()))ms"] }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: keepalived

  /// One vrrp_instance has one family; two are tied by a sync group.
  private var keepalivedRouter: [String] {
    let families = AddressFamily.allCases.filter { !addresses(of: $0).isEmpty }
    let instances = families.map(keepalivedInstance)
    guard families.count > 1 else { return instances }
    let names = Self.block("group", families.map(keepalivedName))
    return [Self.block("vrrp_sync_group vip\(virtualRouterID)", [names])] + instances
  }

  private func keepalivedName(_ family: AddressFamily) -> String {
    "vip\(virtualRouterID)" + (family == .ipv6 ? "-6" : "")
  }

  private func keepalivedInstance(_ family: AddressFamily) -> String {
    var lines = [
      "state BACKUP", "interface \(interface)", "virtual_router_id \(virtualRouterID)",
      "priority \(priority)",
      "advert_int \(interval.seconds)",
      preempts ? "preempt_delay \(preemptDelay.seconds)" : "nopreempt",
    ]
    if usesVirtualMAC { lines.append("use_vmac vrrp\(family == .ipv4 ? 4 : 6)-\(virtualRouterID)") }
    let peers = peers.filter { $0.family == family }
    if let source = unicastSources.first(where: { $0.family == family }), !peers.isEmpty {
      lines += ["unicast_src_ip \(source)", Self.block("unicast_peer", peers.map { "\($0)" })]
      // keepalived sends unicast from the base interface only.
      if usesVirtualMAC { lines.append("vmac_xmit_base") }
    }
    if let authentication {
      lines.append(Self.block("authentication", ["auth_type PASS", "auth_pass \(authentication)"]))
    }
    lines.append(Self.block("virtual_ipaddress", keepalivedAddresses(family)))
    return Self.block("vrrp_instance \(keepalivedName(family))", lines)
  }

  private func keepalivedAddresses(_ family: AddressFamily) -> [String] {
    let listed = addresses(of: family)
    guard family == .ipv6 else { return listed.map { $0 + (label.map { " label \($0)" } ?? "") } }
    let isListed = listed.contains { $0.hasPrefix("fe80:") }
    return isListed || !listsLinkLocal ? listed : ["\(derivedLinkLocal)/64"] + listed
  }

  private static func block(_ name: String, _ lines: [String]) -> String {
    let body = lines.joined(separator: "\n").split(separator: "\n").map { "  \($0)" }
    return (["\(name) {"] + body + ["}"]).joined(separator: "\n")
  }

  // MARK: FRR

  /// FRR's vrrpd advertises in whole centiseconds and knows neither passwords nor unicast.
  private var frrText: String {
    let router = "vrrp \(virtualRouterID)"
    var lines = [
      "\(router) version \(version)", "\(router) priority \(priority)",
      "\(router) advertisement-interval \(Int(interval.milliseconds.rounded()))",
    ]
    if !preempts { lines.append("no \(router) preempt") }
    for family in AddressFamily.allCases {
      for address in addresses(of: family) {
        lines.append("\(router) \(family == .ipv4 ? "ip" : "ipv6") \(address.prefix { $0 != "/" })")
      }
    }
    let body = lines.map { " \($0)" }.joined(separator: "\n")
    return "interface \(interface)\n\(body)\n"
  }
}
