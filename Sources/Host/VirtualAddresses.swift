import Configuration
import Internet
import Netlink
import Ownership

/// The VIP's addresses: which the core wants, and which of them it knows to be there.
struct VirtualAddresses: Hashable, Sendable {
  /// An address on a link.
  struct Place: Hashable, Sendable {
    /// As it was asked for.
    let network: IPNetwork
    let linkIndex: Int32

    /// The same to a kernel.
    static func == (one: Place, other: Place) -> Bool {
      one.linkIndex == other.linkIndex && one.network.isSameAddress(as: other.network)
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(network.canonical)
      hasher.combine(linkIndex)
    }
  }

  /// What the core wants to be there.
  var wanted: AddressSet = []
  /// What the core was told to be there.
  var told: AddressSet = []
  /// What is wanted and could not be asked for, because the link that is to carry it is being made.
  var unasked: AddressSet = []
  /// Those that the kernel says it added, and has not told of yet.
  var untold: AddressSet = []
  /// What must go, and is not configured any more, or not on that link.
  var dropped = Removals<Place>()
  /// When what is in the wrong place, or of another kind than it should be, may be put right again. A program that does
  /// the opposite in a loop must not find a mirror.
  var placing = Retry()
  /// Whether an answer must come before it is known if one is in its place.
  var awaitsPlace = false
  /// The kernel's latest refusal, for the operator.
  var refusal: KernelRefusal?

  /// What an earlier run left.
  func leftover(_ settings: Settings, _ view: KernelView, _ carriers: Carriers) -> AddressSet {
    var found: AddressSet = []
    for (index, network) in settings.addresses.enumerated() {
      guard let linkIndex = carriers.index(network.address.family, in: view),
        view.address(network, on: linkIndex)?.protocolNumber == AddressRequest.protocolNumber
      else { continue }
      found.insert(AddressSet(index: index))
    }
    return found
  }
}

extension Host {
  /// ENODEV: the link that is to carry an address does not exist.
  private static let noDevice: Int32 = 19

  // MARK: What the core wants

  /// The core wants these addresses, or their lifetime renewed.
  mutating func add(_ set: AddressSet, at now: Instant, into effects: inout Effects) {
    addresses.wanted.formUnion(set)
    set.forEach { add($0, at: now, into: &effects) }
  }

  private mutating func add(_ index: Int, at now: Instant, into effects: inout Effects) {
    let network = settings.addresses[index]
    let family = network.address.family
    guard sockets.isOpen, let link = view.link, sockets.linkIndex == link.index else {
      return refuse(index, Self.noDevice, "the interface is gone", at: now, into: &effects)
    }
    guard let carrier = carriers.index(family, in: view) else {
      if carriers.isRefused(family) {
        return refuse(index, Self.noDevice, "its macvlan cannot be made", at: now, into: &effects)
      }
      addresses.unasked.insert(AddressSet(index: index))
      return
    }
    addresses.unasked.remove(AddressSet(index: index))
    // What was to go, and would not, is there for the core from now on.
    if addresses.dropped.contains(VirtualAddresses.Place(network: network, linkIndex: carrier)) {
      addresses.told.remove(AddressSet(index: index))
      hasChanged = true
    }
    // A renewal finds it up, or being set up again.
    if carriers.areMacvlans, !isExpected(network, on: carrier) {
      setCarrier(family, up: true, into: &effects)
    }
    // That a lifetime was renewed is nothing to wake up for.
    let isRenewal = addresses.told.contains(AddressSet(index: index)) && !isGoing(network)
    ask(
      .addAddress(request(network, on: carrier)), about: .of(network, linkIndex: carrier), isAddition: true,
      isUrgent: !isRenewal, into: &effects)
  }

  func request(_ network: IPNetwork, on carrier: Int32) -> AddressRequest {
    AddressRequest(
      network: network, linkIndex: carrier, label: settings.label, scope: settings.scope,
      validLifetime: core.parameters.lease,
      addsPrefixRoute: !view.reachesSubnet(of: network, on: carrier))
  }

