import Internet
import VRRP

/// Completes a draft from the instance's name and the host's surroundings, and checks the result.
struct Resolution {
  typealias Link = Surroundings.Link

  let instance: String
  let surroundings: Surroundings
  var draft: Draft

  mutating func settings() throws(ConfigurationError) -> Settings {
    draft.settings.instance = instance
    let explicit = try explicitLink()
    if draft.addresses.isEmpty { draft.addresses = [try addressOfName(explicit)] }
    try checkCount()
    let link: Link
    if let explicit { link = explicit } else { link = try derivedLink() }
    for address in draft.addresses { try add(address, on: link) }
    try checkSubnets(on: link)
    try deriveVirtualRouterID()
    try checkLabel()
    try checkLease()
    return draft.settings
  }

  // MARK: The interface

  /// The link that Interface= names.
  private func explicitLink() throws(ConfigurationError) -> Link? {
    let name = draft.settings.interface
    guard let origin = draft.settings.origins["VirtualIP.Interface"]?.first else { return nil }
    guard let link = surroundings.links.first(where: { $0.name == name }) else {
      throw error(
        origin, "there is no interface \(name.quoted)", "accepted: \(usableLinks)",
        "set Interface= to one of these, or create \(name.printable)")
    }
    try checkUsable(link, origin)
    return link
  }

  private func checkUsable(_ link: Link, _ origin: Settings.Origin?) throws(ConfigurationError) {
    let fault: String
    if link.isLoopback {
      fault = "interface \(link.name.quoted) is the loopback"
    } else if !link.usesARP {
      fault = "interface \(link.name.quoted) does not use ARP"
    } else if link.ownNetworks.isEmpty {
      fault = "interface \(link.name.quoted) has no IPv4 address of the host's own"
    } else {
      return
    }
    throw error(
      origin, fault, "accepted: \(usableLinks)",
      "set Interface= to an Ethernet interface that has an address of its own")
  }

  /// The usable link whose subnet holds the first address.
  private mutating func derivedLink() throws(ConfigurationError) -> Link {
    let first = draft.addresses[0]
    let holding = surroundings.links.filter { $0.isUsable && $0.network(holding: first.address) != nil }
    guard let link = holding.first else {
      throw error(
        first.origin, "\(first.address) is in no interface's subnet", "accepted: addresses on \(usableLinks)",
        "correct the address, or set Interface=")
    }
    if holding.count > 1 {
      throw error(
        first.origin, "\(first.address) is in a subnet of \(holding.map(\.name).listed)",
        "accepted: an address in the subnet of one interface", "set Interface= to one of these")
    }
    draft.settings.interface = link.name
    draft.settings.origins["VirtualIP.Interface"] = [.derived(from: "\(first.address)")]
    return link
  }

  /// The links that could carry a VIP, with their own addresses: `eth0 (192.168.1.217/24)`.
  private var usableLinks: String {
    let links = surroundings.links.filter(\.isUsable).map { link in
      "\(link.name.printable) (\(link.ownNetworks.map(\.description).joined(separator: " ")))"
    }
    return links.isEmpty ? "an Ethernet interface with an IPv4 address, there is none" : links.listed
  }

  // MARK: Addresses

  /// The address that the instance's name stands for.
  private func addressOfName(_ explicit: Link?) throws(ConfigurationError) -> Draft.Address {
    let origin = Settings.Origin.derived(from: "the instance's name")
    if let address = IPv4Address(instance) {
      return Draft.Address(address: address, prefixLength: nil, origin: origin)
    }
    guard instance.utf8.first != UInt8(ascii: "0"), let octet = Decimal.parse(instance.utf8, in: 1...255)
    else {
      throw error(
        nil, "no Address= is set and the name \(instance.quoted) stands for none",
        "accepted: a number from 1 to 254 or an IPv4 address as the name, or a file with Address=",
        "set Address= in [VirtualIP] of \(instance).conf")
    }
    let link: Link
    if let explicit { link = explicit } else { link = try defaultRouteLink() }
    return try address(octet: octet, on: link)
  }

