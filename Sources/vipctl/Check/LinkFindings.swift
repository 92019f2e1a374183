import Configuration
import Host
import Internet

/// Whether an interface can carry the VIP, and neighbours find it there.
enum LinkFindings {
  /// What there is to say of `link` as the carrier of `addresses`.
  static func findings(_ link: Surroundings.Link, _ addresses: [IPNetwork]) -> [Finding] {
    let name = link.name
    guard link.isUp else { return [.bad("interface", "\(name) is down", "ip link set \(name) up")] }
    guard link.hasCarrier else {
      return [.bad("interface", "\(name) has no carrier", "look at the cable and the switch's port")]
    }
    return [.ok("interface", "\(name) is up and has carrier")] + addresses.compactMap { subnet(of: $0, link) }
  }

  /// Whether neighbours have a way to `vip`, and this host to them: a longer prefix than that of the host's own subnet is
  /// no matter, a shorter one is.
  private static func subnet(of vip: IPNetwork, _ link: Surroundings.Link) -> Finding? {
    let own = link.addresses.filter { !$0.isAddedByVipd && $0.network.contains(vip.address) }
    guard let widest = own.min(by: { $0.network.prefixLength < $1.network.prefixLength })?.network else {
      return .note(
        "subnet", "\(link.name) has no address of its own in the subnet of \(vip)",
        "neighbours there must have a route to \(link.name); or correct the prefix length")
    }
    guard vip.prefixLength < widest.prefixLength else { return nil }
    return .note(
      "subnet", "the subnet of \(vip) is wider than that of \(link.name)'s own \(widest)",
      "write the same prefix length, \(vip.address)/\(widest.prefixLength), unless that is meant")
  }

  /// A family of the VIP without which this host takes part, and which it cannot serve (`RequiredFamily=`).
  static func leftOut(_ settings: Settings, _ link: Surroundings.Link) -> Finding? {
    guard link.isUp && link.hasCarrier, let family = settings.optionalFamily, !link.hasOwn(family) else {
      return nil
    }
    return .bad(
      "interface",
      "\(link.name) has no \(family.kindOfOwn) address of its own: \(family) addresses of the VIP cannot be served here",
      family.remedy)
  }

  /// A daemon that runs knows its interface; that this one lost its address is what is wrong, not the configuration,
  /// from which the interface cannot be found any more.
  static func missingAddress(_ status: InstanceStatus?, _ surroundings: Surroundings) -> Finding? {
    guard let status, let link = surroundings.links.first(where: { $0.name == status.interface }),
      !status.addresses.isEmpty
    else { return nil }
    let families = Set(status.addresses.compactMap { IPAddress($0.prefix { $0 != "/" })?.family })
    guard let family = AddressFamily.allCases.first(where: { families.contains($0) && !link.hasOwn($0) })
    else {
      return nil
    }
    return .bad(
      "interface",
      "\(link.name) has no \(family.kindOfOwn) address of its own, which VRRP needs to send from",
      family.remedy)
  }
}

extension AddressFamily {
  fileprivate var kindOfOwn: String { self == .ipv4 ? "IPv4" : "link-local IPv6" }

  /// What to do where the host has none of its own.
  fileprivate var remedy: String {
    self == .ipv4
      ? "give it one (ip address add), or look why it went: DHCP, networkd, ifupdown"
      : "look why it went: the sysctls disable_ipv6 and addr_gen_mode of the interface, LinkLocalAddressing= of networkd"
  }
}
