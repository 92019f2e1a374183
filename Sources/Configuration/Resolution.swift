import Internet
import Ownership
import VRRP

/// Completes a draft from the instance's name and the host's surroundings, and checks the result.
///
/// First what the files and the name say by themselves: what is wrong there stays wrong. Everything else depends on the
/// surroundings, and may come right when they change.
struct Resolution {
  typealias Link = Surroundings.Link

  let instance: String
  let surroundings: Surroundings
  var draft: Draft

  mutating func outcome() throws(ConfigurationError) -> Configuration.Outcome {
    draft.settings.instance = instance
    try checkAlone()
    do throws(ConfigurationError) {
      return .complete(try settings())
    } catch {
      guard error.awaited != nil else { throw error }
      var known = draft.settings
      known.addresses = draft.addresses.compactMap {
        IPNetwork($0.address, prefixLength: $0.prefixLength ?? -1)
      }
      return .awaiting(known, error)
    }
  }

  /// What needs no surroundings.
  private mutating func checkAlone() throws(ConfigurationError) {
    try takeAddressOfName()
    try checkCount()
    try checkKinds()
    try checkRepetition()
    try checkSubnetsOfVIPs()
    try deriveVirtualRouterID()
    try checkVersion()
    try checkPeers()
    try checkGateways()
    try putLinkLocalAddressFirst()
    if !draft.addresses.isEmpty {
      try checkRequiredFamily()
      try checkRoutes()
    }
    try checkTracks()
    if isInterfaceSet { try checkLabel() }
    try checkLease()
  }

  /// What the surroundings complete.
  private mutating func settings() throws(ConfigurationError) -> Settings {
    let explicit = try explicitLink()
    if draft.addresses.isEmpty { draft.addresses = [try addressOfNumber(explicit)] }
    for address in draft.addresses { try checkForeign(address) }
    let link: Link
    if let explicit { link = explicit } else { link = try derivedLink() }
    for address in draft.addresses { try add(address, on: link) }
    try checkRequiredFamily()
    try checkFamilies(of: link)
    try checkSubnets(on: link)
    try deriveVirtualRouterID()
    try checkRoutes()
    try checkLabel()
    return draft.settings
  }

  // MARK: The interface

  /// Whether a file names it.
  private var isInterfaceSet: Bool {
    if case .file = draft.settings.origins["VirtualIP.Interface"]?.first { true } else { false }
  }

  /// The link that Interface= names.
  private func explicitLink() throws(ConfigurationError) -> Link? {
    let name = draft.settings.interface
    guard let origin = draft.settings.origins["VirtualIP.Interface"]?.first else { return nil }
    guard let link = surroundings.links.first(where: { $0.name == name }) else {
      throw error(
        origin, "there is no interface \(name.quoted)", "accepted: \(usableLinks)",
        "set Interface= to one of these, or create \(name.printable)", awaits: "interface \(name.printable)")
    }
    try checkUsable(link, origin, draft.addresses.first?.address.family)
    return link
  }

  /// Refuses a link that cannot carry addresses of `family`, or of any at all.
  private func checkUsable(
    _ link: Link, _ origin: Settings.Origin?, _ family: AddressFamily? = nil
  ) throws(ConfigurationError) {
    let fault: String
    let name = link.name.printable
    var awaited: String? = nil
    if link.isLoopback {
      fault = "interface \(link.name.quoted) is the loopback"
      // It stays that; but the default route, by which it may have been found, does not stay there.
      if !isInterfaceSet { awaited = "a default route by another interface than \(name)" }
    } else if !link.usesARP {
      fault = "interface \(link.name.quoted) does not use ARP"
      awaited =
        isInterfaceSet
        ? "\(name) to use ARP" : "a default route by an interface that uses ARP, unlike \(name)"
    } else if let family, !link.hasOwn(family) {
      let kind = family == .ipv4 ? "IPv4" : "link-local IPv6"
      fault = "interface \(link.name.quoted) has no \(kind) address of the host's own"
      awaited =
        "\(name) to have \(family == .ipv4 ? "an" : "a") \(kind) address of the host's own\(link.trouble)"
    } else if link.ownNetworks.isEmpty {
      fault = "interface \(link.name.quoted) has no address of the host's own"
      awaited = "\(name) to have an address of the host's own\(link.trouble)"
    } else {
      return
    }
    throw error(
      origin, fault, "accepted: \(usableLinks)",
      "set Interface= to an Ethernet interface that has an address of its own", awaits: awaited)
  }

