import Internet
import Neighbor
import VRRP

/// What a Backup router knows.
struct Backup: Hashable, Sendable {
  /// An Active router that is listened to.
  struct ActiveRouter: Hashable, Sendable {
    /// When it was last heard.
    var heartbeat: Instant
    let address: IPAddress
    /// Whether the next Advertisement should have come.
    var isLate = false
  }

  /// Waits for the Active router once more; until one is heard.
  struct Relistening: Hashable, Sendable {
    let start: Instant
    /// How often it began without an end, because the references did not answer in time.
    let round: Int
  }

  /// A takeover that is due and does not happen.
  struct Held: Hashable, Sendable {
    let reason: Hold
    /// Since when nothing stands against it any more; the timer decides what follows from that.
    var ended: Instant?
  }

  /// Nil until an Active router was heard.
  var active: ActiveRouter?
  /// Nil while there is nothing to take over.
  var held: Held?
  /// This host, which was cut off, listens again.
  var relistening: Relistening?
  /// What an earlier run left in the kernel, until this router takes it over or gives it up.
  var resumption: Resumption?
  var witness = Witness()
  /// Whether nobody answers for the VIP although an Active router is heard.
  var isUnanswered = false
}

extension Election {
  /// How long after an Advertisement the next one is late: half an interval more than it should be.
  var lateAfter: Duration { activeInterval.duration * 3 / 2 }
}

extension Hold {
  fileprivate var isAnswered: Bool {
    switch self {
    case .answered, .foreign: true
    case .isolated, .barred: false
    }
  }
}

extension Instance {
  mutating func follow(
    _ sender: IPAddress, _ priority: UInt8, at now: Instant, _ actions: inout Actions
  ) {
    guard case .backup(var backup) = phase else { return }
    // Who must not own the VIP, and is better, is held back each time.
    let isKnown = backup.active?.address == sender && (backup.held.map { $0.reason == .barred } ?? true)
    // What was asked in vain while it was not heard says nothing of the way between the two.
    if !isKnown || backup.active?.isLate == true { backup.witness.forgive() }
    // Not one that was held up: a whole one did not come.
    if isKnown, let active = backup.active, now - active.heartbeat >= election.activeInterval.duration * 7 / 4
    {
      backup.witness.noteLoss()
    }
    backup.active = Backup.ActiveRouter(heartbeat: now, address: sender)
    backup.relistening = nil
    phase = .backup(backup)
    if !isKnown { actions.append(.report(.following(sender, priority: priority))) }
    locate(sender, at: now, &actions)
  }

  // MARK: From Backup to Active

  /// A Backup router whose Active_Down_Timer has fired takes over, unless it should not.
  ///
  /// Only the timer's own event takes over, which comes when all packets that wait were read: after a pause, a
  /// heartbeat may be among them.
  mutating func considerTakeover(isTimer: Bool, at now: Instant, _ actions: inout Actions) {
    guard case .backup(let backup) = phase else { return }
    guard let due = election.deadline, due <= now else {
      if backup.held != nil { phase.backup?.held = nil }
      return
    }
    if backup.held == nil && !isTimer { return }
    // A Backup router that slept through its timer heard nobody because it was not listening.
    if parameters.checksLateness && backup.held == nil && now - due > election.activeInterval.duration {
      return elect(.late, at: now, &actions)
    }
    guard let reason = reasonToHold(backup, since: due, at: now) else {
      // Who was cut off heard nobody because he could not: the Active router may be there all the same.
      if case .isolated = backup.held?.reason { return listenAgain(at: now, &actions) }
      if !isTimer { phase.backup?.held?.ended = now }
      if isTimer {
        // Who is preempted while it is heard, or gives the VIP up, stands by from then on.
        if !isActiveRouterThere(backup) { routers.miss(following, at: now) }
        // Who let go because a router was silent, and is on the network after all, need not do so again.
        if let start = backup.relistening?.start ?? (cause == .isolation ? since : nil) {
          routers.missSilent(since: start, at: now)
        }
        elect(.timer, at: now, &actions)
      }
      return
    }
    phase.backup?.held?.ended = nil
    // Of several stations that answer in turn one is as good as any other to name.
    if backup.witness.isDisputed && reason.isAnswered && backup.held?.reason.isAnswered == true { return }
    guard reason != backup.held?.reason else { return }
    actions.append(.report(.holding(reason)))
    phase.backup?.held = Backup.Held(reason: reason)
  }

  /// Whether the Active router whose turn is over is there.
  private func isActiveRouterThere(_ backup: Backup) -> Bool {
    switch election.impendingCause {
    case .preemption: backup.active?.isLate == false
    case .resignation: true
    // Its kernel answered after it fell silent; or it hurried its successor, and what it said before was heard after that it
    // gave the VIP up.
    case .silence(let router, let heartbeat):
      backup.witness.lastAnswer.map { $0 > heartbeat + election.lateAfter } ?? false
        || routers.peer(router)?.isHurrying == true
    default: false
    }
  }

  private func reasonToHold(_ backup: Backup, since due: Instant, at now: Instant) -> Hold? {
    if isBarred { return .barred }
    switch election.impendingCause {
    // Who waited meanwhile knows no better than where the owner fell silent.
    case .resignation(let router) where isOwner(router) && now - due <= election.lateAfter: return nil
    // The rival is alive and will let go when it hears this router: see `Claim`. One that is late may be there all the same,
    // where this router is not.
    case .preemption:
      return backup.active?.isLate == true ? isCutOff(backup, at: now).map { .isolated(since: $0) } : nil
    default: break
    }
    let patience = (parameters.lease ?? .zero) + .seconds(1)
    if parameters.witness != .off, let owner = witnessed, isTrusted(owner, at: now) || now - due <= patience {
      return isRouter(owner) ? .answered(at: owner, last: following) : .foreign(owner)
    }
    return isCutOff(backup, at: now).map { .isolated(since: $0) }
  }

  /// Waits for the Active router for a whole Active_Down_Interval.
  private mutating func listenAgain(at now: Instant, _ actions: inout Actions) {
    let rounds = phase.backup?.relistening?.round ?? 0
    phase.backup?.held = nil
    phase.backup?.relistening = Backup.Relistening(start: now, round: rounds + 1)
    elect(.late, at: now, &actions)
  }

  /// Whether an answer of `owner` holds off a takeover for as long as it comes.
  private func isTrusted(_ owner: MACAddress, at now: Instant) -> Bool {
    parameters.witness == .strict && !proxies.contains(owner, at: now)
  }

  /// Whether `router` may give the VIP away: not if it is known to be another station that answers for it.
  private func isOwner(_ router: IPAddress) -> Bool {
    guard parameters.witness != .off, let hardware = routers.hardware(of: router) else { return true }
    // Whoever is at the virtual router's hardware address is the Active router.
    return witnessed.map { $0 == hardware || parameters.isVirtualRouter($0) } ?? true
  }

  /// Another router has the VIP that an earlier run left here: it goes before anything else.
  mutating func abandonResumption(at now: Instant, _ actions: inout Actions) {
    phase.backup?.resumption = nil
    letGo(&actions)
    elect(.late, at: now, &actions)
  }
}
