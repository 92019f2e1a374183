import Configuration
import Internet
import Neighbor
import Netlink
import Ownership
import VRRP

/// The sockets that are open, and those that are being opened to replace them.
struct Sockets: Hashable, Sendable {
  /// One for each family, as configured.
  var routers: [VirtualRouter] = []
  var open: SocketPlan?
  /// What is open may be deaf: the link was in a condition in which the kernel forgets its groups.
  var isStale = false
  var opening: Opening?
  var retry = Retry()
  /// What the core waits for; nil if it waits for nothing.
  var awaited: Awaited?
  /// When to listen for that again which nobody could be heard with.
  var hearing = Retry()
  /// Whose answers the core hears.
  var answerers: [IPAddress] = []
  /// When a failure to send packets of each kind was last told.
  var lastFailures: [Outgoing: Instant] = [:]

  /// Frames of these stations, or if there are none, of all third ones.
  struct Awaited: Hashable, Sendable {
    let stations: [MACAddress]
    let attention: Attention
  }

  struct Opening: Hashable, Sendable {
    let sequence: UInt32
    let plan: SocketPlan
    /// Whether it was stale before it was open.
    var isStale = false
  }

  private var last: UInt32 = 0

  var isOpen: Bool { open != nil }
  /// Not inlined: Swift 6.3's optimizer lets the read of `open` last until `open` is changed, and then refuses that.
  var linkIndex: Int32? {
    @inline(never) get { open?.linkIndex }
  }

  mutating func begin(_ plan: SocketPlan) -> UInt32 {
    last &+= 1
    opening = Opening(sequence: last, plan: plan)
    return last
  }
}

extension SocketPlan {
  /// Whether the same sockets do, if they say something else of this host.
  fileprivate func differsInIdentityOnly(from other: SocketPlan) -> Bool {
    var copy = self
    copy.ipv4 = other.ipv4
    copy.ipv6 = other.ipv6
    copy.hardware = other.hardware
    copy.isRouter = other.isRouter
    return copy == other
  }
}

extension KernelRefusal {
  /// Whether netlink tells of the same, that a link or an address is gone.
  fileprivate var isExplained: Bool { [.linkGone, .linkDown, .addressMissing].contains(kind) }
}

extension Host {
  /// Opens sockets on a link that has become usable and tells the core what the link is like.
  mutating func followLink(at now: Instant, into effects: inout Effects) {
    followName(at: now, into: &effects)
    let link = view.link
    let open = sockets.linkIndex
    if let open, open != link?.index { linkIsAnother(than: open, at: now, into: &effects) }
    let condition = view.condition(settings.requiredFamilies)
    if case .ready(let identity) = condition, let link {
      followSockets(plan(identity, on: link), at: now, into: &effects)
      // Who cannot send or hear takes no part.
      guard sockets.linkIndex == link.index, !sockets.isStale else { return }
    }
    if forgetsSettings(in: condition) {
      sockets.isStale = true
      sockets.opening?.isStale = true
      linkSettings.linkIndex = nil
    }
    if condition != core.link { tellLink(condition, at: now, into: &effects) }
  }

  /// Whether the kernel may have destroyed what it knows of the link (ip_mc_destroy_dev(), addrconf_ifdown()): multicast
  /// groups and sysctls, but not the sockets that joined. As long as there are addresses, it has not.
  private func forgetsSettings(in condition: LinkCondition) -> Bool {
    switch condition {
    case .absent, .down: true
    case .noAddress: !view.hasAddresses(of: settings.requiredFamilies)
    case .noCarrier, .port, .noHardwareAddress, .ready: false
    }
  }

  /// A link that was deleted and made anew under its name is another one: addresses and routes went with the old one.
  /// One that was renamed still has them, and they must go.
  private mutating func linkIsAnother(than old: Int32, at now: Instant, into effects: inout Effects) {
    effects.append(.closeSockets)
    // What was refused there says nothing of the next one.
    sockets.retry.succeeded()
    carriers.retry.succeeded()
    carriers.refused = nil
    linkSettings = LinkSettings()
    sockets.open = nil
    sockets.opening = nil
    tellLink(.absent, at: now, into: &effects)
    addresses.wanted = []
    addresses.unasked = []
    abandon(link: old, at: now, into: &effects)
    routes.linkIndex = nil
  }

  /// Gives up what this instance has on a link that it does not serve any more, if that is still there.
  private mutating func abandon(link index: Int32, at now: Instant, into effects: inout Effects) {
    for network in settings.addresses {
      let macvlan = view.link(index).flatMap { carriers.macvlan(network.address.family, above: $0, in: view) }
      let carrier = carriers.areMacvlans ? macvlan?.index : index
      guard let carrier, isExpected(network, on: carrier) else { continue }
      addresses.dropped.insert(VirtualAddresses.Place(network: network, linkIndex: carrier))
    }
    for entry in routes.entries { routes.dropped.insert(Route(entry.route, linkIndex: index)) }
    removeCarriers(above: index, at: now, into: &effects)
  }

  private mutating func tellLink(
    _ condition: LinkCondition, at now: Instant, into effects: inout Effects
  ) {
    tell(.link(condition), at: now, into: &effects)
    hasChanged = true
  }

