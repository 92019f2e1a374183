import Configuration
import Internet
import Netlink
import Ownership

/// What netlink told about this host's links, addresses and routes, with an eye on the one link that carries the VIP.
struct KernelView: Hashable, Sendable {
  /// The name of that link; one that is deleted and made anew under it is the same to us, and so is, for a while, one
  /// that was renamed, as long as no other has the name.
  private(set) var name: String
  private(set) var links: [Link] = []
  /// The link that carries the VIP; nil while there is none of its name.
  private(set) var link: Link?
  private(set) var addresses: [LinkAddress] = []
  private(set) var routes: [Route] = []
  private(set) var forwardingLinks: [Int32] = []
  /// Where Advertisements come from; stays the same as long as the link has it.
  private(set) var primary: IPv4Address?
  /// Where those over IPv6 come from.
  private(set) var primaryIPv6: IPv6Address?
  /// The configured addresses, which are never the host's own.
  private var virtual: [IPNetwork]
  private var virtualAddresses: Set<IPAddress>
  /// Whether peers may be behind routers, where a link-local address leads nowhere.
  private var isRouted: Bool

  init(_ settings: Settings) {
    name = settings.interface
    virtual = settings.addresses
    virtualAddresses = Set(virtual.map(\.address))
    isRouted = Self.isRouted(settings)
  }

  private static func isRouted(_ settings: Settings) -> Bool {
    settings.peers.contains { $0.ipv6?.isLinkLocal == false }
  }

  // MARK: Following the kernel

  /// Goes on with changed addresses and peers.
  mutating func follow(_ settings: Settings) {
    virtual = settings.addresses
    virtualAddresses = Set(virtual.map(\.address))
    isRouted = Self.isRouted(settings)
    choosePrimary()
  }

  /// The link that carries the VIP has this name from now on.
  mutating func follow(name: String) { self.name = name }

  /// Takes over a whole snapshot.
  mutating func replace(_ snapshot: Snapshot) {
    links = snapshot.links
    let former = self
    addresses = snapshot.addresses.filter {
      concerns($0) || former.place($0.network, on: $0.linkIndex) != nil
    }
    routes = snapshot.routes
    forwardingLinks = snapshot.forwardingLinks
    linksChanged()
  }

  /// Takes over one change; whether more may have changed than is told.
  @discardableResult
  mutating func apply(_ change: RouteChange) -> Bool {
    let hidesOthers = hidesOthers(change)
    switch change {
    case .link(let link): note(link)
    case .linkRemoved(let index, _): forgetLink(index)
    case .address(let address): note(address)
    case .addressRemoved(let address): forget(address)
    case .route(let route):
      routes.removeAll { $0.isSame(as: route) }
      // As the kernel has them: of two alike over IPv4 the later one counts (fib_table_insert()).
      if route.family == .ipv4 { routes.insert(route, at: 0) } else { routes.append(route) }
    case .routeAppended(let route):
      routes.removeAll { $0.isSame(as: route) }
      routes.append(route)
    case .routeReplaced(let route): replace(route)
    case .routeRemoved(let route): routes.removeAll { $0.isSame(as: route) }
    case .nexthop: break
    case .forwarding(let index, let isOn):
      forwardingLinks.removeAll { $0 == index }
      if isOn { forwardingLinks.append(index) }
    }
    return hidesOthers
  }

  private mutating func replace(_ route: Route) {
    routes.removeAll { $0.isSame(as: route) }
    let old = routes.firstIndex { $0.isAlike(route) }
    // What somebody else put in the place of a route of vipd is nothing that is looked after here.
    guard route.isListed else {
      if let old { routes.remove(at: old) }
      return
    }
    if let old { routes[old] = route } else { routes.append(route) }
  }

  /// Whether nothing but the lifetime of an address is new, or a route that is nobody's here.
  func isRenewal(_ change: RouteChange) -> Bool {
    if case .nexthop = change { return true }
    if case .routeReplaced(let route) = change {
      return !routes.contains { $0.isAlike(route) } && !route.isDefault
    }
    guard case .address(let new) = change, let old = address(new.network, on: new.linkIndex) else {
      return false
    }
    return old.isUsable == new.isUsable && old.isDuplicate == new.isDuplicate && old.label == new.label
      && old.scope == new.scope
      && old.protocolNumber == new.protocolNumber && old.isSecondary == new.isSecondary
      && old.addsPrefixRoute == new.addsPrefixRoute
  }

