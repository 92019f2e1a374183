public import Internet
public import VRRP

/// One VIP on one host: the election, the addresses in the kernel and their announcement.
///
/// Pure: every decision is a function of the events so far. Whoever drives it delivers events, calls
/// `handle(.timer)` when `deadline` has come, and carries out the actions in order.
public struct Instance: Sendable {
  /// Effective configuration.
  public private(set) var parameters: Parameters
  /// The election; its `state` is the instance's.
  public private(set) var election: Election
  /// Why the state is what it is; nil until the first link event.
  public private(set) var cause: Election.Cause?
  /// When the state began; nil until the first link event.
  public private(set) var since: Instant?
  /// What netlink last told; nil until it did.
  public private(set) var link: LinkCondition?
  /// The Active router that this Backup router listens to.
  public private(set) var following: IPv4Address?
  /// Every router that was heard, at most 16.
  public var peers: [Peer] { heard.all }
  /// The addresses that the kernel confirmed.
  public var present: AddressSet { holdings.present }
  /// Whether this host's kernel has all addresses.
  public var owns: Bool { holdings.present == all }

  private var holdings = Holdings()
  private var heard = Peers()
  private var announcements = AnnouncementSchedule()
  private var reinstatements = ReinstatementBudget()
  private var lastAdvertised: Instant?
  /// When to renew the lease; nil while there is none.
  private var renewal: Instant?
  /// When to try again after the kernel refused the addresses.
  private var retry: Instant?
  /// When to give up waiting for the kernel to confirm the last removal; set once stopping.
  private var stopDeadline: Instant?
  private var ownSourceReported = false

  /// How long the kernel is left alone after it refused an address.
  static let retryDelay = Duration.seconds(1)
  /// How long the kernel may take to confirm removals before the process exits without.
  static let stopTimeout = Duration.seconds(1)

  /// An instance that waits for its first link event.
  public init(_ parameters: Parameters) {
    self.parameters = parameters
    election = Election(parameters.election(primary: .any))
  }

  /// When to call `handle(.timer)`; nil for not at all.
  public var deadline: Instant? {
    var earliest = election.deadline
    for other in [renewal, retry, stopDeadline, announcements.deadline, reinstatements.deadline] {
      if let other { earliest = min(earliest ?? other, other) }
    }
    return earliest
  }

  /// Advances the instance.
  public mutating func handle(_ event: Event, at now: Instant) -> Actions {
    var actions = Actions()
    stepDownIfLate(at: now, &actions)
    switch event {
    case .found(let leftover): dropLeftover(leftover, &actions)
    case .link(let condition): linkChanged(to: condition, at: now, &actions)
    case .advertisement(let received): hear(received, at: now, &actions)
    case .timer: runTimers(at: now, &actions)
    case .added(let index): added(index, at: now, &actions)
    case .addFailed(let index, let errno): addFailed(index, errno, at: now, &actions)
    case .removed(let index): holdings.confirmRemoval(index)
    case .removeFailed(let index, let errno): removeFailed(index, errno, &actions)
    case .vanished(let index): vanished(index, at: now, &actions)
    case .reconfigure(let changed): reconfigure(changed, at: now)
    case .stop: stop(at: now, &actions)
    }
    if stopDeadline != nil && holdings.isSettled { actions.append(.exit) }
    return actions
  }

  private var all: AddressSet { .all(parameters.addressCount) }

  // MARK: Timers

  /// A loop that slept (a paused machine, a stopped process, a starved CPU) may have slept through a
  /// takeover: it must let go before it sends anything. The fastest possible Backup router waits three
  /// intervals.
  private mutating func stepDownIfLate(at now: Instant, _ actions: inout Actions) {
    guard election.state == .active, let lastAdvertised else { return }
    let silence = now - lastAdvertised
    guard silence > parameters.interval.duration * 3 else { return }
    actions.append(.report(.late(by: silence - parameters.interval.duration)))
    elect(.late, at: now, &actions)
  }

  /// A Backup router that slept through its timer heard nobody because it was not listening.
  private func timerEvent(_ due: Instant, at now: Instant) -> Election.Event {
    let wasAsleep = election.state == .backup && now - due > election.activeInterval.duration
    return wasAsleep ? .late : .timer
  }

  private mutating func runTimers(at now: Instant, _ actions: inout Actions) {
    if let due = stopDeadline, due <= now {
      stopDeadline = nil
      actions.append(.exit)
      return
    }
    if let due = election.deadline, due <= now { elect(timerEvent(due, at: now), at: now, &actions) }
    if let due = renewal, due <= now { renew(at: now, &actions) }
    if let due = reinstatements.deadline, due <= now { reinstate(at: now, &actions) }
    let isDue = announcements.isDue(
      at: now, repeat: parameters.announcementRepeat, refresh: parameters.announcementRefresh)
    if isDue && !holdings.present.isEmpty { actions.append(.announce(holdings.present)) }
    if let due = retry, due <= now {
      retry = nil
      startUpIfPossible(at: now, &actions)
    }
  }

  // MARK: Election

  private mutating func elect(_ event: Election.Event, at now: Instant, _ actions: inout Actions) {
    let before = election.state
    let outcome = election.handle(event, at: now)
    if let cause = outcome.transition { note(cause, at: now, &actions) }
    // Let go before the resignation invites somebody else: netlink removes while it is being asked.
    if before == .active && election.state != .active { letGo(&actions) }
    if let priority = outcome.advertise { advertise(priority, at: now, &actions) }
    if before != .active && election.state == .active { takeOver(at: now, &actions) }
    if let rival = outcome.beat, announcements.contradictRival(at: now) {
      actions.append(.report(.beat(rival)))
    }
  }

