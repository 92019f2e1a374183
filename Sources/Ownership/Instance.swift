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
  /// Every router that was seen, at most 16.
  public var peers: [Peer] { routers.all }
  /// Routers that were there during the last three seconds, and so could take over.
  public func standbys(at now: Instant) -> [Peer] { routers.standbys(at: now) }
  /// When to call `handle(.timer)`; nil for not at all.
  public internal(set) var deadline: Instant?
  /// The addresses that the kernel confirmed.
  public var present: AddressSet { holdings.present }
  /// The Active router that this Backup router listens to.
  public var following: IPAddress? { phase.backup?.active?.address }
  /// What is known of that router.
  public var followedPeer: Peer? {
    following.flatMap { address in routers.all.first { $0.address == address } }
  }
  /// Why this Backup router leaves the VIP alone although it hears no Active router.
  public var hold: Hold? { phase.backup?.held?.reason }
  /// Until when the next run may go on where this one ends: the fastest Backup router waits for three of the intervals
  /// that were advertised last, and the next run may have another one. Nil if this router is not Active, or offered the
  /// VIP to others.
  public private(set) var resumableUntil: Instant?
  /// Whether an earlier run left addresses here, and this one listens whether another router has taken over.
  public var isResuming: Bool { hold == nil && phase.resumption.map { !$0.found.isEmpty } ?? false }
  /// Whether the kernel refused an address, and is left alone for a while.
  public var isRefused: Bool { if case .initialize(.refused) = phase { true } else { false } }
  /// Whether the kernel has yet to confirm that addresses are gone.
  public var isRemoving: Bool { !holdings.removing.isEmpty }
  /// Whether this host's kernel has all addresses that are required.
  public var owns: Bool { holdings.present.isSuperset(of: parameters.required) }
  /// How to speak to the others: as they do, where configuration does not say otherwise.
  public var dialect: Dialect {
    Dialect(
      checksum: parameters.checksum ?? heardDialect.checksum,
      listsDerivedAddress: heardDialect.listsDerivedAddress)
  }
  /// The station that answers for the VIP, as far as a router found out that does not have it.
  public var witnessed: MACAddress? {
    guard let witness = phase.witness, witness.isAnswered else { return nil }
    return witness.owner
  }
  /// Whether this Backup router hears an Active one, and asks in vain for the VIP.
  public var isUnanswered: Bool { phase.backup?.isUnanswered ?? false }
  /// The standbys that hear this Active router, and ask in vain for its VIP.
  public func unreached(at now: Instant) -> [Peer] {
    guard owns, case .serving = phase else { return [] }
    return routers.all.filter { $0.isThere(at: now) && !$0.isAnswered }
  }
  /// Whether this host must not own the VIP.
  public internal(set) var isBarred = false

  var phase = Phase.initialize(.idle)
  var holdings = Holdings()
  var routers = Peers()
  var isolation = Isolation()
  var witnessTurn = WitnessTurn()
  var proxies = Proxies()
  var reach = Reach()
  var answerers = Answerers()
  /// How long the kernel is left alone when it refuses an address next.
  var retryPause = Instance.retryDelay
  /// How the router that was last heard speaks.
  var heardDialect = Dialect.standard
  /// Whether this router gave the VIP up without knowing a successor, and invites one when the kernel has confirmed
  /// that the addresses are gone. Void when a router becomes Active before that, this one or another, or when the
  /// confirmation cannot come any more.
  var isResigning = false
  /// Whether somebody asked for a handover and has no answer yet. Then a departure is under way.
  var isHandoverAsked = false
  /// Whether the instance was told to stop.
  public internal(set) var isStopping = false
  var ownSourceReported = false

  /// An instance that waits for its first link event.
  public init(_ parameters: Parameters) {
    self.parameters = parameters
    election = Election(parameters.election(primary: .any(parameters.family)))
    isolation.follow(parameters.references)
  }

  /// Advances the instance; what it wants done.
  public mutating func handle(_ event: Event, at now: Instant) -> Actions {
    var actions = Actions()
    handle(event, at: now, &actions)
    return actions
  }

  /// Advances the instance; what it wants done replaces what `actions` held.
  public mutating func handle(_ event: Event, at now: Instant, _ actions: inout Actions) {
    actions.removeAll()
    stepDownIfLate(at: now, &actions)
    take(event, at: now, &actions)
    considerLapse(at: now, &actions)
    let isTimer = if case .timer = event { true } else { false }
    if election.state == .backup { considerTakeover(isTimer: isTimer, at: now, &actions) }
    if election.state == .active {
      considerDeparture(at: now, &actions)
      considerStandingBack(at: now, &actions)
      considerClaim(at: now, &actions)
    }
    considerStopping(at: now, &actions)
    considerResignation(at: now, &actions)
    question(at: now, &actions)
    tryForProxy(at: now, &actions)
    if isHandoverAsked && phase.service?.departure == nil { endHandover(.refused(.interrupted), &actions) }
    if isStopping, case .initialize(.stopped) = phase, holdings.isSettled { actions.append(.exit) }
    noteDeadline()
    noteSilence()
    assert(phase.state == election.state)
  }

  private mutating func take(_ event: Event, at now: Instant, _ actions: inout Actions) {
    switch event {
    case .resume(let found, let end):
      guard case .initialize(.idle) = phase else { return }
      phase = .initialize(.found(Resumption(found: found, end: end)))
    case .link(let condition): linkChanged(to: condition, at: now, &actions)
    case .advertisement(let received): hear(received, at: now, &actions)
    case .neighbor(let packet): hear(packet, at: now, &actions)
    case .frame(let station):
      isolation.rest?.frames += 1
      hearFrame(from: station, at: now)
    case .timer: runTimers(at: now, &actions)
    case .added(let index): added(index, at: now, &actions)
    case .addFailed(let index, let errno): addFailed(index, errno, at: now, &actions)
    case .removed(let index): holdings.confirmRemoval(index)
    case .removeFailed(let index, let errno): removeFailed(index, errno, at: now, &actions)
    case .vanished(let index): vanished(index, at: now, &actions)
    case .unannounced(let addresses, let form):
      phase.service?.announcements.postpone(addresses, form, at: now)
    case .reconfigure(let changed): reconfigure(changed, at: now, &actions)
    case .handover: handOver(at: now, &actions)
    case .standBack(let isBarred): bar(isBarred, at: now)
    case .stop: stop(at: now, &actions)
    }
  }

  private mutating func noteSilence() {
    guard election.state == .active else {
      resumableUntil = nil
      return
    }
    switch phase {
    case .initialize, .backup: break
    case .claiming(let claim): resumableUntil = claim.activity.end
    case .serving(let service):
      resumableUntil = service.isOffering ? nil : service.activity.end
    }
  }

  /// How this host is known on the link; nil while that cannot carry the VIP.
  public var identity: Identity? {
    if case .ready(let identity) = link { identity } else { nil }
  }

  var all: AddressSet { .all(parameters.addresses.count) }

  /// The addresses of the families in which this host has an address of its own; all where all are required.
  var servable: AddressSet {
    guard parameters.requiredFamily != nil, let identity = identity ?? phase.service?.lapse?.identity else {
      return all
    }
    return parameters.indices { identity.address($0) != nil }
  }

  private mutating func reconfigure(_ changed: Parameters, at now: Instant, _ actions: inout Actions) {
    precondition(changed.family == parameters.family)
    let leaseChanged = changed.lease != parameters.lease
    let before = parameters.addresses
    parameters = changed
    if changed.addresses != before { readdress(from: before, &actions) }
    followServable(&actions)
    isolation.follow(changed.references)
    election.reconfigure(changed.election(primary: election.parameters.primary), at: now)
    // At once, so that the addresses have the new lifetime before the old renewal would be due.
    if leaseChanged { phase.service?.renewal = now }
  }
}