  /// Whether more may have changed than is told.
  private func hidesOthers(_ change: RouteChange) -> Bool {
    switch change {
    // Of an IPv6 route of several hops the kernel removes, and tells of, one at a time (fib6_del_route()), and only the
    // first is known here.
    case .routeRemoved(let route): route.family == .ipv6 && routes.contains { $0.isSame(as: route) }
    // IPv4 routes go with the last address of their link (fib_disable_ip()), which may be another instance's.
    case .addressRemoved(let address):
      address.network.address.family == .ipv4
        && routes.contains { $0.family == .ipv4 && $0.linkIndex == address.linkIndex }
        && !isBesideOthers(address)
    // IPv4 routes go with it without a word (fib_flush()).
    case .nexthop(let id): routes.contains { $0.nexthopID == id }
    default: false
    }
  }

  /// Whether its link has another IPv4 address than this one, which may be gone already.
  private func isBesideOthers(_ address: LinkAddress) -> Bool {
    let place = place(address.network, on: address.linkIndex)
    return addresses.indices.contains { index in
      index != place && addresses[index].linkIndex == address.linkIndex
        && addresses[index].network.address.family == .ipv4
    }
  }

  private mutating func note(_ link: Link) {
    if let index = links.firstIndex(where: { $0.index == link.index }) {
      links[index] = link
    } else {
      links.append(link)
    }
    // fib_disable_ip(): IPv4 routes of a link that is set down go without a word.
    if !link.isUp { routes.removeAll { $0.linkIndex == link.index } }
    linksChanged()
  }

  private mutating func forgetLink(_ index: Int32) {
    links.removeAll { $0.index == index }
    addresses.removeAll { $0.linkIndex == index }
    routes.removeAll { $0.linkIndex == index }
    forwardingLinks.removeAll { $0 == index }
    linksChanged()
  }

  private mutating func linksChanged() {
    let renamed = link.flatMap { link in links.first { $0.index == link.index } }
    link = links.first { $0.name == name } ?? renamed
    choosePrimary()
  }

  /// Whether the link that carries the VIP has another name by now.
  var isRenamed: Bool { link.map { $0.name != name } ?? false }

  /// The link that was renamed does not get its name back.
  mutating func giveUpRenamed() {
    if isRenamed { link = nil }
  }

  /// IPv4 addresses are kept in the order in which the kernel looks at those of a kind: primary ones as they became that,
  /// secondary ones of a subnet as they came.
  private mutating func note(_ address: LinkAddress) {
    let known = place(address.network, on: address.linkIndex)
    guard known != nil || concerns(address) else { return }
    if let index = known {
      let old = addresses[index]
      let isRenewal = old.isUsable == address.isUsable && old.isDuplicate == address.isDuplicate
      addresses[index] = address
      // __inet_del_ifa() puts it behind the primary ones.
      if old.isSecondary && !address.isSecondary { addresses.append(addresses.remove(at: index)) }
      if isRenewal { return }
    } else {
      addresses.append(address)
    }
    choosePrimary()
  }

  private mutating func forget(_ address: LinkAddress) {
    if let index = place(address.network, on: address.linkIndex) { addresses.remove(at: index) }
    forgetRoutes(without: address)
    choosePrimary()
  }

  /// The kernel removes IPv4 routes of the main table whose source is gone (fib_sync_down_addr()), and those of a link
  /// that lost its last address (fib_disable_ip()), without a word; from IPv6 routes it takes the source
  /// (fib6_remove_prefsrc()).
  private mutating func forgetRoutes(without address: LinkAddress) {
    let ip = address.network.address
    guard !routes.isEmpty, !addresses.contains(where: { $0.network.address == ip }) else { return }
    switch ip.family {
    case .ipv4:
      let isLast = !isBesideOthers(address)
      routes.removeAll {
        $0.source == ip && $0.table == Route.mainTable
          || isLast && $0.linkIndex == address.linkIndex && $0.family == .ipv4
      }
    case .ipv6:
      for index in routes.indices where routes[index].source == ip { routes[index].source = nil }
    }
  }

