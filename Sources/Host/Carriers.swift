import Configuration
import Internet
import Neighbor
import Netlink
import Ownership

/// The links that carry the VIP's addresses: the interface itself, or with VirtualMAC= a macvlan for each family.
struct Carriers: Hashable, Sendable {
  /// VRID of the virtual router whose hardware address the macvlans have; nil for none.
  private let virtualMAC: UInt8?
  private let families: [AddressFamily]
  var retry = Retry()
  /// The kernel's refusal to make one, until it does.
  var refused: AddressFamily?
  /// By index, those above a link that this instance does not serve any more.
  var dropped = Removals<Int32>()

  init(_ settings: Settings) {
    virtualMAC = settings.virtualMAC ? settings.virtualRouterID : nil
    families = settings.families
  }

  var areMacvlans: Bool { virtualMAC != nil }

  /// The macvlan that carries addresses of `family`. The interface's index is in its name, because another
  /// interface may have a virtual router of the same number.
  func request(_ family: AddressFamily, on link: Link) -> MacvlanRequest? {
    guard let virtualMAC else { return nil }
    return MacvlanRequest(
      name: "vip\(family == .ipv4 ? 4 : 6)-\(virtualMAC).\(link.index)", parentIndex: link.index,
      hardware: .virtualRouter(virtualMAC, family))
  }

  /// The macvlan, if it is there.
  func macvlan(_ family: AddressFamily, in view: KernelView) -> Link? {
    view.link.flatMap { macvlan(family, above: $0, in: view) }
  }

  /// The macvlan above `parent`, if it is there.
  func macvlan(_ family: AddressFamily, above parent: Link, in view: KernelView) -> Link? {
    guard let request = request(family, on: parent), let found = view.link(named: request.name),
      found.macAddress == request.hardware, found.parentIndex == request.parentIndex
    else { return nil }
    return found
  }

  /// Index of the link that gets addresses of `family`; nil if there is none yet.
  ///
  /// Not inlined: Swift 6.3's optimizer ends the read of `view` before its last use, and then refuses that.
  @inline(never)
  func index(_ family: AddressFamily, in view: KernelView) -> Int32? {
    areMacvlans ? macvlan(family, in: view)?.index : view.link?.index
  }

  func isRefused(_ family: AddressFamily) -> Bool { refused == family }
}

extension Host {
  /// Makes the macvlans before they are needed, and has exactly those up that carry addresses.
  mutating func followCarriers(at now: Instant, into effects: inout Effects) {
    guard carriers.areMacvlans, sockets.isOpen, let link = view.link, allows(carriers.retry, at: now) else {
      return
    }
    for family in settings.families {
      if carriers.macvlan(family, in: view) == nil {
        guard pending.outcome(.macvlan(family)) == nil, let request = carriers.request(family, on: link)
        else {
          continue
        }
        ask(.makeMacvlan(request), about: .macvlan(family), isAddition: true, into: &effects)
      } else {
        setCarrier(family, up: wantsAddress(of: family), into: &effects)
      }
    }
  }

  /// Only the owner of the VIP may have a macvlan up: who does not own it must not be heard at the virtual router's
  /// hardware address.
  mutating func setCarrier(_ family: AddressFamily, up isUp: Bool, into effects: inout Effects) {
    guard let macvlan = carriers.macvlan(family, in: view) else { return }
    let expected = pending.outcome(.upness(linkIndex: macvlan.index)) ?? macvlan.isUp
    guard expected != isUp else { return }
    ask(
      .setUp(isUp, linkIndex: macvlan.index), about: .upness(linkIndex: macvlan.index), isAddition: isUp,
      into: &effects)
  }

  mutating func macvlanAnswered(
    _ family: AddressFamily, _ refusal: KernelRefusal?, at now: Instant, into effects: inout Effects
  ) {
    // The interface that was to carry it went; for the next one it is asked for again.
    if refusal?.kind == .linkGone, view.link == nil || sockets.linkIndex != view.link?.index { return }
    let isThere = carriers.macvlan(family, in: view) != nil
    carrierAnswered(refusal, isDone: isThere, at: now, into: &effects)
    guard let refusal else {
      carriers.refused = nil
      return
    }
    carriers.refused = family
    addresses.refusal = refusal
    let unasked = addresses.unasked
    unasked.forEach { index in
      guard settings.addresses[index].address.family == family else { return }
      addresses.unasked.remove(AddressSet(index: index))
      tell(.addFailed(index: index, errno: refusal.code), at: now, into: &effects)
    }
  }

  mutating func upnessAnswered(
    _ linkIndex: Int32, _ isUp: Bool, _ refusal: KernelRefusal?, at now: Instant, into effects: inout Effects
  ) {
    let isDone = view.link(linkIndex).map { $0.isUp == isUp } ?? true
    carrierAnswered(refusal, isDone: isDone, at: now, into: &effects)
  }

  /// The kernel answered a request to make a macvlan, or to set it up or down; `isDone`: it is as it should be.
  private mutating func carrierAnswered(
    _ refusal: KernelRefusal?, isDone: Bool, at now: Instant, into effects: inout Effects
  ) {
    if isDone {
      // That of the other family may have been refused a moment ago.
      if allows(carriers.retry, at: now) { carriers.retry.succeeded() }
      return
    }
    if let refusal, refusal.kind != .linkGone, !carriers.retry.isRefused {
      effects.append(.notice(.kernelRefused(refusal)))
    }
    carriers.retry.refused(at: now)
    schedule(carriers.retry)
  }

  /// What was made on the link with this index to carry the addresses goes.
  mutating func removeCarriers(above parent: Int32, at now: Instant, into effects: inout Effects) {
    guard let parent = view.link(parent) else { return }
    for family in settings.families {
      guard let macvlan = carriers.macvlan(family, above: parent, in: view) else { continue }
      carriers.dropped.insert(macvlan.index)
    }
    removeDroppedCarriers(at: now, into: &effects)
  }

  /// Removes macvlans that must go, as long as they are there and do not carry the addresses again.
  mutating func removeDroppedCarriers(at now: Instant, into effects: inout Effects) {
    guard !carriers.dropped.isEmpty else { return }
    let serving = phase == .leaving ? [] : settings.families.map { carriers.index($0, in: view) }
    carriers.dropped.removeAll { [view] in view.link($0) == nil || serving.contains($0) }
    for entry in carriers.dropped.entries {
      let subject = PendingRequests.Subject.removal(linkIndex: entry.thing)
      guard pending.outcome(subject) == nil, allows(entry.retry, at: now) else { continue }
      ask(.removeLink(entry.thing), about: subject, isAddition: false, into: &effects)
    }
  }

  mutating func carrierRemovalAnswered(
    _ linkIndex: Int32, _ refusal: KernelRefusal?, at now: Instant, into effects: inout Effects
  ) {
    guard let refusal, refusal.kind != .linkGone else { return }
    followUp(carriers.dropped.refused(linkIndex, at: now), refusal, into: &effects)
  }
}