  private func plan(_ identity: Identity, on link: Link) -> SocketPlan {
    SocketPlan(
      linkIndex: link.index, ipv4: identity.ipv4, ipv6: identity.ipv6, hardware: identity.hardware,
      routers: sockets.routers.filter { identity.address($0.family) != nil },
      usesVirtualMAC: settings.virtualMAC,
      isRouter: view.forwardingLinks.contains(link.index))
  }

  private mutating func followSockets(
    _ plan: SocketPlan, at now: Instant, into effects: inout Effects
  ) {
    guard sockets.opening == nil, sockets.open != plan || sockets.isStale else { return }
    if !sockets.isStale, let open = sockets.open, plan.differsInIdentityOnly(from: open) {
      sockets.open = plan
      return effects.append(.followIdentity(plan))
    }
    guard allows(sockets.retry, at: now) else { return }
    // First: the group that the new ones join would go with the old ones, whose joining was forgotten.
    if sockets.isStale && sockets.isOpen { effects.append(.closeSockets) }
    effects.append(.openSockets(sockets.begin(plan), plan))
  }

  mutating func socketsAnswered(
    _ sequence: UInt32, _ refusal: KernelRefusal?, at now: Instant, into effects: inout Effects
  ) {
    guard let opening = sockets.opening, opening.sequence == sequence else { return }
    sockets.opening = nil
    hasChanged = true
    guard let refusal else {
      sockets.open = opening.plan
      sockets.isStale = opening.isStale
      sockets.retry.succeeded()
      // The new filters are shut.
      if !sockets.answerers.isEmpty { hear(sockets.answerers, into: &effects) }
      if let awaited = sockets.awaited {
        listen(to: awaited.stations, awaited.attention, into: &effects)
      }
      return
    }
    if !refusal.isExplained && !sockets.retry.isRefused { effects.append(.notice(.socketsRefused(refusal))) }
    sockets.retry.refused(at: now)
    schedule(sockets.retry)
  }

  /// Silence would say nothing while nobody listens.
  mutating func unheard(_ refusal: KernelRefusal, at now: Instant, into effects: inout Effects) {
    if !refusal.isExplained && !sockets.hearing.isRefused {
      effects.append(.notice(.socketsRefused(refusal)))
    }
    sockets.hearing.refused(at: now)
    schedule(sockets.hearing)
  }

  /// Listens again after it was refused.
  mutating func followEvidence(at now: Instant, into effects: inout Effects) {
    guard let due = sockets.hearing.deadline, due <= now else { return }
    sockets.hearing.end()
    guard sockets.isOpen, let awaited = sockets.awaited else { return }
    listen(to: awaited.stations, awaited.attention, into: &effects)
  }

  mutating func hear(_ answerers: [IPAddress], into effects: inout Effects) {
    sockets.answerers = answerers
    effects.append(.hearAnswers(of: answerers))
  }

  /// Opens the filter for frames of one of `stations`, or where there are none, of any third one.
  mutating func listen(to stations: [MACAddress], _ attention: Attention, into effects: inout Effects) {
    sockets.awaited = Sockets.Awaited(stations: stations, attention: attention)
    if !stations.isEmpty { return effects.append(.listenForEvidence(.these(stations), attention)) }
    var known = core.peers.compactMap(\.hardware)
    for family in AddressFamily.allCases { known.append(.virtualRouter(settings.virtualRouterID, family)) }
    effects.append(.listenForEvidence(.others(than: known), attention))
  }

  mutating func announce(
    _ set: AddressSet, _ form: AnnouncementForm, at now: Instant, into effects: inout Effects
  ) {
    var announced: [IPAddress] = []
    var replaced: AddressSet = []
    set.forEach { index in
      let address = settings.addresses[index].address
      guard address.family.announcement(form) != nil else { return }
      if isBeingReplaced(index) {
        replaced.insert(AddressSet(index: index))
      } else {
        announced.append(address)
      }
    }
    if form == .first && !announced.isEmpty { chronicle.count(.announcements) }
    effects.announce(announced, form)
    // It is not there for a moment, and for longer if the kernel will not have it again.
    if !replaced.isEmpty { tell(.unannounced(replaced, form), at: now, into: &effects) }
  }

  /// The core has these announced when the queue has room.
  mutating func announceLater(
    _ unsent: [IPAddress], _ form: AnnouncementForm, at now: Instant, into effects: inout Effects
  ) {
    var set: AddressSet = []
    for (index, network) in settings.addresses.enumerated() where unsent.contains(network.address) {
      set.insert(AddressSet(index: index))
    }
    tell(.unannounced(set, form), at: now, into: &effects)
  }

  private static let failurePause = Duration.seconds(60)

  /// A packet that cannot be sent is lost like one that the network loses.
  mutating func sendFailed(
    _ kind: Outgoing, _ refusal: KernelRefusal, at now: Instant, into effects: inout Effects
  ) {
    if let last = sockets.lastFailures[kind], now - last < Self.failurePause { return }
    sockets.lastFailures[kind] = now
    effects.append(.notice(.sendFailed(kind, refusal)))
  }
}
