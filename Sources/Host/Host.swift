public import Configuration
public import Internet
import Netlink
public import Ownership
import VRRP

/// One instance on one host: what stands between the core, which decides who owns the VIP, and a kernel, a network,
/// a service manager and an operator.
///
/// Pure: every decision is a function of the inputs so far. Whoever drives it hands in inputs, among them `.timer` when
/// `deadline` has come, and carries out the effects in order.
///
/// Four rules. Surroundings are followed, never read once: what netlink tells is kept in `view`. A request that failed
/// stays wanted: what is wanted is compared with what the kernel has, and asked for again. What is said to the operator
/// is computed from what the kernel has. And nothing here waits: a request is answered by a later input, or never.
public struct Host: Sendable {
  /// What an earlier run of the instance left for this one, and how this one is.
  public struct Memory: Hashable, Sendable {
    /// Until when nobody can have taken over from it; nil if it was not the Active router, or let go.
    public var resumableUntil: Instant?
    /// Whether the operator has this host stand back.
    public var isHeld: Bool
    /// Whether this run's process was to have realtime priority, and has none.
    public var lacksRealtime: Bool

    /// All three.
    public init(resumableUntil: Instant? = nil, isHeld: Bool = false, lacksRealtime: Bool = false) {
      self.resumableUntil = resumableUntil
      self.isHeld = isHeld
      self.lacksRealtime = lacksRealtime
    }
  }

  /// Who owns the VIP, as far as this host has a say.
  public internal(set) var core: Instance
  /// The effective settings.
  public internal(set) var settings: Settings
  /// When to hand in `.timer`; nil for not at all.
  public private(set) var deadline: Instant?

  let rules: Rules
  /// What the settings were completed from.
  var surroundings: Surroundings
  var memory = Memory()
  var phase = Phase.waiting
  var alarms = Alarms()
  /// What the kernel has, as far as netlink told.
  var view: KernelView
  /// What it was asked for.
  var pending = PendingRequests()
  var look = Look()
  /// What it need not tell.
  var newsFilter: NewsFilter?
  var isNewsFilterOutdated = false
  var sockets = Sockets()
  var addresses = VirtualAddresses()
  var carriers: Carriers
  var routes: VirtualRoutes
  var linkSettings = LinkSettings()
  var checks: Checks
  var group: Membership?
  var reload = Reload()
  /// Whether the operator has this host stand back.
  var isHeld = false
  /// Those who wait for the outcome of a handover.
  var handovers: [Caller] = []
  /// Told to stop before it was known what there is.
  var stopsAtOnce = false
  /// Those who wait until a hold, or its end, is written.
  var holds: [Caller] = []
  var chronicle = Chronicle()
  var discards = DiscardCounters()
  var told = Told()
  /// Where else this host has addresses of the VIP, as far as the operator was told.
  var copies: [Copy] = []
  var missingFamily: MissingFamily?
  /// Whether something that `follow` looks at may be another one than before.
  var hasChanged = false
  /// Events that carrying out actions gave rise to.
  private var events: [Event] = []
  private var isTelling = false
  /// What the core wants done; kept for its room.
  private var actions = Actions()

  /// How far the instance has come.
  enum Phase: Hashable, Sendable {
    /// The kernel has not said yet what there is.
    case waiting
    /// The instance is at work.
    case running
    /// The core has let go of everything; macvlans are being removed.
    case leaving
    /// The loop was told to end.
    case ended
  }

  /// An instance that has not begun, with `settings` as they were completed from `surroundings`. `rules` are for the
  /// simulator.
  public init(
    _ settings: Settings,
    from surroundings: Surroundings = Surroundings(links: [], defaultRouteLinkIndex: nil),
    rules: Rules = .all
  ) {
    self.settings = settings
    self.surroundings = surroundings
    self.rules = rules
    view = KernelView(settings)
    carriers = Carriers(settings)
    routes = VirtualRoutes(settings)
    checks = Checks(settings, assumedToPass: false)
    sockets.routers = settings.virtualRouters
    core = Instance(settings.parameters(defaultGateway: nil))
  }

  /// A core that has let go has nothing more to wait for.
  private mutating func noteDeadline() {
    let due = phase == .running ? core.deadline : nil
    guard phase != .ended, let first = alarms.first, let due else {
      deadline = phase == .ended ? nil : alarms.first ?? due
      return
    }
    deadline = min(first, due)
  }

