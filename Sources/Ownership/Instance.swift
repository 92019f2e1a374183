public import Internet
import Neighbor
public import VRRP

/// One VIP on one host: the election, the addresses in the kernel, their announcement, and what ARP says
/// about all of that.
///
/// Pure: every decision is a function of the events so far. Whoever drives it delivers events, calls
/// `handle(.timer)` when `deadline` has come, and carries out the actions in order.
public struct Instance: Sendable {
  /// Effective configuration.
  public internal(set) var parameters: Parameters
  /// The election; its `state` is the instance's.
  public internal(set) var election: Election
  /// Why the state is what it is; nil until the first link event.
  public internal(set) var cause: Election.Cause?
  /// When the state began; nil until the first link event.
  public internal(set) var since: Instant?
  /// What netlink last told; nil until it did.
  public internal(set) var link: LinkCondition?
  /// The Active router that this Backup router listens to.
  public internal(set) var following: IPAddress?
  /// Why this Backup router leaves the VIP alone although it hears no Active router.
  public internal(set) var hold: Hold?
  /// Every router that was seen, at most 16.
  public var peers: [Peer] { routers.all }
  /// Routers that were there during the last three seconds, and so could take over.
  public func standbys(at now: Instant) -> [Peer] { routers.standbys(at: now) }
  /// The addresses that the kernel confirmed.
  public var present: AddressSet { holdings.present }
  /// When this router last said that it is Active, for its next run to know how long it was silent; nil if it is
  /// not, or offered the VIP to others.
  public var resumesAfter: Instant? { departure == nil ? lastAdvertised : nil }
  /// Whether the kernel has yet to confirm that addresses are gone.
  public var isRemoving: Bool { !holdings.removing.isEmpty }
  /// Whether this host's kernel has all addresses.
  public var owns: Bool { holdings.present == all }
  /// How to speak to the others: as they do, where configuration does not say otherwise.
  public var dialect: Dialect {
    Dialect(
      checksum: parameters.checksum ?? heardDialect.checksum,
      listsDerivedAddress: heardDialect.listsDerivedAddress)
  }
  /// Who answers for the VIP, as far as a Backup router found out.
  public var witnessed: MACAddress? { witness.isAnswered ? witness.owner : nil }

  var holdings = Holdings()
  var routers = Peers()
  var announcements = AnnouncementSchedule()
  var reinstatements = ReinstatementBudget()
  var witness = Witness()
  var isolation = Isolation()
  /// Which of the addresses the witness is asked for next.
  var witnessTurn = 0
  /// An Active router that has claimed the VIP and waits for the one it preempts to let go.
  var claim: Claim?
  /// An Active router that has offered the VIP and waits for a successor.
  var departure: Departure?
  var resumption: Resumption?
  /// When this router last advertised as Active router; nil if it is none.
  var lastAdvertised: Instant?
  /// When the Active router that is followed was last heard.
  var heartbeat: Instant?
  var isHeartbeatLate = false
  /// When to renew the lease; nil while there is none.
  var renewal: Instant?
  /// When to try again after the kernel refused the addresses.
  var retry: Instant?
  /// When to ask again for a removal that the kernel refused.
  var removal: Instant?
  /// When an Active router asks next whether its peers are there.
  var rollCall: Instant?
  /// Whether the owner knows a standby; nil until it had the time to find out.
  var isProtected: Bool?
  /// Whether this host must not own the VIP.
  public internal(set) var isBarred = false
  var awaited: AwaitedSuccessor?
  /// A better Active router that is heard in the family that does not elect.
  var otherFamilyRival: OtherFamilyRival?
  /// How the router that was last heard speaks.
  var heardDialect = Dialect.standard
  /// Whether the instance takes part no more.
  var isStopping = false
  /// When to give up waiting for the kernel to confirm the last removal.
  var stopDeadline: Instant?
  /// Since when nothing keeps a Backup router that held any more; the timer decides what follows from that.
  var holdEnded: Instant?
  var ownSourceReported = false
  /// The stranger that was last named.
  var conflict: MACAddress?
  var contest: Contest?

  /// An instance that waits for its first link event.
  public init(_ parameters: Parameters) {
    self.parameters = parameters
    election = Election(parameters.election(primary: .any(parameters.family)))
    isolation.gateway = parameters.gateway
  }

