import Internet
import Neighbor
import VRRP

/// An Active router's claim on a VIP that another one still answers for.
struct Claim: Hashable, Sendable {
  /// The Active router that is preempted.
  let rival: IPAddress
  /// When the rival must have let go; it cannot hear this router if it has not.
  let deadline: Instant
  var witness: Witness
  var activity: Activity
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
      rival: rival, deadline: now + parameters.interval.duration * 3, witness: witness,
      activity: Activity(lastAdvertised: now, interval: parameters.interval))
  }

  /// Takes the VIP when the router that was preempted no longer answers for it, or leaves it to that router
  /// if it goes on: then it cannot hear this one, and two owners would be worse than the wrong one.
  mutating func considerClaim(at now: Instant, _ actions: inout Actions) {
    guard case .claiming(let claim) = phase else { return }
    if claim.witness.isSilent { return takeClaimed(at: now, &actions) }
    guard claim.deadline <= now else { return }
    elect(.withdraw(.ignored(by: claim.rival)), at: now, &actions)
    election.postponePreemption(until: now + Self.deafRivalPause)
  }

  /// The rival has let go.
  mutating func takeClaimed(at now: Instant, _ actions: inout Actions) {
    guard case .claiming(let claim) = phase else { return }
    phase = .serving(service(claim.activity, at: now))
    take(at: now, &actions)
  }
}
