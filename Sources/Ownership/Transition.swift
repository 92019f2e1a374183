import Internet
import VRRP

extension Instance {
  /// Tells the election, and does what follows from its outcome.
  mutating func elect(_ event: Election.Event, at now: Instant, _ actions: inout Actions) {
    let before = election.state
    let wasClaiming = before == .active && phase.claim != nil
    let outcome = election.handle(event, at: now)
    if let cause = outcome.transition {
      self.cause = cause
      since = now
      phase = nextPhase(because: cause, at: now)
      actions.append(.report(.transition(election.state, cause)))
      if before == .active { letGo(&actions) }
      if election.state == .active { isResigning = false }
    }
    switch outcome.advertise {
    // A router that only claimed the VIP has nothing to give away.
    case 0?: isResigning = !wasClaiming
    case let priority?: advertise(priority, interval: parameters.interval, at: now, &actions)
    case nil: break
    }
    if outcome.transition != nil, case .serving = phase { take(at: now, &actions) }
    if let rival = outcome.beat, contradictRival(at: now) { actions.append(.report(.beat(rival))) }
  }

  /// The phase in which the election's new state begins.
  private func nextPhase(because cause: Election.Cause, at now: Instant) -> Phase {
    switch election.state {
    case .initialize: return .initialize(.idle)
    case .backup:
      var backup = Backup()
      if case .initialize(.found(let resumption)) = phase { backup.resumption = resumption }
      // The owner that a claim could not move is the same as before it.
      if case .claiming(let claim) = phase { backup.witness = claim.witness }
      if case .better(let sender, _) = cause {
        backup.active = Backup.ActiveRouter(heartbeat: now, address: sender)
      }
      return .backup(backup)
    case .active:
      if case .preemption(let rival, _) = cause, parameters.witness != .off {
        return .claiming(claim(from: rival, at: now))
      }
      return .serving(service(Activity(lastAdvertised: now, interval: parameters.interval), at: now))
    }
  }

  mutating func advertise(
    _ priority: UInt8, interval: AdvertisementInterval, at now: Instant, _ actions: inout Actions
  ) {
    // A link without carrier or address cannot carry a resignation.
    guard case .ready = link else { return }
    if election.state == .active {
      phase.noteAdvertisement(interval == parameters.interval ? interval : nil, at: now)
    }
    actions.append(.advertise(priority: priority, interval: interval))
  }

  /// A loop that slept (a paused machine, a stopped process, a starved CPU) may have slept through a
  /// takeover: it must let go before it sends anything. The fastest possible Backup router waits three
  /// of the intervals that were advertised last.
  mutating func stepDownIfLate(at now: Instant, _ actions: inout Actions) {
    guard parameters.checksLateness, election.state == .active, let last = lastSignOfLife,
      let interval = phase.activity?.interval.duration
    else { return }
    let silence = now - last
    guard silence > interval * 3 else { return }
    actions.append(.report(.late(by: silence - interval)))
    elect(.late, at: now, &actions)
  }

  /// When an Active router last did what it does in time: advertised, or looked after its offer.
  private var lastSignOfLife: Instant? {
    switch phase {
    case .initialize, .backup: nil
    case .claiming(let claim): claim.activity.lastAdvertised
    case .serving(let service): service.offer?.deadline ?? service.activity.lastAdvertised
    }
  }

  /// This host lost its references. Nobody is invited: whoever can hear that is as cut off as this router, and the
  /// others wait for its Advertisements no longer than they must.
  mutating func leaveCutOff(at now: Instant, _ actions: inout Actions) {
    let last = quorum?.lastHeard ?? isolation.third.lastHeard
    actions.append(.report(.isolated(since: last ?? now)))
    elect(.withdraw(.isolation), at: now, &actions)
  }
}
