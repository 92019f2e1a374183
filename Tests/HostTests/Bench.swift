import Configuration
import Internet
import Neighbor
import Netlink
import Ownership
import Testing
import VRRP

@testable import Host

func at(_ milliseconds: Double) -> Instant {
  Instant(sinceBoot: .nanoseconds(Int64(milliseconds * 1_000_000)))
}

/// A host under test with a kernel that does at once what it is asked for, unless it is told to refuse.
struct Bench {
  static let own = "192.168.1.217/24"
  /// On eth1.
  static let other = "10.1.2.3/16"
  static let hardware = MACAddress(bits: 0x0200_0000_00D9)

  struct Moment: Hashable {
    let time: Instant
    let effect: Effect
  }

  var host: Host
  var now = at(1000)
  /// Everything that was wanted so far, in order, and when.
  private(set) var history: [Moment] = []
  var log: [Effect] { history.map(\.effect) }
  var links: [Link]
  var addresses: [LinkAddress]
  var routes: [Route] = []
  /// Requests that are refused, and with which errno.
  var refusals: (KernelRequest) -> Int32? = { _ in nil }
  /// Whether the kernel tells of an address that it has added, or not yet.
  var isTold: (LinkAddress) -> Bool = { _ in true }
  /// Whether links stay as they are whatever is asked, and done.
  var ignoresUpness = false
  /// Whether sockets open.
  var opensSockets = true
  /// Whether that is said at once.
  var answersOpenings = true
  /// The number of the last request to open sockets.
  private(set) var opening: UInt32?
  /// Whether files of the runtime directory can be written.
  var writesFiles = true
  /// Whether the kernel answers; its answers wait if not.
  var isBlocked = false
  /// Whether it takes its time to make macvlans, as long as it is not unblocked.
  var blocksMacvlans = false
  private var waiting: [(UInt32, KernelRequest)] = []
  private var effects = Effects()

  init(
    _ text: String = "", files: [String] = [], rules: Rules = .all, routes: [Route] = [],
    leftover: [String] = [], also other: LinkAddress? = nil, instance: String = "219"
  ) throws {
    links = [
      Link(index: 2, name: "eth0", macAddress: Self.hardware),
      Link(index: 3, name: "eth1", macAddress: MACAddress(bits: 3)),
    ]
    addresses = [try Self.address(Self.own), try Self.address(Self.other, on: 3)]
    if let other { addresses.append(other) }
    for network in leftover { addresses.append(try Self.address(network, protocolNumber: 112)) }
    self.routes = routes
    host = Host(try Self.settings(text, of: instance), rules: rules)
  }

  static func network(_ text: String) throws -> IPNetwork {
    let parts = text.split(separator: "/")
    let address = try #require(IPAddress(parts[0]))
    return try #require(IPNetwork(address, prefixLength: Int(parts[1]) ?? -1))
  }

  static func address(_ network: String, on link: Int32 = 2, protocolNumber: UInt8 = 0) throws -> LinkAddress
  {
    LinkAddress(linkIndex: link, network: try self.network(network), protocolNumber: protocolNumber)
  }

  /// The settings that `text` gives an instance on this host.
  static func settings(_ text: String, of instance: String = "219") throws -> Settings {
    let links = [
      Surroundings.Link(
        index: 2, name: "eth0", hardwareAddress: hardware,
        addresses: [Surroundings.Address(try network(own))]
          + (text.contains("::") ? [Surroundings.Address(try network("fe80::217/64"))] : [])),
      Surroundings.Link(
        index: 3, name: "eth1", hardwareAddress: MACAddress(bits: 3),
        addresses: [Surroundings.Address(try network(other))]),
    ]
    return try Configuration.resolve(
      instance: instance, files: [ConfigurationFile(path: "219.conf", bytes: Array(text.utf8))],
      surroundings: Surroundings(links: links, defaultRouteLinkIndex: 2))
  }

  // MARK: Driving

  mutating func start(_ memory: Host.Memory = Host.Memory()) {
    host.start(memory, at: now, into: &effects)
    perform()
  }

  mutating func handle(_ input: Input) {
    host.handle(input, at: now, into: &effects)
    perform()
  }

  /// Runs timers for `span`.
  mutating func run(for span: Duration) {
    let end = now + span
    while let deadline = host.deadline, deadline <= end {
      now = max(now, deadline)
      handle(.timer)
    }
    now = end
  }

  /// Starts, and takes the VIP for want of anybody else.
  mutating func own() {
    start()
    run(for: .seconds(1))
  }

