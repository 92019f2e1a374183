import Internet
import Neighbor
import VRRP

extension Instance {
  /// How much of the time that evidence may be old passes before a silent standby is asked: a moment after the
  /// references, whose answer makes that needless.
  private static func doubt(_ window: Duration) -> Duration { window * 9 / 16 }
  /// How often it is asked then. Of so many questions some get through wherever anything does.
  private static let questions = 38
  private static let shortestPause = Duration.microseconds(250)
  /// How often who was cut off listens in vain for what references answer when the Advertisement should have come.
  private static let patientRounds = 2
  /// For how long references may be silent that answered since the Active router was heard: those that limit how often they
  /// answer do so once a second.
  private static let longestSilence = Duration.seconds(2)

  /// What the references say; nil where none ever answered, or none is anything else than a router of this VIP: the
  /// silence of those is what a takeover is for.
  var quorum: Quorum? {
    // Not a closure: that would copy this whole instance.
    var counting: UInt64 = 0
    for index in isolation.references.indices.prefix(64) where counts(isolation.references[index]) {
      counting |= 1 << UInt64(index)
    }
    return Quorum(isolation.references, counting: counting)
  }

  func counts(_ reference: Reference) -> Bool {
    guard parameters.countsReferences, isolation.counts(reference) else { return false }
    for router in routers.all {
      if router.address == reference.address { return false }
      if router.hardware != nil, router.hardware == reference.hardware { return false }
    }
    return true
  }

  /// When an Active router is cut off unless somebody is heard before; nil while silence means nothing.
  ///
  /// References and a standby must fall silent at once. References alone are a router that reboots; a standby alone has
  /// died. Of several standbys one is enough: it may be where the references are.
  func cutOff(_ quorum: Quorum?) -> Instant? {
    guard let window = isolation.demand?.window else { return nil }
    guard let quorum else { return isolation.third.cutOff(lastPeer: isolation.lastPeer, within: window) }
    guard let references = quorum.silentSince else { return nil }
    var first: Instant?
    for standby in routers.all {
      guard let last = standby.lastContact(quorum, within: window), let since = standby.silentSince,
        standby.lastHeard - references <= window
      else { continue }
      // A loop that was held up has questions to ask, and time to give for the answers.
      first = earlier(first, max(last + window, max(since, references) + (window - Self.doubt(window))))
    }
    return first
  }

  /// When to look for evidence next.
  func evidenceDeadline(_ quorum: Quorum?) -> Instant? {
    guard let demand = isolation.demand else { return nil }
    let deadline = earlier(isolation.deadline, restDeadline)
    guard election.state == .active else { return deadline }
    guard let quorum else { return earlier(deadline, isolation.third.asking) }
    var first = deadline
    for router in routers.all {
      first = earlier(first, Self.doubtDeadline(of: router, quorum, within: demand.window))
    }
    return first
  }

  /// When a standby must be asked whether it is there; nil while that makes no difference.
  private static func doubtDeadline(
    of standby: Peer, _ quorum: Quorum, within window: Duration
  ) -> Instant? {
    guard let last = standby.lastContact(quorum, within: window) else { return nil }
    guard let since = standby.silentSince, let asked = standby.lastAsked else {
      return last + doubt(window)
    }
    let next = asked + max(window / questions, shortestPause)
    return next - since < window ? next : nil
  }

  /// Asks whoever must have been heard and was not.
  mutating func lookForEvidence(at now: Instant, _ actions: inout Actions) {
    considerRest(at: now, &actions)
    if isolation.isResting {
      guard let due = evidenceDeadline(quorum), due <= now else { return }
      endRest(at: now)
    }
    askReferences(at: now, &actions)
    if let attention = isolation.reopen(at: now) {
      actions.append(.listenForEvidence(of: audible, attention))
    }
    guard election.state == .active, let window = isolation.demand?.window else { return }
    guard let quorum else {
      if isolation.shouldAskPeers(at: now) { askPeers(at: now, &actions) }
      return
    }
    for standby in routers.all {
      guard let due = Self.doubtDeadline(of: standby, quorum, within: window), due <= now else { continue }
      // References limit how often they answer: they are asked when it is in earnest.
      if let since = standby.silentSince, now - since >= window / 16 { isolation.hurry(at: now) }
      askPeer(standby, at: now, &actions)
    }
    askReferences(at: now, &actions)
  }