  /// The usable link whose subnet holds the first address.
  private mutating func derivedLink() throws(ConfigurationError) -> Link {
    let first = firstConfigured
    let holding = surroundings.links.filter {
      $0.isUsable(first.address.family) && $0.network(holding: first.address) != nil
    }
    guard let link = holding.first else {
      throw error(
        first.origin, "\(first.address) is in no interface's subnet", "accepted: addresses on \(usableLinks)",
        "correct the address, or set Interface=",
        awaits: "an interface whose subnet holds \(first.address)")
    }
    if holding.count > 1 {
      let names = holding.map(\.name).listed
      throw error(
        first.origin, "\(first.address) is in a subnet of \(names)",
        "accepted: an address in the subnet of one interface", "set Interface= to one of these",
        awaits: "only one of \(names.printable) to hold \(first.address) in its subnet; or set Interface=")
    }
    draft.settings.interface = link.name
    draft.settings.origins["VirtualIP.Interface"] = [.derived(from: "\(first.address)")]
    return link
  }

  /// The links that could carry a VIP, with their own addresses: `eth0 (192.168.1.217/24)`.
  private var usableLinks: String {
    let links = surroundings.links.filter { $0.isUsable(.ipv4) || $0.isUsable(.ipv6) }.map { link in
      "\(link.name.printable) (\(link.ownNetworks.map(\.description).joined(separator: " ")))"
    }
    return links.isEmpty ? "an Ethernet interface with an address of its own, there is none" : links.listed
  }

  // MARK: Addresses

  /// The first address that the files or the name give: a link-local one that was derived says nothing of a subnet.
  private var firstConfigured: Draft.Address {
    let index = draft.settings.hasDerivedAddress && draft.addresses[0].address.family == .ipv6 ? 1 : 0
    return draft.addresses[index]
  }

  /// The last octet that the name stands for.
  private var number: Int? {
    instance.utf8.first == UInt8(ascii: "0") ? nil : Decimal.parse(instance.utf8, in: 1...255)
  }

  /// Without Address=, the name stands for an address, or for the last octet of one.
  private mutating func takeAddressOfName() throws(ConfigurationError) {
    guard draft.addresses.isEmpty else { return }
    if let address = IPAddress(instance) {
      let origin = Settings.Origin.derived(from: "the instance's name")
      draft.addresses = [Draft.Address(address: address, prefixLength: nil, origin: origin)]
    } else if number == nil {
      throw error(
        nil, "no Address= is set and the name \(instance.quoted) stands for none",
        "accepted: a number from 1 to 254 or an IP address as the name, or a file with Address=",
        "set Address= in [VirtualIP] of \(instance).conf")
    }
  }

  /// The address that the number stands for in the subnet of `explicit`, or of the default route's interface.
  private func addressOfNumber(_ explicit: Link?) throws(ConfigurationError) -> Draft.Address {
    guard let number else { preconditionFailure("a name that is no number was refused") }
    let link: Link
    if let explicit { link = explicit } else { link = try defaultRouteLink() }
    return try address(octet: number, on: link)
  }

  private func defaultRouteLink() throws(ConfigurationError) -> Link {
    guard let index = surroundings.defaultRouteLinkIndex,
      let link = surroundings.links.first(where: { $0.index == index })
    else {
      throw error(
        nil, "there is no default route to take the subnet of \(instance) from",
        "accepted: \(usableLinks)", "set Interface= or Address= in \(instance).conf",
        awaits: "a default route, to take the subnet of \(instance) from\(darkLinks)")
    }
    try checkUsable(link, nil)
    return link
  }