  private func defaultRouteLink() throws(ConfigurationError) -> Link {
    guard let index = surroundings.defaultRouteLinkIndex,
      let link = surroundings.links.first(where: { $0.index == index })
    else {
      throw error(
        nil, "there is no IPv4 default route to take the subnet of \(instance) from",
        "accepted: \(usableLinks)", "set Interface= or Address= in \(instance).conf")
    }
    try checkUsable(link, nil)
    return link
  }

  /// The address whose last octet replaces that of the *subnet's* address, so that all hosts of a subnet
  /// shorter than /24 mean the same address.
  private func address(octet: Int, on link: Link) throws(ConfigurationError) -> Draft.Address {
    guard let own = link.firstGlobalNetwork else {
      throw error(
        nil,
        "interface \(link.name.quoted) has no global IPv4 address to take the subnet of \(instance) from",
        "accepted: \(usableLinks)", "set Address= in \(instance).conf")
    }
    let address = IPv4Address(bits: own.subnet.bits & ~0xFF | UInt32(octet))
    guard own.contains(address) else {
      throw error(
        nil, "\(address) is outside \(link.name.printable)'s subnet \(own.subnet)/\(own.prefixLength)",
        "accepted: a number that is the last octet of an address in it",
        "use another number, or set Address= in \(instance).conf")
    }
    return Draft.Address(
      address: address, prefixLength: own.prefixLength,
      origin: .derived(from: "the instance's name and \(link.name)'s \(own)"))
  }

  private func checkCount() throws(ConfigurationError) {
    guard draft.addresses.count > 64 else { return }
    throw error(
      draft.addresses[64].origin, "this is the 65th address", "accepted: at most 64 addresses in an instance",
      "move addresses to another instance")
  }

  /// Completes `assigned` with a prefix length and appends it to the settings.
  private mutating func add(_ assigned: Draft.Address, on link: Link) throws(ConfigurationError) {
    try checkKind(assigned)
    try checkForeign(assigned)
    var origin = assigned.origin
    var network = assigned.prefixLength.flatMap { IPv4Network(assigned.address, prefixLength: $0) }
    if network == nil, let own = link.network(holding: assigned.address) {
      network = IPv4Network(assigned.address, prefixLength: own.prefixLength)
      origin = origin.completed(from: "\(link.name)'s \(own)")
    }
    guard let network else {
      throw error(
        origin, "\(assigned.address) has no prefix length and is in no subnet of \(link.name.printable)",
        "accepted: \(link.ownNetworks.map { "\($0.subnet)/\($0.prefixLength)" }.listed), or a prefix length",
        "write \(assigned.address)/24 if its subnet is a /24, or correct the address")
    }
    draft.settings.addresses.append(network)
    draft.settings.origins["VirtualIP.Address", default: []].append(origin)
  }

  private func checkKind(_ assigned: Draft.Address) throws(ConfigurationError) {
    if assigned.address.isUsableByHost { return }
    let kind =
      switch assigned.address.bits >> 24 {
      case 0: "is in 0.0.0.0/8"
      case 127: "is a loopback address"
      case 224...239: "is a multicast address"
      default: "is a reserved or broadcast address"
      }
    throw error(
      assigned.origin, "\(assigned.address) \(kind)", "accepted: a unicast address of the interface's subnet",
      "choose a free address")
  }

  /// Refuses what the host or this instance has already.
  private func checkForeign(_ assigned: Draft.Address) throws(ConfigurationError) {
    let holder = surroundings.links.first { link in
      link.addresses.contains { !$0.isAddedByVipd && $0.network.address == assigned.address }
    }
    if let holder {
      throw error(
        assigned.origin, "\(assigned.address) is this host's own address on \(holder.name.printable)",
        "accepted: an address that no host has as its own",
        "choose a free address, or remove this one from \(holder.name.printable)")
    }
    if let index = draft.settings.addresses.firstIndex(where: { $0.address == assigned.address }) {
      let earlier = draft.addresses[index].origin
      throw error(
        assigned.origin, "\(assigned.address) is assigned twice, first at \(earlier)",
        "accepted: each address once", "remove one of the two")
    }
  }

