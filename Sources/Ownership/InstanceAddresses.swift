import Internet
import VRRP

/// What an earlier run left behind.
struct Resumption: Hashable, Sendable {
  /// The addresses that it left on the interface.
  let found: AddressSet
  /// When it last advertised; nil if that is not known.
  let lastAdvertised: Instant?
}

extension Instance {
  /// How long the kernel is left alone after it refused an address.
  static let retryDelay = Duration.seconds(1)

  /// How long the kernel is left alone after it refused to remove an address.
  static let removalPause = Duration.milliseconds(100)

  mutating func take(at now: Instant, _ actions: inout Actions) {
    claim = nil
    resumption = nil
    conflict = nil
    holdings.take(all)
    actions.append(.add(all))
    renewal = nextRenewal(after: now)
    rollCall = now
    if !holdings.present.isEmpty { announcements.start(at: now) }
  }

  mutating func letGo(_ actions: inout Actions) {
    claim = nil
    contest = nil
    resumption = nil
    renewal = nil
    rollCall = nil
    isProtected = nil
    awaited = nil
    otherFamilyRival = nil
    lastAdvertised = nil
    announcements.stop()
    reinstatements = ReinstatementBudget()
    removal = nil
    guard holdings.wanted || !holdings.present.isEmpty else { return }
    holdings.drop(all)
    // Addresses go with their interface.
    if link != .absent { actions.append(.remove(all)) }
  }

  /// The configuration lists other addresses: those that remain stay as they are, whatever their index.
  mutating func readdress(from before: [IPAddress], _ actions: inout Actions) {
    let moved = { [parameters] (set: AddressSet) in set.moved(from: before, to: parameters.addresses) }
    holdings.readdress(all: all, moved)
    resumption = resumption.map { Resumption(found: moved($0.found), lastAdvertised: $0.lastAdvertised) }
    reinstatements = ReinstatementBudget()
    witnessTurn = 0
    if !holdings.adding.isEmpty { actions.append(.add(holdings.adding)) }
  }

  // MARK: Link

  mutating func linkChanged(to condition: LinkCondition, at now: Instant, _ actions: inout Actions) {
    guard condition != link else { return }
    link = condition
    guard case .ready(let identity) = condition, let primary = identity.address(parameters.family) else {
      actions.append(.report(.linkUnusable(condition)))
      retry = nil
      departure = nil
      elect(.shutdown, at: now, &actions)
      // An interface that comes up later is no place to resume.
      if let found = resumption?.found {
        holdings.adopt(found)
        letGo(&actions)
      }
      if condition == .absent { holdings.lose() }
      return
    }
    election.reconfigure(parameters.election(primary: primary), at: now)
    startUpIfPossible(at: now, &actions)
  }

  mutating func startUpIfPossible(at now: Instant, _ actions: inout Actions) {
    guard case .ready = link, election.state == .initialize, retry == nil, !isStopping else { return }
    guard let resumption else {
      // RFC 9568 §6.4.1 has an address owner become Active at once; it too asks first whether it is alone.
      let asksFirst = parameters.priority == 255 && (parameters.witness != .off || isBarred)
      return elect(asksFirst ? .listen(parameters.interval.duration) : .startup, at: now, &actions)
    }
    holdings.adopt(resumption.found)
    let silence = resumption.lastAdvertised.map { now - $0 }
    if !parameters.checksResumption || silence.map({ $0 <= parameters.interval.duration * 3 }) == true {
      // Nobody can have taken over: the fastest Backup router waits three intervals.
      elect(.resume, at: now, &actions)
    } else {
      elect(.listen(parameters.interval.duration), at: now, &actions)
    }
  }

  /// Somebody else claims the VIP that an earlier run left here: it goes before anything else.
  mutating func abandonResumption(at now: Instant, _ actions: inout Actions) {
    guard resumption != nil, election.state == .backup else { return }
    letGo(&actions)
    elect(.late, at: now, &actions)
  }

  // MARK: Lease

  private func nextRenewal(after now: Instant) -> Instant? { parameters.lease.map { now + $0 / 4 } }

  mutating func renew(at now: Instant, _ actions: inout Actions) {
    actions.append(.add(holdings.present))
    renewal = nextRenewal(after: now)
  }

  // MARK: The kernel's answers

  mutating func added(_ index: Int, at now: Instant, _ actions: inout Actions) {
    guard holdings.confirmAddition(index) else { return }
    announcements.start(at: now)
    _ = announcements.isDue(
      at: now, repeat: parameters.announcementRepeat, refresh: parameters.announcementRefresh)
    actions.append(.announce(AddressSet(index: index)))
    if owns { actions.append(.report(.owned)) }
  }

  mutating func addFailed(_ index: Int, _ errno: Int32, at now: Instant, _ actions: inout Actions) {
    guard holdings.wanted else { return }
    actions.append(.report(.addFailed(index: index, errno: errno)))
    // A refused renewal leaves the address where it is; if its lifetime ends, `vanished` follows.
    guard holdings.isMissing(index) else { return }
    retry = now + Self.retryDelay
    departure = nil
    elect(.shutdown, at: now, &actions)
  }

  /// An address that stays although it was given up is a second owner's: asked for again until it goes.
  mutating func removeFailed(_ index: Int, _ errno: Int32, at now: Instant, _ actions: inout Actions) {
    guard !holdings.wanted else { return holdings.confirmRemoval(index) }
    if removal == nil { actions.append(.report(.removeFailed(index: index, errno: errno))) }
    removal = removal ?? now + Self.removalPause
  }

  mutating func removeAgain(at now: Instant, _ actions: inout Actions) {
    removal = now + Self.removalPause
    actions.append(.remove(holdings.removing))
  }

  mutating func vanished(_ index: Int, at now: Instant, _ actions: inout Actions) {
    guard holdings.noticeLoss(index) else { return }
    reinstatements.request(AddressSet(index: index))
    reinstate(at: now, &actions)
  }

  mutating func reinstate(at now: Instant, _ actions: inout Actions) {
    let due = reinstatements.take(at: now)
    guard !due.isEmpty else { return }
    actions.append(.add(due))
    actions.append(.report(.reinstated(due)))
  }
}