  /// Why there may be no route yet: managers of networks give an interface without carrier none.
  private var darkLinks: String {
    let dark = surroundings.links.filter { $0.usesARP && !$0.isLoopback && $0.isUp && !$0.hasCarrier }
    return dark.isEmpty ? "" : "; no carrier: \(dark.map(\.name.printable).listed)"
  }

  /// The address whose last octet replaces that of the *subnet's* address, so that all hosts of a subnet
  /// shorter than /24 mean the same address.
  private func address(octet: Int, on link: Link) throws(ConfigurationError) -> Draft.Address {
    let name = link.name.printable
    guard let own = link.firstGlobalNetwork(.ipv4), case .ipv4(let subnet) = own.subnet else {
      throw error(
        nil,
        "interface \(link.name.quoted) has no global IPv4 address to take the subnet of \(instance) from",
        "accepted: \(usableLinks)", "set Address= in \(instance).conf",
        awaits: "\(name) to have a global IPv4 address, to take the subnet of \(instance) from")
    }
    let address = IPAddress.ipv4(IPv4Address(bits: subnet.bits & ~0xFF | UInt32(octet)))
    guard own.contains(address) else {
      throw error(
        nil, "\(address) is outside \(name)'s subnet \(own.subnet)/\(own.prefixLength)",
        "accepted: a number that is the last octet of an address in it",
        "use another number, or set Address= in \(instance).conf",
        awaits:
          "\(name) to have a subnet that \(instance) is a number of, unlike \(own.subnet)/\(own.prefixLength)"
      )
    }
    return Draft.Address(
      address: address, prefixLength: own.prefixLength,
      origin: .derived(from: "the instance's name and \(link.name)'s \(own)"))
  }

  private func checkCount() throws(ConfigurationError) {
    let (most, mostIPv6) = (AddressSet.capacity, Advertisement.capacity(.ipv6))
    if draft.addresses.count > most {
      throw error(
        draft.addresses[most].origin, "this is address number \(most + 1)",
        "accepted: at most \(most) addresses in an instance", "move addresses to another instance")
    }
    let ipv6 = draft.addresses.filter { $0.address.family == .ipv6 }
    guard ipv6.count > mostIPv6 else { return }
    throw error(
      ipv6[mostIPv6].origin, "this is IPv6 address number \(mostIPv6 + 1)",
      "accepted: at most \(mostIPv6) IPv6 addresses in an instance, which fill an Ethernet frame",
      "move addresses to another instance")
  }

  /// Completes `assigned` with a prefix length and appends it to the settings.
  private mutating func add(_ assigned: Draft.Address, on link: Link) throws(ConfigurationError) {
    var origin = assigned.origin
    var network = assigned.prefixLength.flatMap { IPNetwork(assigned.address, prefixLength: $0) }
    if network == nil, let own = link.network(holding: assigned.address) {
      network = IPNetwork(assigned.address, prefixLength: own.prefixLength)
      origin = origin.completed(from: "\(link.name)'s \(own)")
    }
    guard let network else {
      throw error(
        origin, "\(assigned.address) has no prefix length and is in no subnet of \(link.name.printable)",
        "accepted: \(link.ownNetworks.map { "\($0.subnet)/\($0.prefixLength)" }.listed), or a prefix length",
        "write \(assigned.address)/24 if its subnet is a /24, or correct the address",
        awaits:
          "\(link.name.printable) to have an address in the subnet of \(assigned.address), for its prefix length"
      )
    }
    draft.settings.addresses.append(network)
    draft.settings.origins["VirtualIP.Address", default: []].append(origin)
  }

  private func checkKinds() throws(ConfigurationError) {
    for assigned in draft.addresses where !assigned.address.isUsableByHost {
      let kind =
        switch assigned.address {
        case .ipv4(let address): Self.kind(address)
        case .ipv6(let address): Self.kind(address)
        }
      throw error(
        assigned.origin, "\(assigned.address) \(kind)",
        "accepted: a unicast address of the interface's subnet", "choose a free address")
    }
  }