  private mutating func note(_ cause: Election.Cause, at now: Instant, _ actions: inout Actions) {
    self.cause = cause
    since = now
    following = nil
    if case .better(let sender, _) = cause { following = sender }
    actions.append(.report(.transition(election.state, cause)))
  }

  private mutating func advertise(_ priority: UInt8, at now: Instant, _ actions: inout Actions) {
    // A link without carrier or address cannot carry a resignation.
    guard case .ready = link else { return }
    if priority != 0 { lastAdvertised = now }
    actions.append(.advertise(priority: priority))
  }

  private mutating func hear(
    _ received: ReceivedAdvertisement, at now: Instant, _ actions: inout Actions
  ) {
    guard received.sender != election.parameters.primary else {
      if !ownSourceReported { actions.append(.report(.ownSource)) }
      ownSourceReported = true
      return
    }
    let news = heard.hear(received, ownInterval: parameters.interval, at: now)
    let advertisement = received.advertisement
    if news.addressesDiffer { actions.append(.report(.addressesDiffer(received.sender))) }
    if news.intervalDiffers {
      actions.append(.report(.intervalDiffers(received.sender, advertisement.interval)))
    }
    elect(.advertisement(advertisement, from: received.sender), at: now, &actions)
    if election.state == .backup && advertisement.priority != 0 && following != received.sender {
      following = received.sender
      actions.append(.report(.following(received.sender, priority: advertisement.priority)))
    }
  }

  // MARK: Link

  private mutating func linkChanged(
    to condition: LinkCondition, at now: Instant, _ actions: inout Actions
  ) {
    guard condition != link else { return }
    link = condition
    guard case .ready(let primary) = condition else {
      actions.append(.report(.linkUnusable(condition)))
      retry = nil
      elect(.shutdown, at: now, &actions)
      if condition == .absent { holdings.lose() }
      return
    }
    election.reconfigure(parameters.election(primary: primary), at: now)
    startUpIfPossible(at: now, &actions)
  }

  private mutating func startUpIfPossible(at now: Instant, _ actions: inout Actions) {
    guard case .ready = link, retry == nil, stopDeadline == nil else { return }
    elect(.startup, at: now, &actions)
  }

  // MARK: Addresses

  private mutating func takeOver(at now: Instant, _ actions: inout Actions) {
    holdings.take(all)
    actions.append(.add(all))
    renewal = nextRenewal(after: now)
  }

  private mutating func letGo(_ actions: inout Actions) {
    renewal = nil
    lastAdvertised = nil
    announcements.stop()
    reinstatements = ReinstatementBudget()
    holdings.drop(all)
    // Addresses go with their interface.
    if link != .absent { actions.append(.remove(all)) }
  }

  private mutating func dropLeftover(_ leftover: AddressSet, _ actions: inout Actions) {
    holdings.drop(leftover)
    actions.append(.remove(leftover))
  }

  private func nextRenewal(after now: Instant) -> Instant? { parameters.lease.map { now + $0 / 4 } }

  private mutating func renew(at now: Instant, _ actions: inout Actions) {
    actions.append(.add(holdings.present))
    renewal = nextRenewal(after: now)
  }

  private mutating func added(_ index: Int, at now: Instant, _ actions: inout Actions) {
    guard holdings.confirmAddition(index) else { return }
    announcements.start(at: now)
    _ = announcements.isDue(
      at: now, repeat: parameters.announcementRepeat, refresh: parameters.announcementRefresh)
    actions.append(.announce(AddressSet(index: index)))
    if owns { actions.append(.report(.owned)) }
  }

  private mutating func addFailed(
    _ index: Int, _ errno: Int32, at now: Instant, _ actions: inout Actions
  ) {
    guard holdings.wanted else { return }
    actions.append(.report(.addFailed(index: index, errno: errno)))
    // A refused renewal leaves the address where it is; if its lifetime ends, `vanished` follows.
    guard holdings.isMissing(index) else { return }
    retry = now + Self.retryDelay
    elect(.shutdown, at: now, &actions)
  }

  private mutating func removeFailed(_ index: Int, _ errno: Int32, _ actions: inout Actions) {
    holdings.confirmRemoval(index)
    actions.append(.report(.removeFailed(index: index, errno: errno)))
  }

  private mutating func vanished(_ index: Int, at now: Instant, _ actions: inout Actions) {
    guard holdings.noticeLoss(index) else { return }
    reinstatements.request(AddressSet(index: index), at: now)
    reinstate(at: now, &actions)
  }

  private mutating func reinstate(at now: Instant, _ actions: inout Actions) {
    let due = reinstatements.take(at: now)
    guard !due.isEmpty else { return }
    actions.append(.add(due))
    actions.append(.report(.reinstated(due)))
  }

  // MARK: Operator

  private mutating func reconfigure(_ changed: Parameters, at now: Instant) {
    precondition(changed.addressCount == parameters.addressCount)
    let leaseChanged = changed.lease != parameters.lease
    parameters = changed
    election.reconfigure(changed.election(primary: election.parameters.primary), at: now)
    // At once, so that the addresses have the new lifetime before the old renewal would be due.
    if leaseChanged && holdings.wanted { renewal = now }
  }

  private mutating func stop(at now: Instant, _ actions: inout Actions) {
    guard stopDeadline == nil else { return }
    stopDeadline = now + Self.stopTimeout
    retry = nil
    elect(.shutdown, at: now, &actions)
  }
}