  private mutating func refuse(
    _ index: Int, _ code: Int32, _ why: String, at now: Instant, into effects: inout Effects
  ) {
    addresses.refusal = KernelRefusal(.linkGone, code: code, why)
    tell(.addFailed(index: index, errno: code), at: now, into: &effects)
  }

  /// The core gives these addresses up. Routes that have one as their source go first.
  mutating func remove(_ set: AddressSet, at now: Instant, into effects: inout Effects) {
    addresses.wanted.subtract(set)
    addresses.unasked.subtract(set)
    addresses.untold.subtract(set)
    removeRoutes(into: &effects)
    set.forEach { index in
      let network = settings.addresses[index]
      guard let carrier = carriers.index(network.address.family, in: view) else {
        return tell(.removed(index: index), at: now, into: &effects)
      }
      askToRemove(network, on: carrier, into: &effects)
    }
    for family in settings.families where !wantsAddress(of: family) {
      setCarrier(family, up: false, into: &effects)
    }
  }

  /// The kernel removes an IPv6 address only by the prefix length that it has there (inet6_addr_del()), which is not that
  /// of the settings after a reload.
  private mutating func askToRemove(
    _ network: IPNetwork, on linkIndex: Int32, into effects: inout Effects
  ) {
    let there = view.address(network, on: linkIndex)?.network ?? network
    loosenNewsFilter(into: &effects)
    ask(
      .removeAddress(there, linkIndex: linkIndex), about: .of(network, linkIndex: linkIndex),
      isAddition: false, into: &effects)
  }

  func wantsAddress(of family: AddressFamily) -> Bool {
    var isWanted = false
    addresses.wanted.forEach { if settings.addresses[$0].address.family == family { isWanted = true } }
    return isWanted
  }

  // MARK: What the kernel has

  /// Tells the core what came and went, and asks for what could not be asked for before.
  mutating func followAddresses(at now: Instant, into effects: inout Effects) {
    for index in settings.addresses.indices { follow(index, has(index), at: now, into: &effects) }
    let unasked = addresses.unasked
    unasked.forEach { add($0, at: now, into: &effects) }
    removeDropped(at: now, into: &effects)
    followOwnAddresses(at: now, into: &effects)
  }

  private mutating func follow(_ index: Int, _ isThere: Bool, at now: Instant, into effects: inout Effects) {
    let wasThere = addresses.told.contains(AddressSet(index: index))
    let isThere = isThere || wasThere && isBeingReplaced(index)
    if isThere && !wasThere { appeared(index, at: now, into: &effects) }
    if !isThere && wasThere {
      addresses.told.remove(AddressSet(index: index))
      tell(.vanished(index: index), at: now, into: &effects)
    }
  }

  /// Follows a change of one of the VIP's addresses, if nothing but its own presence depends on that; whether it does. All
  /// those of a VIP come and go at once, and each costs what there is to look at.
  mutating func followAlone(_ change: RouteChange, at now: Instant, into effects: inout Effects) -> Bool {
    guard let (address, isThere) = change.presence, phase == .running, case .ready = core.link, !hasChanged,
      addresses.unasked.isEmpty, addresses.dropped.isEmpty,
      address.protocolNumber == AddressRequest.protocolNumber, let index = index(of: address.network),
      carriers.index(address.network.address.family, in: view) == address.linkIndex
    else { return false }
    routes.mayHaveChanged = true
    told.isOutdated = true
    follow(index, isThere, at: now, into: &effects)
    // Of one that is asked about nothing is known before the answer.
    if pending.additions + pending.removals > 0 {
      addresses.awaitsPlace = true
    } else if isMisplaced(index) {
      return false
    }
    return addresses.dropped.isEmpty
  }

  private func has(_ index: Int) -> Bool {
    let network = settings.addresses[index]
    guard let carrier = carriers.index(network.address.family, in: view) else { return false }
    return view.address(network, on: carrier) != nil
  }

  /// An address that was added and deleted while nobody could tell is not there, and nothing is to come.
  mutating func noticeUnseenLosses(at now: Instant, into effects: inout Effects) {
    let missing = addresses.wanted.subtracting(addresses.told).subtracting(addresses.unasked)
    missing.forEach { index in
      let network = settings.addresses[index]
      guard let carrier = carriers.index(network.address.family, in: view), !isExpected(network, on: carrier)
      else {
        return
      }
      tell(.vanished(index: index), at: now, into: &effects)
    }
  }