  private static func kind(_ address: IPv4Address) -> String {
    switch address.bits >> 24 {
    case 0: "is in 0.0.0.0/8"
    case 127: "is a loopback address"
    case 224...239: "is a multicast address"
    default: "is a reserved or broadcast address"
    }
  }

  private static func kind(_ address: IPv6Address) -> String {
    if address.isMulticast { return "is a multicast address" }
    if address == .any { return "is the unspecified address" }
    return address.low == 1 ? "is the loopback address" : "is an IPv4 address in IPv6's form"
  }

  private func checkRepetition() throws(ConfigurationError) {
    var earlier: [IPAddress: Settings.Origin] = [:]
    for assigned in draft.addresses {
      if let first = earlier.updateValue(assigned.origin, forKey: assigned.address) {
        throw error(
          assigned.origin, "\(assigned.address) is assigned twice, first at \(first)",
          "accepted: each address once", "remove one of the two")
      }
    }
  }

  /// Refuses what the host has as its own where neighbours find it. On the loopback, or on another interface without
  /// ARP, they do not: real servers behind a load balancer, and nodes of Kubernetes, have the address of the service
  /// there (``Surroundings/copies(of:)``).
  private func checkForeign(_ assigned: Draft.Address) throws(ConfigurationError) {
    let holder = surroundings.links.first { $0.usesARP && !$0.isLoopback && $0.hasItself(assigned.address) }
    guard let holder else { return }
    let name = holder.name.printable
    throw error(
      assigned.origin, "\(assigned.address) is this host's own address on \(name)",
      "accepted: an address that no host has as its own",
      "choose a free address, or remove this one from \(name)",
      awaits: "\(name) to give up \(assigned.address), which is this host's own address there")
  }

  /// Refuses the subnet and broadcast addresses of the subnets that the files give.
  private func checkSubnetsOfVIPs() throws(ConfigurationError) {
    let networks = draft.addresses.map { IPNetwork($0.address, prefixLength: $0.prefixLength ?? -1) }
    for assigned in draft.addresses {
      for network in networks.compactMap(\.self) {
        guard let kind = network.kindOfEnd(assigned.address) else { continue }
        throw endOfSubnet(assigned, kind, network, awaits: nil)
      }
    }
  }

  /// Refuses the subnet and broadcast addresses of the host's and of all VIPs' subnets.
  private func checkSubnets(on link: Link) throws(ConfigurationError) {
    for assigned in draft.addresses {
      for network in draft.settings.addresses + link.ownNetworks {
        guard let kind = network.kindOfEnd(assigned.address) else { continue }
        let subnet = "\(network.subnet)/\(network.prefixLength)"
        throw endOfSubnet(
          assigned, kind, network,
          awaits:
            "\(link.name.printable) to have another subnet than \(subnet), in which \(assigned.address) is the \(kind) address"
        )
      }
    }
  }

  private func endOfSubnet(
    _ assigned: Draft.Address, _ kind: String, _ network: IPNetwork, awaits awaited: String?
  ) -> ConfigurationError {
    error(
      assigned.origin,
      "\(assigned.address) is the \(kind) address of \(network.subnet)/\(network.prefixLength)",
      "accepted: a host's address of the subnet", "choose a free address", awaits: awaited)
  }

  // MARK: Families

  /// Of the addresses that the files or the name give, in their order.
  private var families: [AddressFamily] {
    var families: [AddressFamily] = []
    for assigned in draft.addresses where !families.contains(assigned.address.family) {
      families.append(assigned.address.family)
    }
    // A number is the last octet of an IPv4 address.
    return families.isEmpty ? [.ipv4] : families
  }

  /// Both families follow one election: this host cannot do without the one that elects.
  private func checkRequiredFamily() throws(ConfigurationError) {
    guard let required = draft.settings.requiredFamily, required != families[0] else { return }
    throw error(
      draft.settings.origins(of: "VirtualIP.RequiredFamily")[0],
      "RequiredFamily= is \(required.word), and the first address is an \(families[0]) address",
      "accepted: both, or \(families[0].word), the family of the first address, which elects",
      "put an \(required) address first, on every host; or write RequiredFamily=\(families[0].word)")
  }

