import Internet
import Netlink

/// One host's links, addresses and routes, and what its kernel makes of a change. What it tells everybody piles up
/// in `news`.
final class Kernel {
  static let nicName = "eth0"
  private static let otherName = "eth1"
  private static let otherIndex: Int32 = 3
  static let otherNetwork: UInt32 = 0x0A63_0000

  /// An address, and when its lifetime ends.
  struct Held {
    var address: LinkAddress
    var expiry: Time
  }

  private(set) var links: [Link] = []
  private(set) var held: [Held] = []
  private(set) var routes: [Route] = []
  /// In the order of the changes; whoever hands them on empties it.
  var news: [RouteChange] = []
  /// Counts changes; a renewal is none.
  private(set) var version = 0

  /// Index of the network card; 0 while there is none.
  private(set) var nic: Int32 = 0
  private(set) var isNICUp = false
  private(set) var hardware: MACAddress
  /// The VIPs' addresses that are here, by their places.
  private(set) var present: UInt32 = 0
  /// Those that are answered for: their link is up.
  private(set) var answering: UInt32 = 0
  private var nextIndex: Int32 = 4
  private let promotesAll: Bool
  private var promoting: [Int32] = []
  private var confined: [Int32] = []

  init(hardware: MACAddress, promotes: Bool) {
    self.hardware = hardware
    promotesAll = promotes
    links.append(
      Link(index: Self.otherIndex, name: Self.otherName, macAddress: MACAddress(bits: 0x0200_0000_0001)))
  }

  // MARK: Looking

  func link(_ index: Int32) -> Link? { links.first { $0.index == index } }

  func has(_ address: IPAddress) -> Bool { held.contains { $0.address.network.address == address } }

  /// Whether a packet can be sent by this link.
  func sends(by index: Int32) -> Bool { index == nic && isNICUp }

  func isConfined(_ index: Int32) -> Bool { confined.contains(index) }

  func promotes(_ index: Int32) -> Bool { promotesAll || promoting.contains(index) }

  /// The link with this address that is up.
  func link(answeringFor address: IPAddress) -> Link? {
    for index in held.indices where held[index].address.network.address == address {
      if let link = link(held[index].address.linkIndex), link.isUp { return link }
    }
    return nil
  }

  /// All there is at `now`.
  func snapshot(at now: Time) -> Snapshot {
    let addresses = held.map { held in
      held.expiry == .never ? held.address : held.address.lasting(max(held.expiry - now, 0))
    }
    return Snapshot(links: links, addresses: addresses, routes: routes)
  }

  /// When the first lifetime ends.
  var firstExpiry: Time { held.reduce(.never) { min($0, $1.expiry) } }

  // MARK: Links

  /// A network card appears, without any address.
  func makeNIC(hardware: MACAddress, isUp: Bool, hasCarrier: Bool, index: Int32? = nil) {
    nic = index ?? nextIndex
    if index == nil { nextIndex += 1 }
    self.hardware = hardware
    let card = Link(
      index: nic, name: Self.nicName, macAddress: hardware, isUp: isUp, hasCarrier: isUp && hasCarrier)
    links.insert(card, at: 0)
    news.append(.link(card))
    linksChanged()
  }

  /// A link goes, with what is stacked on it, its addresses and its routes.
  func removeLink(_ index: Int32) {
    for above in links where above.parentIndex == index { removeLink(above.index) }
    guard let place = links.firstIndex(where: { $0.index == index }) else { return }
    removeAddresses { $0.linkIndex == index }
    removeRoutes(by: index)
    let link = links.remove(at: place)
    news.append(.linkRemoved(index: index, name: link.name))
    promoting.removeAll { $0 == index }
    confined.removeAll { $0 == index }
    if index == nic { nic = 0 }
    linksChanged()
  }

  func change(_ index: Int32, _ body: (Link) -> Link) {
    guard let place = links.firstIndex(where: { $0.index == index }) else { return }
    let changed = body(links[place])
    guard changed != links[place] else { return }
    links[place] = changed
    news.append(.link(changed))
    linksChanged()
    // What is stacked on a link has its carrier.
    for above in links where above.parentIndex == index {
      change(above.index) { $0.with(hasCarrier: $0.isUp && changed.isUp && changed.hasCarrier) }
    }
  }