  /// Begins; asks the kernel what there is before anything else.
  public mutating func start(_ memory: Memory, at now: Instant, into effects: inout Effects) {
    self.memory = memory
    isHeld = memory.isHeld
    effects.append(.notice(.started))
    if memory.lacksRealtime { effects.append(.notice(.realtimeMissing)) }
    joinGroup(at: now, into: &effects)
    lookAtEverything(at: now, into: &effects)
    noteDeadline()
  }

  /// Advances the instance.
  public mutating func handle(_ input: Input, at now: Instant, into effects: inout Effects) {
    guard phase != .ended else { return }
    switch input {
    case .change(let change): note(change, at: now, into: &effects)
    case .changesLost: changesWereLost(at: now, into: &effects)
    case .answer(let sequence, let answer): note(answer, to: sequence, at: now, into: &effects)
    case .sockets(let sequence, let refusal): socketsAnswered(sequence, refusal, at: now, into: &effects)
    case .advertisement(let received):
      chronicle.count(.advertisementsReceived)
      tell(.advertisement(received), at: now, into: &effects)
    case .discarded(let discard, let envelope):
      chronicle.count(.advertisementsReceived)
      if discards.count(discard) { effects.append(.notice(.discarded(discard, envelope))) }
    case .neighbor(let packet): tell(.neighbor(packet), at: now, into: &effects)
    case .frame(let station):
      if let awaited = sockets.awaited, awaited.attention != .resting { sockets.awaited = nil }
      sockets.hearing.succeeded()
      tell(.frame(from: station), at: now, into: &effects)
    case .unheard(let refusal): unheard(refusal, at: now, into: &effects)
    case .unannounced(let unsent, let form): announceLater(unsent, form, at: now, into: &effects)
    case .sendFailed(let kind, let refusal): sendFailed(kind, refusal, at: now, into: &effects)
    case .timer: runTimers(at: now, into: &effects)
    case .check(let check, let passed, let reason): note(check, passed, reason, into: &effects)
    case .unitsUnwatched(let why): effects.append(.notice(.unitsUnwatched(why)))
    case .group(let message): hear(message, isPoll: false, at: now, into: &effects)
    case .groupPoll(let message): hear(message, isPoll: true, at: now, into: &effects)
    case .groupLost(let name): loseMember(name, at: now, into: &effects)
    case .groupReachable: groupBecameReachable(into: &effects)
    case .written(let file, let succeeded): written(file, succeeded, at: now, into: &effects)
    case .handover(let caller): handOver(for: caller, at: now, into: &effects)
    case .hold(let isHeld, let caller): hold(isHeld, for: caller, at: now, into: &effects)
    // What the files mean depends on what there is.
    case .reload(let caller): reload.ask(for: caller, mayRead: phase != .waiting, into: &effects)
    case .files(let result): take(result, at: now, into: &effects)
    case .settings(let changed): take(changed, at: now, into: &effects)
    case .stop: stop(at: now, into: &effects)
    // Nobody would come after a run that was told to stop, and that one is about to end.
    case .restart: if !core.isStopping { end(0, into: &effects) }
    }
    follow(at: now, into: &effects)
    noteDeadline()
  }

  /// Makes the kernel, the sockets and the files follow what is decided, and the core what they have.
  private mutating func follow(at now: Instant, into effects: inout Effects) {
    guard phase == .running || phase == .leaving else { return }
    if hasChanged { told.isOutdated = true }
    // What one step finds another one may have to follow; nothing goes round for ever.
    for _ in 0..<8 where hasChanged && phase == .running {
      hasChanged = false
      routes.mayHaveChanged = true
      followChecks(into: &effects)
      followFamily(at: now, into: &effects)
      // First: the core must not speak of addresses by the index that they had before a reload.
      followParameters(at: now, into: &effects)
      followEligibility(at: now, into: &effects)
      followLink(at: now, into: &effects)
      followEvidence(at: now, into: &effects)
      followLinkSettings(at: now, into: &effects)
      followCarriers(at: now, into: &effects)
      removeDroppedCarriers(at: now, into: &effects)
      followAddresses(at: now, into: &effects)
      followCopies(into: &effects)
    }
    followRoutes(at: now, into: &effects)
    if phase == .leaving { leave(at: now, into: &effects) }
    tellGroup(at: now, into: &effects)
    remember(into: &effects)
    tellRole(into: &effects)
    tellStatus(at: now, into: &effects)
  }