  private mutating func choosePrimary() {
    guard let link else { return }
    primary = choose(primary, .ipv4, on: link) { $0.scope == .global ? $0.network.address.ipv4 : nil }
    primaryIPv6 = choose(primaryIPv6, .ipv6, on: link) { address in
      guard address.isUsable, let ip = address.network.address.ipv6, ip.isLinkLocal != isRouted else {
        return nil
      }
      return ip
    }
  }

  /// One of the host's own addresses: `current` as long as it is there, else the first, those in a VIP's subnet first.
  /// Never an address of the VIP or of another instance's: those come and go with ownership.
  private func choose<Address: Equatable>(
    _ current: Address?, _ family: AddressFamily, on link: Link, _ suitable: (LinkAddress) -> Address?
  ) -> Address? {
    var best: Address?
    var isNear = false
    for candidate in addresses where candidate.linkIndex == link.index && isOwn(candidate) {
      guard candidate.network.address.family == family, let address = suitable(candidate) else { continue }
      if address == current { return current }
      if isNear { continue }
      isNear = virtual.contains { $0.contains(candidate.network.address) }
      if best == nil || isNear { best = address }
    }
    return best
  }

  /// The address that this host would send from over IPv6, if duplicate address detection had not failed or were done.
  var unusableAddress: LinkAddress? {
    guard primaryIPv6 == nil, let link else { return nil }
    return addresses.first {
      $0.linkIndex == link.index && !$0.isUsable && isOwn($0)
        && $0.network.address.ipv6.map { $0.isLinkLocal != isRouted } == true
    }
  }

  private func isOwn(_ address: LinkAddress) -> Bool {
    address.protocolNumber != AddressRequest.protocolNumber
      && !virtualAddresses.contains(address.network.address)
  }

  /// Whether it is no address of another instance: those come and go, and are renewed, without being told of.
  private func concerns(_ address: LinkAddress) -> Bool {
    address.protocolNumber != AddressRequest.protocolNumber
      || virtualAddresses.contains(address.network.address)
  }

  /// What need not be told.
  func newsFilter(hearsRemovals: Bool) -> NewsFilter {
    let own = addresses.filter { $0.protocolNumber == AddressRequest.protocolNumber }
    // What a reload took out of the configuration may be there still.
    let others = own.map(\.network.address).filter { !virtualAddresses.contains($0) }
    return NewsFilter(
      addresses: virtual.map(\.address) + others, known: own.compactMap(NewsFilter.Known.init),
      hearsRemovals: hearsRemovals)
  }

  // MARK: What there is

  func link(_ index: Int32) -> Link? { links.first { $0.index == index } }

  func link(named name: String) -> Link? { links.first { $0.name == name } }

  /// Whether the link can carry addresses of `families`.
  func condition(_ families: [AddressFamily]) -> LinkCondition {
    guard let link else { return .absent }
    guard link.isUp else { return .down }
    guard link.hasCarrier else { return .noCarrier }
    guard !link.isPort else { return .port }
    guard let hardware = link.macAddress else { return .noHardwareAddress }
    let identity = Identity(ipv4: primary, ipv6: primaryIPv6, hardware: hardware)
    if let family = families.first(where: { identity.address($0) == nil }) { return .noAddress(family) }
    return .ready(identity)
  }

  /// Whether the link has an address of each family, be it one of the VIP.
  func hasAddresses(of families: [AddressFamily]) -> Bool {
    guard let link else { return false }
    return families.allSatisfy { family in
      addresses.contains { $0.linkIndex == link.index && $0.network.address.family == family }
    }
  }

  /// The kernel's entry for `network` on the link with this index.
  func address(_ network: IPNetwork, on linkIndex: Int32) -> LinkAddress? {
    place(network, on: linkIndex).map { addresses[$0] }
  }