  /// Another router says that it stands by.
  mutating func hearStandby() {
    handle(
      .neighbor(
        .request(
          for: .ipv4(IPv4Address(bits: 0xC0A8_01DB)), from: .ipv4(IPv4Address(bits: 0xC0A8_01DA)),
          at: MACAddress(bits: 0x0200_0000_00DA),
          standby: StandbyMark(virtualRouterID: 219, priority: 100, isReady: true))))
  }

  mutating func reload(_ text: String) throws { handle(.settings(try Self.settings(text))) }

  private mutating func perform() {
    while effects.count > 0 {
      let batch = (0..<effects.count).map { effects[$0] }
      effects.removeAll()
      history += batch.map { Moment(time: now, effect: $0) }
      for effect in batch {
        switch effect {
        case .request(let sequence, let request, _): ask(sequence, request)
        case .openSockets(let sequence, _):
          opening = sequence
          guard answersOpenings else { break }
          let refusal = KernelRefusal(.notPermitted, code: 1, "opening a socket")
          host.handle(.sockets(sequence, opensSockets ? nil : refusal), at: now, into: &effects)
        case .writeRole: host.handle(.written(.role, writesFiles), at: now, into: &effects)
        case .writeHold: host.handle(.written(.hold, writesFiles), at: now, into: &effects)
        default: break
        }
      }
    }
  }

  /// The kernel answers again.
  mutating func unblock() {
    isBlocked = false
    blocksMacvlans = false
    let requests = waiting
    waiting = []
    for (sequence, request) in requests { ask(sequence, request) }
    perform()
  }

  private mutating func ask(_ sequence: UInt32, _ request: KernelRequest) {
    let isSlow = if case .makeMacvlan = request { blocksMacvlans } else { false }
    if isBlocked || isSlow { return waiting.append((sequence, request)) }
    var answer = KernelAnswer.done
    if let code = refusals(request) {
      answer = .refused(KernelRefusal(.other, code: code, "refused"))
    } else {
      answer = carryOut(request)
    }
    host.handle(.answer(sequence, answer), at: now, into: &effects)
  }

  private mutating func carryOut(_ request: KernelRequest) -> KernelAnswer {
    switch request {
    case .look: return .snapshot(Snapshot(links: links, addresses: addresses, routes: routes))
    case .addAddress(let request):
      // Of an address that is there, the kernel changes the lifetime and nothing else.
      let old = addresses.first {
        $0.network.isSameAddress(as: request.network) && $0.linkIndex == request.linkIndex
      }
      let address = LinkAddress(
        linkIndex: request.linkIndex, network: old?.network ?? request.network,
        label: old == nil ? request.label : old?.label,
        scope: old?.scope ?? request.scope, validLifetime: request.validLifetime, protocolNumber: 112,
        isSecondary: old?.isSecondary ?? isSecondary(request.network, on: request.linkIndex),
        addsPrefixRoute: old.map {
          $0.network.address.family == .ipv4 ? $0.addsPrefixRoute : request.addsPrefixRoute
        }
          ?? request.addsPrefixRoute)
      if isTold(address) { tell(.address(address)) } else { note(.address(address)) }
    case .replaceAddress(let request, let stopgap):
      var interim = request
      interim.network = stopgap
      _ = carryOut(.addAddress(interim))
      _ = carryOut(.removeAddress(request.network, linkIndex: request.linkIndex))
      _ = carryOut(.addAddress(request))
      _ = carryOut(.removeAddress(stopgap, linkIndex: request.linkIndex))
    case .removeAddress(let network, let index):
      guard let found = addresses.first(where: { $0.network == network && $0.linkIndex == index }) else {
        return .refused(KernelRefusal(.addressMissing, code: 99, "gone"))
      }
      tell(.addressRemoved(found))
      promote(found)
    case .addRoute(let route):
      if let source = route.source, !addresses.contains(where: { $0.network.address == source }) {
        return .refused(KernelRefusal(.other, code: 22, "Invalid argument"))
      }
      tell(.route(route))
    case .removeRoute(let route):
      guard routes.contains(route) else { return .refused(KernelRefusal(.routeMissing, code: 3, "gone")) }
      tell(.routeRemoved(route))
    case .makeMacvlan(let request):
      tell(
        .link(
          Link(
            index: 100, name: request.name, macAddress: request.hardware, isUp: false, kind: "macvlan",
            parentIndex: request.parentIndex)))
    case .removeLink(let index): tell(.linkRemoved(index: index, name: ""))
    case .setUp(let isUp, let index):
      guard let link = links.first(where: { $0.index == index }), !ignoresUpness else { break }
      tell(
        .link(
          Link(
            index: index, name: link.name, macAddress: link.macAddress, isUp: isUp, kind: link.kind,
            parentIndex: link.parentIndex)))
    case .promoteSecondaries, .confineARP: break
    }
    return .done
  }

