import Internet

/// Who has an address of a VIP, as far as the segment says.
struct AddressUse {
  let address: IPAddress
  let claimants: [Claimant]
  /// Whether this host has it.
  let isHere: Bool
  /// Whether an Active router of the VIP was heard.
  let isActiveHeard: Bool
  /// Whether the daemon on this host is Backup.
  let isBackupHere: Bool
  /// What more is known of stations, such as a reference's address.
  let names: [MACAddress: String]

  var findings: [Finding] {
    let others = claimants.filter { $0.kind != .proxy && $0.kind != .absent }
    return [use(by: others)] + claimants.filter { $0.kind == .proxy }.map(proxy)
      + claimants.filter { $0.kind == .absent }.map(absent)
  }

  private func name(_ claimant: Claimant) -> String {
    names[claimant.hardware].map { "\($0) at \(claimant.hardware)" } ?? claimant.hardware.description
  }

  private func use(by others: [Claimant]) -> Finding {
    let names = others.map(name).joined(separator: ", ")
    let doubt =
      others.contains { $0.kind == .unproven }
      ? "; if it has not got it, a switch or fabric may answer in its name" : ""
    if isHere && !others.isEmpty {
      return .bad(
        "address", "\(address) is on this host, and \(names) claims it too",
        "find that station (bridge fdb, or the switch's table) and take the address from it\(doubt)")
    }
    if isHere { return .ok("address", "\(address) is on this host, and nobody else has it") }
    if others.count > 1 {
      return .bad(
        "address", "\(address) is answered for by \(names)", "find them and leave it to one of them\(doubt)")
    }
    if others.isEmpty {
      return isActiveHeard || isBackupHere && claimants.isEmpty
        ? .bad("address", "nobody who has \(address) answers", "look at the Active router: vipctl there")
        : .ok("address", "\(address) is free")
    }
    if isActiveHeard { return .ok("address", "\(address) is answered for by \(names)") }
    return .bad(
      "address", "\(address) is in use by \(names), and no Advertisement was heard from there",
      "either that station has it without VRRP: take it from there; or VRRP (IP protocol 112) is dropped on "
        + "the way, or the daemon there is dead\(doubt)")
  }

  private func proxy(_ claimant: Claimant) -> Finding {
    switch address.family {
    case .ipv4:
      .bad(
        "proxy",
        "\(name(claimant)) answers ARP for every address (proxy ARP), \(address) too: clients may send the "
          + "VIP's packets there",
        "switch it off on that router's interface: no ip local-proxy-arp and no ip proxy-arp, or sysctl "
          + "net.ipv4.conf.*.proxy_arp=0 and proxy_arp_pvlan=0")
    case .ipv6:
      .bad(
        "proxy",
        "\(name(claimant)) answers neighbour discovery for every address (ND proxy), \(address) too: clients "
          + "may send the VIP's packets there",
        "switch it off on that router's interface, or leave the VIP out: ipv6 nd proxy, ndppd")
    }
  }

  private func absent(_ claimant: Claimant) -> Finding {
    .bad(
      "fabric",
      "a switch or fabric answers for \(address) with \(name(claimant)), which does not answer for it itself: its "
        + "entry is outdated",
      "let it learn gratuitous ARP, or switch ARP suppression off for this network (EVPN, OVN, bridge "
        + "neigh_suppress); at once: delete that entry there")
  }
}