  private func checkFamilies(of link: Link) throws(ConfigurationError) {
    for family in draft.settings.requiredFamilies {
      try checkUsable(link, draft.settings.origins["VirtualIP.Interface"]?.first, family)
    }
  }

  /// The first IPv6 address of a virtual router is link-local (RFC 9568 §5.2.9, erratum 8300).
  private mutating func putLinkLocalAddressFirst() throws(ConfigurationError) {
    guard let first = draft.addresses.firstIndex(where: { $0.address.family == .ipv6 }) else { return }
    if let given = draft.addresses.firstIndex(where: { $0.address.ipv6?.isLinkLocal == true }) {
      return draft.addresses.insert(draft.addresses.remove(at: given), at: first)
    }
    let ipv6 = draft.addresses.filter { $0.address.family == .ipv6 }
    let (most, mostIPv6) = (AddressSet.capacity - 1, Advertisement.capacity(.ipv6) - 1)
    guard draft.addresses.count <= most, ipv6.count <= mostIPv6 else {
      throw error(
        (draft.addresses.count > most ? draft.addresses[most] : ipv6[mostIPv6]).origin,
        "this is one address too many, because the link-local one is missing",
        "accepted: at most \(most) addresses in an instance beside the link-local one, and \(mostIPv6) of IPv6",
        "move addresses to another instance")
    }
    draft.settings.hasDerivedAddress = true
    draft.addresses.insert(
      Draft.Address(
        address: .ipv6(VirtualRouter.linkLocalAddress(id: draft.settings.virtualRouterID)), prefixLength: 64,
        origin: .derived(from: "VirtualRouterID=\(draft.settings.virtualRouterID)")),
      at: first)
  }

  /// RFC 3768 knows IPv4 and whole seconds only, and has passwords, which RFC 9568 has not.
  private mutating func checkVersion() throws(ConfigurationError) {
    let key = "VRRP.AdvertisementIntervalSec"
    guard draft.settings.version == .v2 else {
      guard draft.settings.authentication != nil else { return }
      throw error(
        draft.settings.origins(of: "VRRP.Authentication")[0], "Authentication= is set with Version=3",
        "accepted: a password with Version=2 only; VRRPv3 has none (RFC 9568 §9)",
        "remove the line, or set Version=2 for old peers")
    }
    if let assigned = draft.addresses.first(where: { $0.address.family == .ipv6 }) {
      throw error(
        assigned.origin, "\(assigned.address) is set with Version=2",
        "accepted: IPv4 addresses; VRRPv2 (RFC 3768) has no others", "use Version=3, or remove the address")
    }
    if draft.settings.origins[key] == nil {
      draft.settings.advertisementInterval = .second
      draft.settings.origins[key] = [.derived(from: "Version=2")]
    }
    let interval = draft.settings.advertisementInterval
    guard interval.centiseconds % 100 != 0 else { return }
    throw error(
      draft.settings.origins(of: key)[0],
      "AdvertisementIntervalSec= is \(TimeSpan.text(interval.duration)) with Version=2",
      "accepted: 1s to 40s in whole seconds", "write 1s, or use Version=3")
  }

  /// Every family needs somebody to send to, and nobody can be sent to in a family that there is not.
  private func checkPeers() throws(ConfigurationError) {
    let peers = draft.settings.peers
    guard !peers.isEmpty else { return }
    let origins = draft.settings.origins(of: "VRRP.Peer")
    for (peer, origin) in zip(peers, origins) where !families.contains(peer.family) {
      throw error(
        origin, "Peer= is \(peer), and the VIP has no \(peer.family) address",
        "accepted: peers of the addresses' family", "correct the address, or remove the line")
    }
    for family in families where !peers.contains(where: { $0.family == family }) {
      throw error(
        origins[0], "there is Peer=, but none with an \(family) address, which the VIP has",
        "accepted: at least one peer of each family of the VIP's addresses",
        "add the peers' \(family) addresses")
    }
  }