  /// An address that is about to be removed, and asked for again after that, is not there to stay.
  private mutating func appeared(_ index: Int, at now: Instant, into effects: inout Effects) {
    guard !isGoing(settings.addresses[index]) else { return }
    if addresses.untold.remove(AddressSet(index: index)) != nil && addresses.untold.isEmpty {
      alarms.set(.look, look.retry.deadline)
    }
    addresses.told.insert(AddressSet(index: index))
    if !dropStray(index) { tell(.added(index: index), at: now, into: &effects) }
  }

  /// What an earlier run left on a link that had another name when this one began must go; whether it is that.
  private mutating func dropStray(_ index: Int) -> Bool {
    let network = settings.addresses[index]
    guard !addresses.wanted.contains(AddressSet(index: index)),
      let carrier = carriers.index(network.address.family, in: view),
      view.address(network, on: carrier)?.protocolNumber == AddressRequest.protocolNumber
    else { return false }
    addresses.dropped.insert(VirtualAddresses.Place(network: network, linkIndex: carrier))
    return true
  }

  /// Whether the kernel was asked to remove an address and has not answered yet.
  private func isGoing(_ network: IPNetwork) -> Bool {
    pending.removals > 0
      && pending.has { entry in
        guard case .address(network.canonical, _) = entry.subject else { return false }
        return !entry.isAddition
      }
  }

  mutating func addressAnswered(
    _ network: IPNetwork, on linkIndex: Int32, _ isAddition: Bool, _ refusal: KernelRefusal?,
    at now: Instant, into effects: inout Effects
  ) {
    let place = VirtualAddresses.Place(network: network, linkIndex: linkIndex)
    if addresses.dropped.contains(place) { return droppedAnswered(place, refusal, at: now, into: &effects) }
    guard let index = self.index(of: network) else { return }
    if addresses.awaitsPlace, pending.additions + pending.removals == 0 { hasChanged = true }
    // What was done before a removal does not last, and the answer to that is to come.
    if isGoing(network) { return }
    if isAddition {
      additionAnswered(index, refusal, at: now, into: &effects)
    } else {
      removalAnswered(index, on: linkIndex, refusal, at: now, into: &effects)
    }
  }

  /// How long the kernel's worker may take.
  private static let workerPatience = Duration.milliseconds(100)

  private mutating func additionAnswered(
    _ index: Int, _ refusal: KernelRefusal?, at now: Instant, into effects: inout Effects
  ) {
    if let refusal {
      // Its macvlan went, and is made again.
      let family = settings.addresses[index].address.family
      if refusal.kind == .linkGone, view.link != nil, carriers.index(family, in: view) == nil {
        addresses.unasked.insert(AddressSet(index: index))
        return
      }
      addresses.refusal = refusal
      return tell(.addFailed(index: index, errno: refusal.code), at: now, into: &effects)
    }
    guard has(index) else {
      // News come before answers: where it is missing now, somebody has removed it meanwhile, or the news was lost. But of
      // an IPv6 address the kernel tells when a worker has looked at it (addrconf_dad_work()).
      if settings.addresses[index].address.family == .ipv6 {
        addresses.untold.insert(AddressSet(index: index))
        alarms.advance(.look, to: now + Self.workerPatience)
      } else if !look.isPending {
        tell(.vanished(index: index), at: now, into: &effects)
      }
      return
    }
    addresses.told.insert(AddressSet(index: index))
    // It was renewed.
    if core.present.contains(AddressSet(index: index)) { return }
    tell(.added(index: index), at: now, into: &effects)
  }

  private mutating func removalAnswered(
    _ index: Int, on linkIndex: Int32, _ refusal: KernelRefusal?, at now: Instant,
    into effects: inout Effects
  ) {
    guard let refusal, !isGone(settings.addresses[index], on: linkIndex, refusal) else {
      return tell(.removed(index: index), at: now, into: &effects)
    }
    addresses.refusal = refusal
    tell(.removeFailed(index: index, errno: refusal.code), at: now, into: &effects)
  }