  /// Whether an IPv4 address of this subnet is there.
  private func isSecondary(_ network: IPNetwork, on linkIndex: Int32) -> Bool {
    network.address.family == .ipv4
      && addresses.contains { $0.linkIndex == linkIndex && $0.network.hasSubnet(of: network) }
  }

  /// A primary address is gone: the first secondary one of its subnet takes its place.
  private mutating func promote(_ gone: LinkAddress) {
    guard gone.network.address.family == .ipv4, !gone.isSecondary else { return }
    let next = addresses.first { $0.linkIndex == gone.linkIndex && $0.network.hasSubnet(of: gone.network) }
    guard let next else { return }
    tell(
      .address(
        LinkAddress(
          linkIndex: next.linkIndex, network: next.network, label: next.label, scope: next.scope,
          validLifetime: next.validLifetime, protocolNumber: next.protocolNumber, isSecondary: false,
          addsPrefixRoute: next.addsPrefixRoute)))
  }

  /// Somebody adds an address of the host's own.
  mutating func addOwn(_ network: String) throws {
    let network = try Self.network(network)
    happen(
      .address(LinkAddress(linkIndex: 2, network: network, isSecondary: isSecondary(network, on: 2))))
  }

  /// Somebody removes one; secondary addresses are promoted.
  mutating func removeOwn(_ network: String) throws {
    let network = try Self.network(network)
    let found = try #require(addresses.first { $0.network == network && $0.linkIndex == 2 })
    tell(.addressRemoved(found))
    promote(found)
    perform()
  }

  /// Something changed in the kernel, and netlink tells of it.
  mutating func tell(_ change: RouteChange) {
    note(change)
    host.handle(.change(change), at: now, into: &effects)
  }

  /// The same without a word.
  mutating func note(_ change: RouteChange) {
    switch change {
    case .link(let link):
      links.removeAll { $0.index == link.index }
      links.append(link)
    case .linkRemoved(let index, _):
      links.removeAll { $0.index == index }
      addresses.removeAll { $0.linkIndex == index }
      routes.removeAll { $0.linkIndex == index }
    case .address(let address):
      let place = addresses.firstIndex {
        $0.network == address.network && $0.linkIndex == address.linkIndex
      }
      if let place, addresses[place].isSecondary == address.isSecondary {
        addresses[place] = address
      } else {
        addresses.removeAll { $0.network == address.network && $0.linkIndex == address.linkIndex }
        addresses.append(address)
      }
    case .addressRemoved(let address):
      addresses.removeAll { $0.network == address.network && $0.linkIndex == address.linkIndex }
    case .route(let route), .routeAppended(let route): routes.append(route)
    case .routeReplaced(let route):
      let place = routes.firstIndex {
        $0.destination == route.destination && $0.metric == route.metric && $0.table == route.table
      }
      if let place { routes[place] = route } else { routes.append(route) }
    case .routeRemoved(let route): routes.removeAll { $0 == route }
    case .nexthop, .forwarding: break
    }
  }

  /// As `tell`, and what follows from it.
  mutating func happen(_ change: RouteChange) {
    tell(change)
    perform()
  }

  /// What a host like this one does not see of itself: what the group is told.
  mutating func takeMessages() -> [(message: GroupMessage, to: String?)] {
    defer { history = [] }
    return log.compactMap { effect in
      if case .tellGroup(let message, let name) = effect { (message, name) } else { nil }
    }
  }

  // MARK: Looking

  /// Only what is wanted from now on counts.
  mutating func forget() { history = [] }

  func has(_ network: String) throws -> Bool {
    let wanted = try Self.network(network)
    return addresses.contains { $0.network == wanted }
  }

  /// The addresses that the host, or an earlier run, added.
  var virtual: [LinkAddress] { addresses.filter { $0.protocolNumber == 112 } }

  /// What the host says of itself.
  var status: InstanceStatus {
    host.status(at: now, Calendar(localTime: { _ in "" }, microseconds: { _ in 0 }))
  }

  var requests: [KernelRequest] {
    log.compactMap { effect in
      if case .request(_, let request, _) = effect { request } else { nil }
    }
  }

  var notices: [Notice] {
    log.compactMap { effect in
      if case .notice(let notice) = effect { notice } else { nil }
    }
  }
}
