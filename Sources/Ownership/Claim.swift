import Internet
import Neighbor
import VRRP

/// An Active router's claim on a VIP that another one still answers for.
struct Claim: Hashable, Sendable {
  /// The Active router that is preempted.
  let rival: IPAddress
  /// From when on it counts what is heard.
  var start: Instant
  /// Whether nobody at all was heard when the rival first did not answer.
  var isDeaf = false
  /// Whether it has begun again: where answers are lost, it gets no more time than that.
  private(set) var isSecond = false
  /// When the rival must have let go; it cannot hear this router if it has not.
  var deadline: Instant
  var witness: Witness
  var activity: Activity

  /// Long enough that several Advertisements get through.
  static func deadline(_ interval: AdvertisementInterval, from start: Instant) -> Instant {
    start + interval.duration * 3
  }

  mutating func beginAgain(at now: Instant, _ interval: AdvertisementInterval) {
    start = now
    isDeaf = false
    witness.askAnew(at: now)
    if !isSecond { deadline = Self.deadline(interval, from: now) }
    isSecond = true
  }
}

extension Instance {
  /// How long a rival that cannot hear this router is left alone.
  static let deafRivalPause = Duration.seconds(60)

  /// Claims the VIP of `rival` for long enough that several Advertisements get through. The rival may have become
  /// Active a moment ago, and may have died since: what its kernel answers must be asked now.
  func claim(from rival: IPAddress, at now: Instant) -> Claim {
    var witness = phase.backup?.witness ?? Witness()
    witness.askAnew(at: now)
    witness.trust()
    return Claim(
      rival: rival, start: now, deadline: Claim.deadline(parameters.interval, from: now), witness: witness,
      activity: Activity(lastAdvertised: now, interval: parameters.interval))
  }

  /// Takes the VIP when the router that was preempted no longer answers for it, or leaves it to that router
  /// if it goes on: then it cannot hear this one, and two owners would be worse than the wrong one. Who hears nobody at all
  /// is cut off.
  mutating func considerClaim(at now: Instant, _ actions: inout Actions) {
    guard case .claiming(var claim) = phase else { return }
    switch (isOnTheNetwork(since: claim.start), claim.isDeaf) {
    case (true, false):
      if claim.witness.isSilent { return takeClaimed(at: now, &actions) }
    // What was asked in vain before anybody was heard says nothing of the rival, which has not heard this router either.
    case (true, true): claim.beginAgain(at: now, parameters.interval)
    case (false, _): if claim.witness.missed > 0 { claim.isDeaf = true }
    }
    phase = .claiming(claim)
    if claim.deadline <= now { withdraw(claim, at: now, &actions) }
  }

  private mutating func withdraw(_ claim: Claim, at now: Instant, _ actions: inout Actions) {
    if claim.isDeaf { return elect(.withdraw(.isolation), at: now, &actions) }
    elect(.withdraw(.ignored(by: claim.rival)), at: now, &actions)
    election.postponePreemption(until: now + Self.deafRivalPause)
  }

  /// Whether a reference or a router answered since then: where none does, a rival that does not says nothing. What they say
  /// unasked does not show that they can hear this router.
  private func isOnTheNetwork(since start: Instant) -> Bool {
    // A proxy may seem to be both rival and reference, and then makes no quorum.
    guard parameters.isolation, isolation.references.contains(where: { $0.lastHeard != nil }) else {
      return true
    }
    let isNew = { (answer: Instant?) in answer.map { $0 > start } ?? false }
    return isolation.references.contains { isNew($0.lastAnswer) }
      || routers.all.contains { isNew($0.lastAnswer) }
  }

  /// The rival has let go.
  mutating func takeClaimed(at now: Instant, _ actions: inout Actions) {
    guard case .claiming(let claim) = phase else { return }
    phase = .serving(service(claim.activity, at: now))
    take(at: now, &actions)
  }
}