  private func checkGateways() throws(ConfigurationError) {
    let gateways = draft.settings.gateways
    guard gateways.count > 1, let index = gateways.firstIndex(of: .none) else { return }
    throw error(
      draft.settings.origins(of: "Safety.Gateway")[index], "Gateway=none is set beside other gateways",
      "accepted: none alone, or up to 8 of auto and IP addresses", "remove one or the other")
  }

  /// Whether the surroundings have not completed anything yet.
  private var isAlone: Bool { draft.settings.addresses.isEmpty }

  /// The source of a route goes with the VIP, so it must be a VIP: the kernel refuses one that the host lacks.
  private func checkRoutes() throws(ConfigurationError) {
    let vips = draft.addresses.map(\.address)
    for (index, route) in draft.settings.routes.enumerated() {
      guard let source = route.source, !vips.contains(source)
      else {
        continue
      }
      throw error(
        draft.settings.origins(of: "Route.Route")[index],
        "Route= has src \(source), which is none of the VIPs",
        "accepted: \(vips.map(\.description).listed)", "use one of these, or leave src out",
        awaits: isAlone ? nil : "a subnet in which \(instance) stands for \(source)")
    }
  }

  /// Each section stands for itself: what it says is about the checks that it names, and no other section names them.
  private mutating func checkTracks() throws(ConfigurationError) {
    var seen: Set<Check> = []
    for (index, track) in draft.settings.tracks.enumerated() {
      let checks = track.checks
      if checks.isEmpty, track != TrackSettings() {
        throw error(
          origin(inTrack: index), "this [Track] has nothing to check",
          "accepted: settings in the section whose Unit=, Interface= or Exec= they are about",
          "move them there, or add one of these keys")
      }
      if let twice = checks.first(where: { !seen.insert($0).inserted }) {
        throw error(
          origin(inTrack: index), "\(twice) is in an earlier [Track], too",
          "accepted: each unit, interface and command in one section", "remove it from one of them")
      }
    }
    draft.settings.tracks.removeAll { $0 == TrackSettings() }
  }

  /// Of the first thing that was said in the section with this index.
  private func origin(inTrack index: Int) -> Settings.Origin {
    let view = draft.settings.view(ofTrack: index)
    let keys = ConfigurationKey.ofTrack
    return keys.lazy.compactMap { view.origins[view.qualifiedName(of: $0)]?.first }.first ?? .default
  }

  // MARK: What depends on the addresses and the interface

  private mutating func deriveVirtualRouterID() throws(ConfigurationError) {
    let key = "VRRP.VirtualRouterID"
    guard draft.settings.origins[key] == nil else { return }
    guard let assigned = draft.addresses.first else {
      if let number { draft.settings.virtualRouterID = UInt8(number) }
      return
    }
    let first = assigned.address
    let octet = first[first.octetCount - 1]
    if octet == 0 {
      throw error(
        assigned.origin,
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
      "write a label like \(interface.printable):0, or remove the line",
      awaits: isInterfaceSet
        ? nil
        : "the subnet to be on the interface of Label=\(label.printable), and not on \(interface.printable)")
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
    _ origin: Settings.Origin?, _ found: String, _ accepted: String, _ remedy: String,
    awaits awaited: String? = nil
  ) -> ConfigurationError {
    var place = instance
    if case .file = origin, let origin { place = "\(origin)" }
    return ConfigurationError(
      place: place, found: found, accepted: accepted, remedy: remedy, awaited: awaited)
  }
}

extension Surroundings.Link {
  /// Why addresses may not come: networkd, for one, gives none without carrier.
  fileprivate var trouble: String {
    if !isUp { return "; it is down" }
    return hasCarrier ? "" : "; it has no carrier"
  }
}

extension IPNetwork {
  /// `subnet` or `broadcast` if `address` is that of this subnet, and so no host's.
  fileprivate func kindOfEnd(_ address: IPAddress) -> String? {
    guard let broadcast, contains(address) else { return nil }
    if address == .ipv4(broadcast) { return "broadcast" }
    return address == subnet ? "subnet" : nil
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