  /// A link that goes down loses its IPv6 addresses, and its routes.
  func setUp(_ isUp: Bool, _ index: Int32, hasCarrier: Bool) {
    guard let link = link(index), link.isUp != isUp else { return }
    change(index) { $0.with(isUp: isUp, hasCarrier: isUp && hasCarrier) }
    guard !isUp else { return }
    removeRoutes(by: index)
    removeAddresses { $0.linkIndex == index && $0.network.address.family == .ipv6 }
  }

  func makeMacvlan(_ request: MacvlanRequest) -> KernelRefusal? {
    guard let parent = link(request.parentIndex) else { return .linkGone }
    if links.contains(where: { $0.name == request.name }) { return nil }
    let made = Link(
      index: nextIndex, name: request.name, macAddress: request.hardware, isUp: false, hasCarrier: false,
      kind: "macvlan", parentIndex: parent.index)
    nextIndex += 1
    links.append(made)
    news.append(.link(made))
    return nil
  }

  func promoteSecondaries(_ index: Int32) -> KernelRefusal? {
    guard link(index) != nil else { return .linkGone }
    promoting.append(index)
    return nil
  }

  func confineARP(_ index: Int32) -> KernelRefusal? {
    guard link(index) != nil else { return .linkGone }
    confined.append(index)
    return nil
  }

  private func linksChanged() {
    version += 1
    isNICUp = nic != 0 && link(nic)?.isUp == true
    addressesChanged()
  }

  // MARK: Addresses

  /// A host's own address, which stays.
  func addOwn(_ network: IPNetwork, _ index: Int32) {
    _ = insert(LinkAddress(linkIndex: index, network: network, broadcast: network.broadcast), expiry: .never)
  }

  func add(_ request: AddressRequest, at now: Time) -> KernelRefusal? {
    guard let link = link(request.linkIndex) else { return .linkGone }
    let network = request.network
    let isIPv4 = network.address.family == .ipv4
    // IPv6 is disabled on a link that is down.
    if !isIPv4 && !link.isUp { return .linkDown }
    let seconds = request.validLifetime.map { max(($0.time + .second - 1) / .second, 1) }
    let address = LinkAddress(
      linkIndex: link.index, network: network, broadcast: network.broadcast,
      label: isIPv4 ? request.label ?? link.name : nil, scope: isIPv4 ? request.scope : .global,
      validLifetime: seconds.map { .seconds($0) }, protocolNumber: AddressRequest.protocolNumber,
      addsPrefixRoute: request.addsPrefixRoute)
    return insert(address, expiry: seconds.map { now + $0 * .second } ?? .never)
  }

  /// Removes an address and adds it again, and has it with another prefix length meanwhile; `isCutShort`: it cannot be
  /// added again.
  func replace(
    _ request: AddressRequest, stopgap: IPNetwork, isCutShort: Bool, at now: Time
  ) -> KernelRefusal? {
    var interim = request
    interim.network = stopgap
    interim.label = nil
    interim.addsPrefixRoute = false
    _ = add(interim, at: now)
    _ = remove(request.network, request.linkIndex)
    let refusal = isCutShort ? KernelRefusal.busy : add(request, at: now)
    _ = remove(stopgap, request.linkIndex)
    return refusal
  }

  /// An IPv4 address is another one if its prefix length is; an IPv6 address keeps the length that it has. What is
  /// there is renewed, and keeps its label.
  private func insert(_ new: LinkAddress, expiry: Time) -> KernelRefusal? {
    let isIPv4 = new.network.address.family == .ipv4
    let place = held.firstIndex { old in
      guard old.address.linkIndex == new.linkIndex else { return false }
      return isIPv4
        ? old.address.network == new.network : old.address.network.address == new.network.address
    }
    if let place {
      held[place].address = held[place].address.lasting(new.validLifetime)
      if !isIPv4 { held[place].address = held[place].address.with(addsPrefixRoute: new.addsPrefixRoute) }
      held[place].expiry = expiry
      news.append(.address(held[place].address))
      return nil
    }
    let isSecondary =
      isIPv4
      && held.contains {
        $0.address.linkIndex == new.linkIndex && $0.address.network.hasSubnet(of: new.network)
      }
    let address = new.with(isSecondary: isSecondary)
    held.append(Held(address: address, expiry: expiry))
    news.append(.address(address))
    addressesChanged()
    return nil
  }