  private mutating func askReferences(at now: Instant, _ actions: inout Actions) {
    while let index = isolation.dueReference(at: now) { askReference(index, at: now, &actions) }
  }

  /// Asks those that count, for nothing but evidence.
  mutating func askCountingReferences(at now: Instant, _ actions: inout Actions) {
    for index in isolation.references.indices where counts(isolation.references[index]) {
      askReference(index, isHeard: false, at: now, &actions)
    }
  }

  private mutating func askReference(
    _ index: Int, isHeard: Bool = true, at now: Instant, _ actions: inout Actions
  ) {
    let reference = isolation.references[index]
    isolation.noteQuestion(to: index, at: now)
    ask(for: reference.address, at: reference.target, isHeard: isHeard, &actions)
  }

  /// Whose frames are evidence; empty for those of all third stations.
  var audible: [MACAddress] {
    var stations: [MACAddress] = []
    for reference in isolation.references {
      if let hardware = reference.hardware, counts(reference) { stations.append(hardware) }
    }
    return stations
  }

  private mutating func askPeers(at now: Instant, _ actions: inout Actions) {
    for peer in routers.all where peer.hardware != nil { askPeer(peer, at: now, &actions) }
  }

  /// Where the Active router is must be known before its silence can mean anything.
  mutating func locate(_ router: IPAddress, at now: Instant, _ actions: inout Actions) {
    guard parameters.isolation, let peer = routers.peer(router), peer.hardware == nil, !peer.isMute else {
      return
    }
    askPeer(peer, at: now, &actions)
  }

  mutating func askPeer(_ peer: Peer, at now: Instant, _ actions: inout Actions) {
    routers.noteQuestion(to: peer.address, at: now)
    ask(for: peer.address, at: peer.hardware ?? .broadcast, &actions)
  }

  /// Whether this Backup router, which hears no Active router, has lost its references, too.
  func isCutOff(_ backup: Backup, at now: Instant) -> Instant? {
    guard parameters.isolation, let since = evidenceStart(backup) else { return nil }
    if let quorum {
      // Who was held back for something else may have been cut off meanwhile.
      let isSilent = quorum.silentSince.map { now - $0 > Self.longestSilence } ?? false
      // The Active router was heard until then.
      return quorum.lastHeard < since || isSilent
        ? max(quorum.lastHeard, backup.active?.heartbeat ?? since) : nil
    }
    // Who let go because nobody was heard must have heard somebody before it takes the VIP again.
    guard cause == .isolation else { return nil }
    let last = latest(isolation.third.lastHeard, isolation.lastPeer)
    return last.map { $0 < since } ?? true ? last ?? since : nil
  }

  /// From when on evidence counts: only what is heard after the Advertisement failed to come tells why it did, and after the
  /// last answer why there are no more.
  func evidenceStart(_ backup: Backup) -> Instant? {
    let answersEnded = parameters.witness != .off && backup.witness.isSilent
    return latest(listeningStart(backup), answersEnded ? backup.witness.lastAnswer : nil)
  }

  private func listeningStart(_ backup: Backup) -> Instant? {
    if let relistening = backup.relistening {
      // References may answer too rarely for that.
      let isPatient = relistening.round <= Self.patientRounds
      return isPatient ? relistening.start + election.lateAfter : relistening.start
    }
    if let heartbeat = backup.active?.heartbeat { return heartbeat + election.lateAfter }
    // The first one should have come by then, too; who listens for one interval only must ask before its end.
    guard let since else { return nil }
    let wait = election.deadline.map { ($0 - since) / 2 } ?? election.lateAfter
    return since + min(wait, election.lateAfter)
  }
}

extension Peer {
  /// When this router or the references were heard last; nil if its silence says nothing of this host.
  fileprivate func lastContact(_ quorum: Quorum, within window: Duration) -> Instant? {
    guard isReachable, !isGone(quorum, within: window) else { return nil }
    let last = max(quorum.lastHeard, lastHeard)
    return last - lastSeen <= Self.memory + window ? last : nil
  }

  /// Whether it was silent for `window` while the references were heard: its silence says nothing of this host.
  private func isGone(_ quorum: Quorum, within window: Duration) -> Bool {
    silentSince.map { quorum.lastHeard - $0 > window } ?? false
  }
}