  /// Where that is. The entries of a VIP of many addresses are looked through for each of them, so none is copied.
  private func place(_ network: IPNetwork, on linkIndex: Int32) -> Int? {
    for index in addresses.indices
    where addresses[index].linkIndex == linkIndex && addresses[index].network.isSameAddress(as: network) {
      return index
    }
    return nil
  }

  /// Whether the host reaches the subnet of `network`, one of the VIP's on the link with index `carrier`, by addresses
  /// of its own. An IPv4 address of the same subnet on the same link does not count: the VIP is a secondary one then,
  /// of which the kernel makes no route, and must make it when the own address goes.
  func reachesSubnet(of network: IPNetwork, on carrier: Int32) -> Bool {
    guard let link else { return false }
    // The kernel makes no route to a subnet of one IPv4 address.
    if network.address.family == .ipv4 && network.prefixLength == 32 { return true }
    return addresses.contains { own in
      guard own.linkIndex == link.index, isOwn(own), own.network.contains(network.address) else {
        return false
      }
      if own.network.prefixLength < network.prefixLength { return true }
      let isSecondary = network.address.family == .ipv4 && carrier == link.index
      return own.network.prefixLength == network.prefixLength && !isSecondary
    }
  }

  /// Whether the host's own connections come from `vip`, an IPv4 address of the VIP, or will when another address goes:
  /// the kernel takes the first primary address (inet_select_addr()), and of a subnet's secondary ones the first becomes
  /// the primary one when that goes (__inet_del_ifa()).
  func isAheadOfOwn(_ vip: LinkAddress) -> Bool {
    guard let place = place(vip.network, on: vip.linkIndex) else { return false }
    return addresses.indices.contains { index in
      let own = addresses[index]
      guard own.linkIndex == vip.linkIndex, own.network.address.family == .ipv4, own.scope == vip.scope,
        isOwn(own)
      else { return false }
      let isLater = place < index
      if own.network.hasSubnet(of: vip.network) { return !vip.isSecondary || own.isSecondary && isLater }
      return !vip.isSecondary && !own.isSecondary && isLater
    }
  }

  /// The address of `network` with a prefix length with which the link with this index does not have it.
  func stopgap(for network: IPNetwork, on linkIndex: Int32) -> IPNetwork? {
    let lengths = (1...network.address.family.width).reversed()
    return lengths.lazy.compactMap { IPNetwork(network.address, prefixLength: $0) }.first {
      address($0, on: linkIndex) == nil
    }
  }

  /// The configured addresses that this host has as its own on other links.
  var copies: [Copy] {
    addresses.compactMap { address in
      guard address.protocolNumber != AddressRequest.protocolNumber, address.linkIndex != link?.index,
        virtualAddresses.contains(address.network.address),
        let holder = self.link(address.linkIndex)
      else { return nil }
      return Copy(
        address: address.network.address, interface: holder.name,
        isFoundByNeighbors: holder.isEthernet && holder.isARPCapable && !holder.isLoopback)
    }
  }

  func has(_ route: Route) -> Bool { routes.contains(route) }

  /// The router of the default route, if that leaves by the VIP's link.
  func defaultGateway(_ family: AddressFamily) -> IPAddress? {
    guard let link, let route = routes.defaultRoute(family), route.linkIndex == link.index else { return nil }
    return route.gateway
  }

  /// What configuration is completed from.
  var surroundings: Surroundings {
    let way = routes.defaultRoute(.ipv4) ?? routes.defaultRoute(.ipv6)
    return Surroundings(links: links, addresses: addresses, defaultRouteLinkIndex: way?.linkIndex)
  }
}

extension Route {
  /// Whether one takes the place of the other when that is replaced.
  fileprivate func isAlike(_ other: Route) -> Bool {
    destination == other.destination && metric == other.metric && table == other.table
  }

  /// Whether both are one route to the kernel, which takes the source from IPv6 routes without a word.
  fileprivate func isSame(as other: Route) -> Bool {
    guard family == .ipv6 else { return self == other }
    var copy = other
    copy.source = source
    return self == copy
  }
}
