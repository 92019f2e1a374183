import Internet
import Neighbor
import VRRP

/// What a phase wants to know of other stations.
private struct Interest {
  /// How often it asks the owner's kernel whether it answers for the VIP; nil for not at all.
  var pace: Duration?
  /// Whether it is asked for every address: nothing depends on the answer now.
  var asksAll = false
  /// How much earlier than it is due it may be asked.
  var slack = Duration.zero
  var isOwnerDue = false
  /// Who is asked with it whether he is there himself.
  var rival: IPAddress?
  /// How fresh evidence of being on the network must be; nil if nobody needs any.
  var window: Duration?
  /// From when on it counts, if not always.
  var evidenceStart: Instant?
  /// Whether the peers must be asked if they are there.
  var isRollCallDue = false
}

extension Instance {
  /// Sends what is due to be asked, at the pace that the situation demands.
  mutating func question(at now: Instant, _ actions: inout Actions) {
    guard identity != nil else { return ignoreEvidence(&actions) }
    let interest = interest(at: now)
    if interest.isOwnerDue { questionOwner(interest, at: now, &actions) }
    if interest.isOwnerDue, let rival = interest.rival.flatMap(routers.peer) {
      askPeer(rival, at: now, &actions)
    }
    noteAnswers(&actions)
    if let window = interest.window {
      let isNew = isolation.listen(within: window, since: interest.evidenceStart, at: now)
      if isNew {
        routers.forgetSilence()
        if isolation.isAtEase(at: now) { actions.append(.ignoreEvidence) }
      }
    } else {
      ignoreEvidence(&actions)
    }
    if interest.isRollCallDue { callRoll(at: now, &actions) }
    lookForEvidence(at: now, &actions)
    lookForReach(at: now, &actions)
    if isolation.demand == nil { unhearReferences(&actions) }
  }

  private mutating func ignoreEvidence(_ actions: inout Actions) {
    if isolation.stopListening() { actions.append(.ignoreEvidence) }
  }

  @inline(__always)
  private func interest(at now: Instant) -> Interest {
    var interest = Interest()
    switch phase {
    case .initialize: break
    case .backup(let backup):
      // Without a witness the answer holds off nothing, but the owner learns who stands by.
      interest.pace =
        parameters.witness == .off ? Self.unhurriedPause : pace(holding: backup.held?.reason, backup.active)
      interest.asksAll = isUnhurried(holding: backup.held?.reason, backup.active)
      // So that neither router wakes up for the question alone.
      if interest.pace == Self.unhurriedPause, backup.active?.heartbeat == now {
        interest.slack = Self.unhurriedPause / 8
      }
      interest.isOwnerDue = backup.witness.isDue(every: interest.pace, at: now + interest.slack)
      let isLate = backup.active?.isLate ?? true
      interest.window = isLate ? .milliseconds(200) : .seconds(20)
      if isLate { interest.evidenceStart = evidenceStart(backup) }
    case .claiming(let claim):
      // Two misses at this pace are the outage of a preemption.
      if parameters.witness != .off { interest.pace = .milliseconds(4) }
      interest.isOwnerDue = claim.witness.isDue(every: interest.pace, at: now)
      interest.rival = claim.rival
      interest.window = .milliseconds(200)
      interest.evidenceStart = claim.start
    case .serving(let service):
      // The others may have heard this router's last Advertisement a whole interval before it was cut off, and have a
      // Skew_Time near zero: it must know within two intervals.
      let window = advertisedInterval * 19 / 10
      if routers.isAnybodyThere(at: now, within: Peer.memory + window) { interest.window = window }
      interest.isRollCallDue = service.rollCall <= now
    }
    if !parameters.isolation { interest.window = nil }
    return interest
  }

  private mutating func questionOwner(_ interest: Interest, at now: Instant, _ actions: inout Actions) {
    var turn = witnessTurn
    let next = turn.next(of: parameters.addresses.count, asksAll: interest.asksAll, among: servable)
    let address = parameters.addresses[next].address
    var probe: Witness.Probe?
    phase.changeWitness { witness in
      guard let pace = interest.pace else { return witness.stop() }
      witness.ask(every: pace, patience: turn.missesUntilSilent, at: now)
      probe = witness.probe(for: address.family, at: now, slack: interest.slack)
    }
    guard let probe else { return }
    witnessTurn = turn
    let station: MACAddress =
      switch probe {
      case .broadcast: .broadcast
      case .unicast(let owner): owner
      }
    ask(for: address, at: station, standby: standbyMark, &actions)
  }

