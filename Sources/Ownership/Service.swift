import Internet
import Neighbor
import VRRP

/// What an Active router must see to while it has the addresses, or is getting them.
struct Service: Hashable, Sendable {
  var activity: Activity
  /// When to renew the lease; nil while there is none.
  var renewal: Instant?
  /// When to ask the peers next whether they are there.
  var rollCall: Instant
  var announcements = AnnouncementSchedule()
  var reinstatements = ReinstatementBudget()
  /// When to ask again for addresses that the kernel refused, and that the VIP can do without.
  var completion: Instant?
  /// The stranger with a claim that was last named.
  var stranger: MACAddress?
  var contest: Contest?
  var departure: Departure?
  /// The host has no address to send from, and may have one again in a moment.
  var lapse: Lapse?
  /// Whether a standby is known; nil until there was time to find out.
  var isProtected: Bool?

  /// Whether the VIP is offered to others.
  var isOffering: Bool { departure?.isOffered == true }

  /// The departure, once the VIP is offered.
  var offer: Departure? { isOffering ? departure : nil }
}

extension Instance {
  /// How long the kernel is left alone after it refused an address.
  static let retryDelay = Duration.seconds(1)
  /// Whoever takes the VIP and is refused it again and again takes it from others each time.
  private static let longestRetryPause = Duration.seconds(60)

  func service(_ activity: Activity, at now: Instant) -> Service {
    Service(activity: activity, renewal: nextRenewal(after: now), rollCall: now)
  }

  /// Asks for the addresses of the service that has begun.
  mutating func take(at now: Instant, _ actions: inout Actions) {
    holdings.take(servable)
    witnessTurn = WitnessTurn()
    actions.append(.add(servable))
    if !holdings.present.isEmpty { phase.service?.announcements.start(at: now) }
  }

  /// Gives up whatever addresses there are.
  mutating func letGo(_ actions: inout Actions) {
    guard holdings.wanted || !holdings.present.isEmpty else { return }
    holdings.drop(all)
    // Addresses go with their interface.
    if link != .absent { actions.append(.remove(all)) }
  }

  /// The configuration lists other addresses: those that remain stay as they are, whatever their index.
  mutating func readdress(from before: [IPNetwork], _ actions: inout Actions) {
    let moved = { [parameters] (set: AddressSet) in set.moved(from: before, to: parameters.addresses) }
    // Nothing tells any more what becomes of an address that is no longer configured.
    if moved(holdings.removing).count < holdings.removing.count { isResigning = false }
    // What is there with another prefix is replaced, whether it could be added anew or not.
    var replaced: AddressSet = []
    for (index, network) in parameters.addresses.enumerated() {
      let old = before.firstIndex { $0.address == network.address }
      if let old, holdings.present.contains(AddressSet(index: old)) {
        replaced.insert(AddressSet(index: index))
      }
    }
    holdings.readdress(servable: servable.union(replaced), moved)
    if let found = phase.resumption?.found { phase.resumption?.found = moved(found) }
    phase.service?.reinstatements = ReinstatementBudget()
    witnessTurn.readdress(moved)
    if !holdings.adding.isEmpty { actions.append(.add(holdings.adding)) }
  }

  /// The host has an address of its own in another family, or in one less: of the VIP's it is asked for what can be
  /// served now.
  mutating func followServable(_ actions: inout Actions) {
    let new = holdings.follow(servable: servable)
    if !new.isEmpty { actions.append(.add(new)) }
  }

  mutating func complete(_ actions: inout Actions) {
    phase.service?.completion = nil
    followServable(&actions)
  }

  // MARK: Lease

  /// Every quarter of it; or a moment later, so that an Advertisement may come first: see `slack`.
  private func nextRenewal(after now: Instant) -> Instant? { parameters.lease.map { now + $0 * 17 / 64 } }

  mutating func renew(at now: Instant, _ actions: inout Actions) {
    // Those that were asked for may have been so with another lifetime.
    actions.append(.add(holdings.present.union(holdings.adding)))
    let next = nextRenewal(after: now)
    phase.service?.renewal = next
  }

  // MARK: The kernel's answers

  mutating func added(_ index: Int, at now: Instant, _ actions: inout Actions) {
    let isOwned = owns
    guard holdings.confirmAddition(index) else { return }
    phase.service?.announcements.start(with: AddressSet(index: index), parameters, at: now)
    announce(at: now, &actions)
    if holdings.adding.isEmpty { retryPause = Self.retryDelay }
    if owns && !isOwned { actions.append(.report(.owned)) }
  }

  mutating func addFailed(_ index: Int, _ errno: Int32, at now: Instant, _ actions: inout Actions) {
    guard holdings.wanted else { return }
    actions.append(.report(.addFailed(index: index, errno: errno)))
    // A refused renewal leaves the address where it is; if its lifetime ends, `vanished` follows.
    guard holdings.isMissing(index) else {
      phase.service?.renewal = now + Self.retryDelay
      return
    }
    let isRequired = parameters.required.contains(AddressSet(index: index))
    holdings.leaveOut(index)
    // The others of its family are asked for together with it.
    if !isRequired && phase.service?.completion != nil { return }
    let retry = now + retryPause
    retryPause = min(retryPause * 2, Self.longestRetryPause)
    // Without it, the others are served all the same.
    guard isRequired else {
      phase.service?.completion = retry
      return
    }
    elect(.shutdown, at: now, &actions)
    phase = .initialize(.refused(retry: retry))
  }

  /// An address that stays although it was given up is a second owner's: asked for again until it goes.
  mutating func removeFailed(_ index: Int, _ errno: Int32, at now: Instant, _ actions: inout Actions) {
    guard !holdings.wanted else { return holdings.confirmRemoval(index) }
    if holdings.refuseRemoval(at: now) {
      actions.append(.report(.removeFailed(index: index, errno: errno)))
    }
  }

  mutating func removeAgain(at now: Instant, _ actions: inout Actions) {
    holdings.askAgain(at: now)
    actions.append(.remove(holdings.removing))
  }

  mutating func vanished(_ index: Int, at now: Instant, _ actions: inout Actions) {
    // What an earlier run left may go before it is taken over.
    phase.resumption?.found.remove(AddressSet(index: index))
    guard holdings.noticeLoss(index, servable: servable) else { return }
    phase.service?.reinstatements.request(AddressSet(index: index))
    reinstate(at: now, &actions)
  }

  mutating func reinstate(at now: Instant, _ actions: inout Actions) {
    guard let due = phase.service?.reinstatements.take(at: now), !due.isEmpty else { return }
    actions.append(.add(due))
    actions.append(.report(.reinstated(due)))
  }

  // MARK: Announcements

  mutating func announce(at now: Instant, _ actions: inout Actions) {
    if let due = phase.service?.announcements.take(of: holdings.present, parameters, at: now) {
      actions.append(.announce(due.addresses, due.form))
    }
  }

  /// Neighbours may have believed a rival; whether they are told again now.
  mutating func contradictRival(at now: Instant) -> Bool {
    phase.service?.announcements.contradictRival(at: now) ?? false
  }
}