  /// When to call `handle(.timer)`; nil for not at all.
  public var deadline: Instant? {
    earliest([
      electionDeadline, heartbeatDeadline, renewal, retry, stopDeadline, announcements.deadline,
      reinstatements.deadline, witness.deadline, isolationDeadline, rollCall, claim?.deadline,
      departure?.deadline, contest?.deadline, removalDeadline, awaited?.deadline,
    ])
  }

  /// Advances the instance.
  public mutating func handle(_ event: Event, at now: Instant) -> Actions {
    var actions = Actions()
    stepDownIfLate(at: now, &actions)
    switch event {
    case .resume(let found, let lastAdvertised):
      resumption = Resumption(found: found, lastAdvertised: lastAdvertised)
    case .link(let condition): linkChanged(to: condition, at: now, &actions)
    case .advertisement(let received): hear(received, at: now, &actions)
    case .neighbor(let packet): hear(packet, at: now, &actions)
    case .frame(let station): hearFrame(from: station, at: now)
    case .timer: runTimers(at: now, &actions)
    case .added(let index): added(index, at: now, &actions)
    case .addFailed(let index, let errno): addFailed(index, errno, at: now, &actions)
    case .removed(let index): holdings.confirmRemoval(index)
    case .removeFailed(let index, let errno): removeFailed(index, errno, at: now, &actions)
    case .vanished(let index): vanished(index, at: now, &actions)
    case .reconfigure(let changed): reconfigure(changed, at: now, &actions)
    case .handover: depart(.yielding, at: now, &actions)
    case .standBack(let isBarred): bar(isBarred, at: now)
    case .stop: stop(at: now, &actions)
    }
    considerTakeover(after: event, at: now, &actions)
    considerDeparture(at: now, &actions)
    considerStandingBack(at: now, &actions)
    considerClaim(at: now, &actions)
    question(at: now, &actions)
    if isStopping && departure == nil && holdings.isSettled { actions.append(.exit) }
    return actions
  }

  /// How this host is known on the link; nil while that cannot carry the VIP.
  var identity: Identity? {
    if case .ready(let identity) = link { identity } else { nil }
  }

  var all: AddressSet { .all(parameters.addresses.count) }

  /// Without deadlines that something else decides: a takeover on hold waits for ARP, and a departing router
  /// no longer advertises.
  private var electionDeadline: Instant? {
    if departure != nil { return nil }
    return hold == nil ? election.deadline : holdEnded
  }

  private var removalDeadline: Instant? { holdings.wanted || holdings.removing.isEmpty ? nil : removal }

  private var heartbeatDeadline: Instant? {
    guard election.state == .backup, !isHeartbeatLate, let heartbeat else { return nil }
    return heartbeat + lateAfter
  }

  /// How long after an Advertisement the next one is late: half an interval more than it should be.
  var lateAfter: Duration { election.activeInterval.duration * 3 / 2 }

  private mutating func runTimers(at now: Instant, _ actions: inout Actions) {
    if let due = stopDeadline, due <= now {
      // The kernel does not answer; the lease ends what is left.
      stopDeadline = nil
      holdings.lose()
      return
    }
    if let due = heartbeatDeadline, due <= now { isHeartbeatLate = true }
    if election.state == .active, let due = electionDeadline, due <= now {
      elect(.timer, at: now, &actions)
    }
    if let due = departure?.deadline, due <= now { departureIsDue(at: now, &actions) }
    if let due = contest?.deadline, due <= now { contestIsDue(at: now, &actions) }
    if let due = isolationDeadline, due <= now { leaveIfCutOff(at: now, &actions) }
    if let due = removalDeadline, due <= now { removeAgain(at: now, &actions) }
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

  private mutating func reconfigure(_ changed: Parameters, at now: Instant, _ actions: inout Actions) {
    precondition(changed.family == parameters.family)
    let leaseChanged = changed.lease != parameters.lease
    let before = parameters.addresses
    parameters = changed
    if changed.addresses != before { readdress(from: before, &actions) }
    isolation.gateway = changed.gateway
    election.reconfigure(changed.election(primary: election.parameters.primary), at: now)
    // At once, so that the addresses have the new lifetime before the old renewal would be due.
    if leaseChanged && holdings.wanted { renewal = now }
  }
}

/// The first of those that are set.
func earliest(_ deadlines: [Instant?]) -> Instant? { deadlines.lazy.compactMap { $0 }.min() }