  func remove(_ network: IPNetwork, _ index: Int32) -> KernelRefusal? {
    guard link(index) != nil else { return .linkGone }
    let place = held.firstIndex { $0.address.linkIndex == index && $0.address.network == network }
    guard let place else { return .addressMissing }
    let isPrimary = network.address.family == .ipv4 && !held[place].address.isSecondary
    let removed = held.remove(at: place).address
    if isPrimary { replacePrimary(removed) }
    told(removed)
    return nil
  }

  /// The primary address of a subnet goes: the next one takes its place, or all go.
  private func replacePrimary(_ primary: LinkAddress) {
    let promotes = promotes(primary.linkIndex)
    let isSecondary = { (held: Held) in
      held.address.linkIndex == primary.linkIndex && held.address.network.hasSubnet(of: primary.network)
    }
    if promotes {
      guard let place = held.firstIndex(where: isSecondary) else { return }
      // It goes behind the other primary ones.
      var promoted = held.remove(at: place)
      promoted.address = promoted.address.with(isSecondary: false)
      held.append(promoted)
      return news.append(.address(promoted.address))
    }
    let others = held.filter(isSecondary)
    held.removeAll(where: isSecondary)
    for other in others { told(other.address) }
  }

  /// Removes those whose lifetime is over; whether there were some.
  func expire(at now: Time) -> Bool {
    var isAny = false
    while let place = held.firstIndex(where: { $0.expiry <= now }) {
      _ = remove(held[place].address.network, held[place].address.linkIndex)
      isAny = true
    }
    return isAny
  }

  /// The machine slept.
  func moveExpiries(by pause: Time, notBefore now: Time) {
    for place in held.indices where held[place].expiry != .never {
      held[place].expiry = max(held[place].expiry + pause, now)
    }
  }

  /// The family that is switched off: it has no addresses.
  var lostFamily: AddressFamily? {
    didSet {
      guard let lostFamily, lostFamily != oldValue else { return }
      removeAddresses { $0.network.address.family == lostFamily }
    }
  }

  private func removeAddresses(where isGone: (LinkAddress) -> Bool) {
    let gone = held.filter { isGone($0.address) }
    guard !gone.isEmpty else { return }
    held.removeAll { isGone($0.address) }
    for one in gone { told(one.address) }
  }

  /// An address is gone: what depends on it goes, and everybody is told.
  private func told(_ gone: LinkAddress) {
    news.append(.addressRemoved(gone))
    let address = gone.network.address
    if !has(address) { removeRoutes(from: address) }
    let isLast = !held.contains {
      $0.address.linkIndex == gone.linkIndex && $0.address.network.address.family == .ipv4
    }
    if address.family == .ipv4 && isLast {
      routes.removeAll { $0.linkIndex == gone.linkIndex && $0.family == .ipv4 }
    }
    addressesChanged()
  }

  private func addressesChanged() {
    version += 1
    present = 0
    answering = 0
    for one in held {
      guard let place = Station.place(one.address.network.address) else { continue }
      present |= 1 << UInt32(place)
      if link(one.address.linkIndex)?.isUp == true { answering |= 1 << UInt32(place) }
    }
  }

  // MARK: Routes

  func add(_ route: Route) -> KernelRefusal? {
    guard let link = link(route.linkIndex) else { return .linkGone }
    guard link.isUp else { return .linkDown }
    if let source = route.source, !has(source) { return .noSource }
    if let gateway = route.gateway, !isReachable(gateway, by: route.linkIndex) { return .linkDown }
    var full = route
    if route.family == .ipv6 && route.metric == 0 { full.metric = 1024 }
    let isThere = routes.contains {
      $0.isAlike(full)
        && (full.family == .ipv6
          || $0.gateway == full.gateway && $0.linkIndex == full.linkIndex && $0.source == full.source)
    }
    if isThere { return .exists }
    routes.insert(full, at: 0)
    version += 1
    news.append(.route(full))
    return nil
  }

