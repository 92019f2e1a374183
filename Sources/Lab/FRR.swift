import Internet

/// What FRR's vrrpd needs on a host before it is started.
///
/// It adds and removes no address: the VIP lies for good on a macvlan interface with the virtual router's MAC
/// address, which a Backup router holds down (IFLA_PROTO_DOWN).
struct FRR {
  private let host: Segment.Station
  private let settings: DaemonSettings

  /// On `host`, for the virtual router of `settings`.
  init(on host: Segment.Station, _ settings: DaemonSettings) {
    self.host = host
    self.settings = settings
  }

  /// The program: zebra, and as soon as that listens, vrrpd.
  static func program(configuration: String, runtimeDirectory: String) -> [String] {
    let common = """
      -u frr -g frr -A 127.0.0.1 -P 0 --log stdout -z "$run/zserv" --vty_socket "$run"
      """
    let script = """
      run=\(runtimeDirectory)
      rm -f "$run"/*
      : >"$run/zebra.conf"
      chown -R frr:frr "$run" '\(configuration)'
      /usr/lib/frr/zebra \(common) -f "$run/zebra.conf" -i "$run/zebra.pid" &
      until test -S "$run/zserv"; do sleep 0.02; done
      exec /usr/lib/frr/vrrpd \(common) -f '\(configuration)' -i "$run/vrrpd.pid"
      """
    return ["sh", "-c", script]
  }

  /// Makes the interfaces anew; from now on until `waitForStart` the host has the VIP like anybody who was given it.
  func prepare(_ ownership: OwnershipWatch) throws {
    // A host answers for every address it has on every interface unless it is told not to.
    for (name, value) in ["arp_ignore": 1, "arp_announce": 2, "rp_filter": 0] {
      let path = "/proc/sys/net/ipv4/conf/all/\(name)"
      try host.namespace.run { try File.write("\(value)", to: path) }
    }
    for family in AddressFamily.allCases where !settings.addresses(of: family).isEmpty {
      try makeInterface(family)
    }
    let virtual = virtualAddresses
    try ownership.wait(for: "\(virtual) on .\(host.number)", within: .seconds(5)) {
      ownership.addresses(of: host.number).isSuperset(of: virtual)
    }
  }

  private var virtualAddresses: [IPAddress] {
    settings.addresses.compactMap { IPAddress($0.prefix { $0 != "/" }) }
  }

  /// Waits until vrrpd holds the interfaces down, as a router does that begins as Backup.
  func waitForStart(_ ownership: OwnershipWatch) throws {
    let virtual = virtualAddresses
    try ownership.wait(for: "FRR of .\(host.number) to hold the VIP down", within: .seconds(10)) {
      ownership.addresses(of: host.number).isDisjoint(with: virtual)
    }
  }

  private func makeInterface(_ family: AddressFamily) throws {
    let name = "vrrp\(family == .ipv4 ? 4 : 6)-\(settings.virtualRouterID)"
    let kind: UInt64 = family == .ipv4 ? 1 : 2
    let hardware = MACAddress(bits: 0x0000_5E00_0000 | kind << 8 | UInt64(settings.virtualRouterID))
    _ = try host.namespace.command(["ip", "link", "delete", name]).complete()
    // vrrpd sends from the interface's own link-local address, which must not be the same on two routers.
    let own = family == .ipv6 ? ["address add fe80::\(host.number)/64 dev \(name) nodad"] : []
    let addresses = settings.addresses(of: family).map {
      "address add \($0) dev \(name)" + (family == .ipv6 ? " nodad" : "")
    }
    let make = "link add \(name) link \(settings.interface) address \(hardware) type macvlan mode bridge"
    let lines = [make, "link set \(name) addrgenmode none"] + own + addresses + ["link set \(name) up"]
    try host.namespace.ip(lines.joined(separator: "\n"))
  }
}