  /// Refuses the subnet and broadcast addresses of the host's and of all VIPs' subnets.
  private func checkSubnets(on link: Link) throws(ConfigurationError) {
    for (index, vip) in draft.settings.addresses.enumerated() {
      for network in [vip] + link.ownNetworks + draft.settings.addresses {
        guard let broadcast = network.broadcast, network.contains(vip.address) else { continue }
        guard vip.address == broadcast || vip.address == network.subnet else { continue }
        let kind = vip.address == broadcast ? "broadcast" : "subnet"
        throw error(
          draft.addresses[index].origin,
          "\(vip.address) is the \(kind) address of \(network.subnet)/\(network.prefixLength)",
          "accepted: a host's address of the subnet", "choose a free address")
      }
    }
  }

  // MARK: What depends on the addresses and the interface

  private mutating func deriveVirtualRouterID() throws(ConfigurationError) {
    let key = "VRRP.VirtualRouterID"
    guard draft.settings.origins[key] == nil else { return }
    let first = draft.settings.addresses[0].address
    let octet = UInt8(truncatingIfNeeded: first.bits)
    if octet == 0 {
      throw error(
        draft.addresses[0].origin,
        "the last octet of \(first) is 0, which is no virtual router ID",
        "accepted: VirtualRouterID=1 to 255",
        "set VirtualRouterID= in [VRRP] of \(instance).conf")
    }
    draft.settings.virtualRouterID = octet
    draft.settings.origins[key] = [.derived(from: "\(first)")]
  }

  private func checkLabel() throws(ConfigurationError) {
    guard let label = draft.settings.label else { return }
    let interface = draft.settings.interface
    let tag = Array(label.utf8.dropFirst(interface.utf8.count))
    if label == interface { return }
    if label.utf8.starts(with: interface.utf8), tag.first == UInt8(ascii: ":"), tag.count > 1 { return }
    throw error(
      draft.settings.origins(of: "VirtualIP.Label")[0],
      "Label= is \(label.quoted) and the interface is \(interface.quoted)",
      "accepted: \(interface.printable), or \(interface.printable): and a tag, at most 15 bytes",
      "write a label like \(interface.printable):0, or remove the line")
  }

  private func checkLease() throws(ConfigurationError) {
    let interval = draft.settings.advertisementInterval.duration
    let shortest = Configuration.shortestLease(advertisementInterval: interval)
    guard let lease = draft.settings.lease, lease < shortest else { return }
    let origins = draft.settings.origins
    throw error(
      (origins["Safety.LeaseSec"] ?? origins["VRRP.AdvertisementIntervalSec"])?.first,
      "LeaseSec= is \(TimeSpan.text(lease)) with AdvertisementIntervalSec=\(TimeSpan.text(interval))",
      "accepted: LeaseSec= of \(TimeSpan.text(shortest)) or more, or 0",
      "lengthen the lease or shorten the interval")
  }

  /// An error at `origin` if that is a line, else under the instance's name.
  private func error(
    _ origin: Settings.Origin?, _ found: String, _ accepted: String, _ remedy: String
  ) -> ConfigurationError {
    var place = instance
    if case .file = origin, let origin { place = "\(origin)" }
    return ConfigurationError(place: place, found: found, accepted: accepted, remedy: remedy)
  }
}

extension Settings.Origin {
  /// The origin of what stands here, completed from `source`.
  fileprivate func completed(from source: String) -> Settings.Origin {
    switch self {
    case .file: .derived(from: "\(self) and \(source)")
    case .derived(let own): .derived(from: "\(own) and \(source)")
    case .default: .derived(from: source)
    }
  }
}
