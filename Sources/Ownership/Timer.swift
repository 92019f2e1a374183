import Internet
import Neighbor
import VRRP

/// Everything that an instance may wait for, in the order in which it is handled when several are due.
enum Timer: Int {
  /// The kernel does not confirm the last removals.
  case stopTimeout
  /// The Active router's Advertisement is late.
  case heartbeat
  /// The host has had no address to send from for too long.
  case lapse
  /// Adver_Timer (RFC 9568 §6.2) of an Active router.
  case advertisement
  /// An offer must be repeated, or has nobody's answer.
  case departure
  /// The election must have ended a contest, or the rival must have answered.
  case contest
  /// This host is cut off unless something is heard before.
  case cutOff
  /// A removal that the kernel refused is asked for again.
  case removal
  /// The lease must be renewed.
  case renewal
  /// Addresses that somebody else removed may be added again.
  case reinstatement
  /// Addresses that the kernel refused, and that the VIP can do without, are asked for again.
  case completion
  /// The VIP must be announced.
  case announcement
  /// The kernel refused the addresses some time ago.
  case retry
  // What follows from these is looked at after every event: see `Instance.handle`.
  /// Active_Down_Timer (§6.2) of a Backup router, or the end of what kept it from taking over.
  case takeover
  /// The rival must have let go.
  case claim
  /// The owner's kernel must be asked.
  case witness
  /// Who holds off a takeover may be a proxy.
  case proxy
  /// Evidence of being on the network must be looked for.
  case evidence
  /// An Active router asks whether its peers are there.
  case rollCall
  /// An Active router asks its references as the VIP.
  case reach
}

extension Instance {
  /// The table of all timers: calls `body` with each that can run in this phase, and when it is due; nil while it is
  /// not running. Whatever else there is to know about timers follows from this.
  @inline(__always)
  private func forEachTimer(_ body: (Timer, Instant?) -> Void) {
    body(.removal, holdings.removalDeadline)
    // Nothing depends on it where nobody relies on evidence.
    let quorum = isolation.demand == nil ? nil : quorum
    body(.evidence, evidenceDeadline(quorum))
    switch phase {
    case .initialize(.idle), .initialize(.found): break
    case .initialize(.refused(let retry)): body(.retry, retry)
    case .initialize(.stopped(let until)): body(.stopTimeout, until)
    case .backup(let backup):
      if let active = backup.active, !active.isLate {
        body(.heartbeat, active.heartbeat + election.lateAfter)
      }
      // A takeover on hold waits for ARP.
      body(.takeover, backup.held == nil ? election.deadline : backup.held?.ended)
      body(.witness, backup.witness.deadline)
      body(.proxy, proxies.deadline)
    case .claiming(let claim):
      body(.advertisement, election.deadline)
      body(.claim, claim.deadline)
      body(.witness, claim.witness.deadline)
      body(.proxy, proxies.deadline)
    case .serving(let service):
      // A router that offers the VIP no longer advertises.
      if !service.isOffering { body(.advertisement, election.deadline) }
      body(.cutOff, cutOff(quorum))
      body(.lapse, service.lapse?.end)
      // Who has no address to send from can ask nobody.
      if service.lapse == nil {
        body(.contest, service.contest?.deadline)
        body(.proxy, proxies.deadline)
        body(.rollCall, service.rollCall)
      }
      body(.reach, reachDeadline(service))
      body(.departure, service.departure?.deadline)
      body(.renewal, service.renewal)
      body(.reinstatement, service.reinstatements.deadline)
      body(.completion, service.completion)
      body(.announcement, service.announcements.deadline)
    }
  }

  /// Sets `deadline` to the first time at which any timer is due.
  mutating func noteDeadline() {
    var first: Instant?
    forEachTimer { _, deadline in first = earlier(first, deadline) }
    deadline = first
  }

  /// Does what is due, in the order of `Timer`. What one timer does may start or stop those after it.
  mutating func runTimers(at now: Instant, _ actions: inout Actions) {
    var last: Timer?
    while let timer = dueTimer(after: last, at: now) {
      fire(timer, at: now, &actions)
      last = timer
    }
  }

  /// How much earlier than it is due a timer may run where another one is due, so that nobody wakes up for it alone.
  private func slack(_ timer: Timer) -> Duration {
    switch timer {
    // With one Advertisement or another; but not with one more than there need be.
    case .renewal: min(parameters.interval.duration * 9 / 10, (parameters.lease ?? .zero) / 16)
    case .rollCall: .milliseconds(250)
    default: .zero
    }
  }

  private func dueTimer(after last: Timer?, at now: Instant) -> Timer? {
    var first: Timer?
    forEachTimer { timer, deadline in
      guard let deadline, deadline <= now + slack(timer), timer.rawValue > last?.rawValue ?? -1 else {
        return
      }
      if timer.rawValue < first?.rawValue ?? .max { first = timer }
    }
    return first
  }

  private mutating func fire(_ timer: Timer, at now: Instant, _ actions: inout Actions) {
    switch timer {
    case .stopTimeout: giveUpWaiting()
    case .heartbeat: phase.backup?.active?.isLate = true
    case .lapse: lapseIsOver(at: now, &actions)
    case .advertisement: elect(.timer, at: now, &actions)
    case .departure: departureIsDue(at: now, &actions)
    case .contest: contestIsDue(at: now, &actions)
    case .cutOff: leaveCutOff(at: now, &actions)
    case .removal: removeAgain(at: now, &actions)
    case .renewal: renew(at: now, &actions)
    case .reinstatement: reinstate(at: now, &actions)
    case .completion: complete(&actions)
    case .announcement: announce(at: now, &actions)
    case .retry:
      phase = .initialize(.idle)
      startUpIfPossible(at: now, &actions)
    case .takeover, .claim, .witness, .proxy, .evidence, .rollCall, .reach: break
    }
  }
}

/// The later of two instants, where there are two.
func latest(_ left: Instant?, _ right: Instant?) -> Instant? {
  guard let left else { return right }
  guard let right else { return left }
  return max(left, right)
}

/// The earlier of two deadlines, where there are two.
@inline(__always)
func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
  guard let left else { return right }
  guard let right else { return left }
  return min(left, right)
}
