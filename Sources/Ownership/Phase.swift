import Internet
import Neighbor
import VRRP

/// What an instance is doing, with everything that it must remember for that and only for that.
///
/// The election's state follows from the phase and is never another one: `election.state` changes in `Instance.elect`
/// alone, and the phase with it.
enum Phase: Sendable {
  /// Takes no part: RFC 9568 §6.4.1. Becomes `backup`, or `serving` if it was Active until a moment ago or is the
  /// address owner.
  case initialize(Initialize)
  /// Watches the Active router, §6.4.2. Becomes `claiming`, `serving` or `initialize`.
  case backup(Backup)
  /// Active, §6.4.3, while the router that it preempts lets go. Becomes `serving`, `backup` or `initialize`.
  case claiming(Claim)
  /// Active, and this host should have the addresses. Becomes `backup` or `initialize`.
  case serving(Service)
}

/// What an instance that takes no part waits for.
enum Initialize: Hashable, Sendable {
  /// The link.
  case idle
  /// The link, with addresses that an earlier run left. Becomes `idle` if the link is unusable.
  case found(Resumption)
  /// Another try, because the kernel refused an address. Becomes `idle` when that is due, or the link is unusable.
  case refused(retry: Instant)
  /// The kernel's confirmation that the addresses are gone, until then, and the end. Nothing follows.
  case stopped(until: Instant?)
}

/// What an earlier run left behind.
struct Resumption: Hashable, Sendable {
  /// The addresses that it left on the interface.
  var found: AddressSet
  /// Until when nobody can have taken over; nil if that is not known.
  let end: Instant?
}

/// What an Active router must remember whether it has the addresses yet or not.
struct Activity: Hashable, Sendable {
  /// When it last advertised.
  var lastAdvertised: Instant
  /// The interval that it advertised, by which the others wait; a reload changes it with the next Advertisement.
  var interval: AdvertisementInterval
  /// Until when no Backup router can have taken over.
  var end: Instant { lastAdvertised + interval.duration * 3 }
  /// A better Active router that is heard in the family that does not elect.
  var otherFamilyRival: OtherFamilyRival?
}

extension Phase {
  // Each of these is nil in other phases, where setting it changes nothing.

  var backup: Backup? {
    @inline(__always) get { if case .backup(let backup) = self { backup } else { nil } }
    @inline(__always) set { if let newValue, case .backup = self { self = .backup(newValue) } }
  }

  var claim: Claim? {
    @inline(__always) get { if case .claiming(let claim) = self { claim } else { nil } }
    @inline(__always) set { if let newValue, case .claiming = self { self = .claiming(newValue) } }
  }

  var service: Service? {
    @inline(__always) get { if case .serving(let service) = self { service } else { nil } }
    @inline(__always) set { if let newValue, case .serving = self { self = .serving(newValue) } }
  }

  var activity: Activity? {
    switch self {
    case .initialize, .backup: nil
    case .claiming(let claim): claim.activity
    case .serving(let service): service.activity
    }
  }

  /// An Active router advertises; `interval` is nil for an offer, which hurries its successor only.
  mutating func noteAdvertisement(_ interval: AdvertisementInterval?, at now: Instant) {
    changeActivity { activity in
      activity.lastAdvertised = now
      if let interval { activity.interval = interval }
    }
  }

  /// Changes what an Active router remembers.
  @inline(__always)
  mutating func changeActivity(_ change: (inout Activity) -> Void) {
    switch self {
    case .initialize, .backup: break
    case .claiming(var claim):
      change(&claim.activity)
      self = .claiming(claim)
    case .serving(var service):
      change(&service.activity)
      self = .serving(service)
    }
  }

  /// Changes what a router that does not have the VIP knows about the station that answers for it; does nothing in
  /// other phases.
  @inline(__always)
  mutating func changeWitness(_ change: (inout Witness) -> Void) {
    switch self {
    case .initialize, .serving: break
    case .backup(var backup):
      change(&backup.witness)
      self = .backup(backup)
    case .claiming(var claim):
      change(&claim.witness)
      self = .claiming(claim)
    }
  }

  /// What a router that does not have the VIP knows about the station that answers for it.
  var witness: Witness? {
    switch self {
    case .initialize, .serving: nil
    case .backup(let backup): backup.witness
    case .claiming(let claim): claim.witness
    }
  }

  /// What an earlier run left, as long as it is not decided what to do with it.
  var resumption: Resumption? {
    @inline(__always) get {
      switch self {
      case .initialize(.found(let resumption)): resumption
      case .backup(let backup): backup.resumption
      case .initialize, .claiming, .serving: nil
      }
    }
    @inline(__always) set {
      backup?.resumption = newValue
      if let newValue, case .initialize(.found) = self { self = .initialize(.found(newValue)) }
    }
  }

  /// The RFC's state that this is.
  var state: Election.State {
    switch self {
    case .initialize: .initialize
    case .backup: .backup
    case .claiming, .serving: .active
    }
  }
}