  /// Questions in vain after which an Active router that is heard cannot be reached at the VIP.
  private static let vainQuestions = 5

  /// An Active router whose VIP nobody reaches serves nobody: a switch may let nothing through in its name.
  private mutating func noteAnswers(_ actions: inout Actions) {
    guard let backup = phase.backup, let active = backup.active, !active.isLate else { return }
    let isUnanswered = backup.witness.missed >= Self.vainQuestions
    guard isUnanswered != backup.isUnanswered else { return }
    phase.backup?.isUnanswered = isUnanswered
    if isUnanswered { actions.append(.report(.unanswered(by: active.address))) }
  }

  /// Asks `station` for `target`, which must be of a family that this host has an address of. `isHeard`: the answer is
  /// reported, and not only evidence that it came.
  mutating func ask(
    for target: IPAddress, at station: MACAddress, standby: StandbyMark? = nil, isHeard: Bool = true,
    _ actions: inout Actions
  ) {
    guard let identity, let own = identity.address(target.family) else { return }
    if isHeard, !parameters.has(target), answerers.insert(target) {
      actions.append(.hearAnswers(of: answerers.all))
    }
    actions.append(
      .ask(.request(for: target, from: own, at: identity.hardware, standby: standby), to: station))
  }

  var standbyMark: StandbyMark {
    StandbyMark(
      virtualRouterID: parameters.virtualRouterID, priority: parameters.priority, isReady: !isBarred,
      isAnswered: !isUnanswered)
  }

  /// An Active router asks its peers every second whether they stand by: those that did not say so themselves.
  private mutating func callRoll(at now: Instant, _ actions: inout Actions) {
    phase.service?.rollCall = now + .seconds(1)
    noteProtection(at: now, &actions)
    for peer in routers.all where !peer.hasShownItself(at: now) { askPeer(peer, at: now, &actions) }
  }

  /// A router that has just taken over knows nobody yet.
  private mutating func noteProtection(at now: Instant, _ actions: inout Actions) {
    let isProtected = routers.protects(at: now)
    guard isProtected != phase.service?.isProtected, owns else { return }
    guard isProtected || since.map({ now - $0 > Peer.memory }) == true else { return }
    phase.service?.isProtected = isProtected
    actions.append(.report(.protected(isProtected)))
  }

  // MARK: Pace

  /// A second, or a moment later, so that an Advertisement may come first.
  private static let unhurriedPause = Duration.milliseconds(1060)

  /// How often a Backup router asks whether the VIP is answered for.
  private func pace(holding hold: Hold?, _ active: Backup.ActiveRouter?) -> Duration {
    // Not slower: this is also how the owner learns who stands by.
    if isUnhurried(holding: hold, active) { return Self.unhurriedPause }
    let interval = election.activeInterval.duration
    // The client waits from now on, whatever the interval.
    if hold != nil { return min(fastPace(interval), .milliseconds(25)) }
    return active == nil ? max(interval / 2, .milliseconds(20)) : fastPace(interval)
  }

  /// Whether no takeover depends on the answer as things are.
  private func isUnhurried(holding hold: Hold?, _ active: Backup.ActiveRouter?) -> Bool {
    switch hold {
    case .foreign(let station): !proxies.hasFound(station)
    case .isolated, .barred: true
    case .answered: false
    case nil: active?.isLate == false
    }
  }

  /// Several probes fit between the first late Advertisement and the end of Active_Down_Interval.
  private func fastPace(_ interval: Duration) -> Duration {
    min(max(interval / 4, .milliseconds(5)), .milliseconds(250))
  }
}

extension Witness {
  /// Whether asking every `pace`, or not at all, makes a difference now.
  fileprivate func isDue(every pace: Duration?, at now: Instant) -> Bool {
    guard let deadline else { return pace != nil || isAnswered }
    return deadline <= now || pace != interval
  }
}