  /// As `ip route replace`: takes the place of the first one of its destination and metric.
  func replace(_ route: Route) {
    guard let place = routes.firstIndex(where: { $0.isAlike(route) }) else {
      _ = add(route)
      return
    }
    routes[place] = route
    version += 1
    news.append(.routeReplaced(route))
  }

  private func isReachable(_ gateway: IPAddress, by index: Int32) -> Bool {
    if gateway.family == .ipv6 { return true }
    return held.contains { $0.address.linkIndex == index && $0.address.network.contains(gateway) }
  }

  func remove(_ route: Route) -> KernelRefusal? {
    let place = routes.firstIndex {
      $0.isAlike(route) && $0.protocolNumber == route.protocolNumber && $0.linkIndex == route.linkIndex
        && (route.gateway == nil || $0.gateway == route.gateway)
    }
    guard let place else { return .routeMissing }
    news.append(.routeRemoved(routes.remove(at: place)))
    version += 1
    return nil
  }

  /// The kernel tells of those over IPv6 only.
  private func removeRoutes(by index: Int32) {
    for route in routes where route.linkIndex == index && route.family == .ipv6 {
      news.append(.routeRemoved(route))
    }
    routes.removeAll { $0.linkIndex == index }
  }

  private func removeRoutes(from source: IPAddress) {
    for place in routes.indices where routes[place].family == .ipv6 && routes[place].source == source {
      routes[place].source = nil
    }
    routes.removeAll { $0.family == .ipv4 && $0.source == source && $0.table == Route.mainTable }
  }
}

extension Route {
  fileprivate func isAlike(_ other: Route) -> Bool {
    let metric = { (route: Route) in route.family == .ipv6 && route.metric == 0 ? 1024 : route.metric }
    return destination == other.destination && table == other.table && metric(self) == metric(other)
  }
}

extension Link {
  func with(name: String? = nil, isUp: Bool? = nil, hasCarrier: Bool? = nil) -> Link {
    Link(
      index: index, name: name ?? self.name, macAddress: macAddress, isUp: isUp ?? self.isUp,
      hasCarrier: hasCarrier ?? self.hasCarrier, kind: kind, parentIndex: parentIndex, isPort: isPort)
  }
}

extension LinkAddress {
  fileprivate func with(isSecondary: Bool? = nil, addsPrefixRoute: Bool? = nil) -> LinkAddress {
    LinkAddress(
      linkIndex: linkIndex, network: network, broadcast: broadcast, label: label, scope: scope,
      validLifetime: validLifetime, protocolNumber: protocolNumber,
      isSecondary: isSecondary ?? self.isSecondary, isUsable: isUsable,
      addsPrefixRoute: addsPrefixRoute ?? self.addsPrefixRoute)
  }

  fileprivate func lasting(_ lifetime: Duration?) -> LinkAddress {
    LinkAddress(
      linkIndex: linkIndex, network: network, broadcast: broadcast, label: label, scope: scope,
      validLifetime: lifetime, protocolNumber: protocolNumber, isSecondary: isSecondary, isUsable: isUsable,
      addsPrefixRoute: addsPrefixRoute)
  }

  fileprivate func lasting(_ time: Time) -> LinkAddress { lasting(.seconds(time / .second)) }
}

extension KernelRefusal {
  static let linkGone = KernelRefusal(.linkGone, code: 19, "no such device")
  static let linkDown = KernelRefusal(.linkDown, code: 100, "the network is down")
  static let addressMissing = KernelRefusal(.addressMissing, code: 99, "cannot assign the address")
  static let routeMissing = KernelRefusal(.routeMissing, code: 3, "no such route")
  static let exists = KernelRefusal(.exists, code: 17, "it exists")
  static let noSource = KernelRefusal(.other, code: 22, "invalid source")
  static let busy = KernelRefusal(.other, code: 16, "busy")
}