  private mutating func runTimers(at now: Instant, into effects: inout Effects) {
    if isNewsFilterOutdated && pending.removals == 0 && pending.replacements == 0 {
      filterNews(into: &effects)
    }
    for alarm in Alarms.Name.allCases where alarms.take(alarm, at: now) {
      switch alarm {
      case .look: lookAgain(at: now, into: &effects)
      case .retry, .family: hasChanged = true
      case .files: writeAgain(into: &effects)
      case .name: nameIsGone()
      case .group: groupIsDue(at: now, into: &effects)
      case .status: break
      case .end: end(0, into: &effects)
      }
    }
    if let due = core.deadline, due <= now, phase == .running { tell(.timer, at: now, into: &effects) }
  }

  // MARK: The core

  /// Gives `event` to the core and does what it says, and so with every event that follows from that.
  mutating func tell(_ event: Event, at now: Instant, into effects: inout Effects) {
    guard !isTelling else { return events.append(event) }
    isTelling = true
    handOn(event, at: now, into: &effects)
    var next = 0
    while next < events.count {
      handOn(events[next], at: now, into: &effects)
      next += 1
    }
    if next > 0 { events.removeAll(keepingCapacity: true) }
    isTelling = false
  }

  private mutating func handOn(_ event: Event, at now: Instant, into effects: inout Effects) {
    core.handle(event, at: now, &actions)
    for index in 0..<actions.count { perform(actions[index], at: now, into: &effects) }
  }

  private mutating func perform(_ action: Action, at now: Instant, into effects: inout Effects) {
    // An index means the same address on both sides.
    precondition(core.parameters.addresses == settings.addresses)
    switch action {
    case .advertise(let priority, let interval):
      chronicle.count(.advertisementsSent)
      let advertisement = Advertisement(
        virtualRouterID: settings.virtualRouterID, priority: priority, interval: interval)
      effects.append(.advertise(advertisement, core.dialect, isOwner: core.owns))
    case .ask(let packet, let station): effects.append(.ask(packet, to: station))
    case .hearAnswers(let answerers): hear(answerers, into: &effects)
    case .listenForEvidence(let stations, let attention): listen(to: stations, attention, into: &effects)
    case .ignoreEvidence:
      sockets.awaited = nil
      sockets.hearing.succeeded()
      effects.append(.ignoreEvidence)
    case .add(let set): add(set, at: now, into: &effects)
    case .remove(let set): remove(set, at: now, into: &effects)
    case .announce(let set, let form): announce(set, form, at: now, into: &effects)
    case .report(let report): note(report, at: now, into: &effects)
    case .handoverEnded(let outcome): handoverEnded(outcome, into: &effects)
    case .exit: if phase == .running { beginLeaving(at: now, into: &effects) }
    }
  }

  private mutating func note(_ report: Report, at now: Instant, into effects: inout Effects) {
    chronicle.note(report, at: now)
    told.isOutdated = true
    switch report {
    case .addFailed(let index, _), .removeFailed(let index, _):
      guard let refusal = addresses.refusal else { return }
      effects.append(.notice(.addressRefused(settings.addresses[index], refusal)))
    default: effects.append(.notice(.core(report)))
    }
  }

  // MARK: The end

  private mutating func stop(at now: Instant, into effects: inout Effects) {
    effects.append(.notify(.stopping))
    leaveGroup(into: &effects)
    if phase == .waiting {
      // What an earlier run left must go, and is not known yet.
      alarms.set(.end, now + Self.leaveTimeout)
      stopsAtOnce = true
    } else if phase == .running {
      tell(.stop, at: now, into: &effects)
    }
  }

  /// How long the kernel may take to remove what must go before the process exits without.
  private static let leaveTimeout = Duration.seconds(1)

  private mutating func beginLeaving(at now: Instant, into effects: inout Effects) {
    phase = .leaving
    alarms.set(.end, now + Self.leaveTimeout)
  }

  /// Ends when nothing is left in the kernel that must go. What was asked for may have come only now.
  private mutating func leave(at now: Instant, into effects: inout Effects) {
    if let link = view.link { removeCarriers(above: link.index, at: now, into: &effects) }
    removeDroppedCarriers(at: now, into: &effects)
    removeDropped(at: now, into: &effects)
    removeDroppedRoutes(at: now, into: &effects)
    let isClean = carriers.dropped.isEmpty && addresses.dropped.isEmpty && routes.dropped.isEmpty
    if isClean && pending.all.isEmpty { end(0, into: &effects) }
  }

  /// Ends the loop; who still waits is told that nothing came of it.
  private mutating func end(_ code: Int32, into effects: inout Effects) {
    phase = .ended
    remember(into: &effects)
    refuseHandovers("This instance has ended", into: &effects)
    reload.refuse("This instance has ended", into: &effects)
    effects.append(.exit(code))
  }
}