  /// Whether what the kernel refused to remove is gone, as was asked for. News come before answers: what is in the view
  /// is there under another prefix length, or another name.
  private func isGone(_ network: IPNetwork, on linkIndex: Int32, _ refusal: KernelRefusal) -> Bool {
    switch refusal.kind {
    case .addressMissing, .linkGone: look.isPending || view.address(network, on: linkIndex) == nil
    default: false
    }
  }

  // MARK: What a reload took out of the configuration

  /// The configuration lists other addresses than `before`.
  mutating func readdress(from before: [IPNetwork], into effects: inout Effects) {
    let after = settings.addresses
    addresses.wanted = addresses.wanted.moved(from: before, to: after)
    addresses.unasked = addresses.unasked.moved(from: before, to: after)
    addresses.untold = addresses.untold.moved(from: before, to: after)
    addresses.told = addresses.told.moved(from: before, to: after)
    addresses.dropped.removeAll { place in after.contains { $0.isSameAddress(as: place.network) } }
    for network in before where !after.contains(where: { $0.isSameAddress(as: network) }) {
      // Its removal may be under way, and be refused.
      guard let carrier = carriers.index(network.address.family, in: view),
        isExpected(network, on: carrier) || view.address(network, on: carrier) != nil
      else { continue }
      addresses.dropped.insert(VirtualAddresses.Place(network: network, linkIndex: carrier))
    }
  }

  /// The configured address that `network` is to a kernel, by index.
  func index(of network: IPNetwork) -> Int? {
    settings.addresses.firstIndex { $0.isSameAddress(as: network) }
  }

  /// Whether the kernel will have `network` when it has answered all requests.
  func isExpected(_ network: IPNetwork, on linkIndex: Int32) -> Bool {
    pending.outcome(.of(network, linkIndex: linkIndex))
      ?? (view.address(network, on: linkIndex) != nil)
  }

  /// Removes what is no longer configured, but nothing that a client may still use: where the same address is
  /// configured with another prefix, that must be there first.
  mutating func removeDropped(at now: Instant, into effects: inout Effects) {
    guard !addresses.dropped.isEmpty else { return }
    forgetDropped()
    for entry in addresses.dropped.entries {
      let dropped = entry.thing
      let isNeeded = settings.addresses.indices.contains {
        settings.addresses[$0].address == dropped.network.address
          && addresses.wanted.contains(AddressSet(index: $0)) && !has($0)
      }
      let isLate = rules.contains(.addFirst) && isNeeded
      guard !isLate, isExpected(dropped.network, on: dropped.linkIndex), allows(entry.retry, at: now) else {
        continue
      }
      askToRemove(dropped.network, on: dropped.linkIndex, into: &effects)
    }
  }

  /// What has gone, or is wanted again where it is, need not go any more.
  private mutating func forgetDropped() {
    let (carriers, view, pending) = (carriers, view, pending)
    let (settings, wanted) = (settings, addresses.wanted)
    addresses.dropped.removeAll { dropped in
      let isWanted = settings.addresses.indices.contains { index in
        let network = settings.addresses[index]
        return network.isSameAddress(as: dropped.network) && wanted.contains(AddressSet(index: index))
          && carriers.index(network.address.family, in: view) == dropped.linkIndex
      }
      return isWanted
        || view.address(dropped.network, on: dropped.linkIndex) == nil
          && !pending.has { $0.subject == .of(dropped.network, linkIndex: dropped.linkIndex) }
    }
  }

  private mutating func droppedAnswered(
    _ place: VirtualAddresses.Place, _ refusal: KernelRefusal?, at now: Instant,
    into effects: inout Effects
  ) {
    guard let refusal, !isGone(place.network, on: place.linkIndex, refusal) else { return }
    followUp(addresses.dropped.refused(place, at: now), refusal, into: &effects)
  }
}

extension RouteChange {
  /// The address that came or went, if one did, and whether it is there now.
  fileprivate var presence: (LinkAddress, Bool)? {
    switch self {
    case .address(let address): (address, true)
    case .addressRemoved(let address): (address, false)
    default: nil
    }
  }
}
