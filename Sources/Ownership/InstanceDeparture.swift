import Internet
import Neighbor
import VRRP

/// A handover under way: the VIP is offered and still served.
struct Departure: Hashable, Sendable {
  /// What happens when it is over.
  enum Purpose: Hashable, Sendable {
    /// A successor gets the VIP, and it stays here if there is none.
    case yielding
    /// The VIP goes, whether there is a successor or not.
    case standingBack
    /// So it does, and the instance stops.
    case stopping
  }

  var purpose: Purpose
  /// How often the offer may still be repeated.
  var offersLeft = 3
  /// Who said that it is Active; its kernel need not have the VIP yet.
  var successor: IPAddress?
  /// When to repeat the offer, to give up, or to leave the VIP to the successor whether it was seen or not.
  var deadline: Instant
}

/// A departure that waits for a standby to be ready.
struct AwaitedSuccessor: Hashable, Sendable {
  let purpose: Departure.Purpose
  /// When to go without.
  let deadline: Instant
}

extension Instance {
  /// How long the kernel may take to confirm removals before the process exits without.
  static let stopTimeout = Duration.seconds(1)
  /// Longer than the Skew_Time of any successor at the shortest interval, so that a repetition does not
  /// restart its timer.
  private static let offerPause = Duration.milliseconds(20)
  /// Between a successor's first Advertisement and its announcement its kernel adds the addresses; both
  /// hosts may have them for 5 ms.
  static let announcementPatience = Duration.milliseconds(4)

  mutating func stop(at now: Instant, _ actions: inout Actions) {
    guard !isStopping else { return }
    isStopping = true
    retry = nil
    departure = nil
    awaited = nil
    depart(.stopping, at: now, &actions)
  }

  /// Make before break: offers the VIP and serves it until a successor announces it. The shortest interval makes
  /// the successor's Skew_Time short, priority 0 makes it wait no longer than that (RFC 9568 §6.4.2).
  mutating func depart(_ purpose: Departure.Purpose, at now: Instant, _ actions: inout Actions) {
    guard departure == nil else { return }
    guard election.state == .active, owns else { return departAlone(purpose, at: now, &actions) }
    if routers.standbys(at: now).isEmpty {
      if purpose != .yielding && mayWait(purpose, at: now) { return }
      return departAlone(purpose, at: now, &actions)
    }
    awaited = nil
    departure = Departure(purpose: purpose, deadline: now)
    // Not repeated: it could overtake the resignation that follows it, and take that back.
    advertise(parameters.priority, interval: .shortest, at: now, &actions)
    departureIsDue(at: now, &actions)
  }

  /// Standbys say once a second whether they are ready, and another host may be told that it may own the VIP in the
  /// moment in which this one is told that it must not.
  private static let successorPatience = Duration.milliseconds(1500)

  /// Whether a router is there that may still get ready.
  private mutating func mayWait(_ purpose: Departure.Purpose, at now: Instant) -> Bool {
    guard routers.isAnybodyThere(at: now) else { return false }
    let deadline = awaited?.deadline ?? now + Self.successorPatience
    awaited = AwaitedSuccessor(purpose: purpose, deadline: deadline)
    return now < deadline
  }

  mutating func departureIsDue(at now: Instant, _ actions: inout Actions) {
    guard var current = departure else { return }
    if let successor = current.successor { return departed(to: successor, at: now, &actions) }
    guard current.offersLeft > 0 else { return nobodyTakesOver(at: now, &actions) }
    current.offersLeft -= 1
    // A successor with a higher priority does not learn our interval: it may wait a Skew_Time of its own.
    let patience = parameters.interval.duration + .milliseconds(100)
    current.deadline = now + (current.offersLeft > 0 ? Self.offerPause : patience)
    departure = current
    advertise(0, interval: .shortest, at: now, &actions)
  }

  private mutating func nobodyTakesOver(at now: Instant, _ actions: inout Actions) {
    guard let purpose = departure?.purpose else { return }
    departure = nil
    departAlone(purpose, at: now, &actions)
    if election.state == .active { elect(.timer, at: now, &actions) }
  }

  /// There is nobody to give the VIP to.
  private mutating func departAlone(
    _ purpose: Departure.Purpose, at now: Instant, _ actions: inout Actions
  ) {
    awaited = nil
    switch purpose {
    case .yielding: actions.append(.report(.handoverRefused))
    case .standingBack: elect(.resign(.barred), at: now, &actions)
    case .stopping: leave(at: now, &actions)
    }
  }

  mutating func bar(_ isBarred: Bool, at now: Instant) {
    guard isBarred != self.isBarred else { return }
    self.isBarred = isBarred
    if awaited?.purpose == .standingBack { awaited = nil }
    // What was offered may be taken, but need not be given up any more.
    if !isBarred, departure?.purpose == .standingBack { departure?.purpose = .yielding }
    // The owner learns at once whether this router stands by.
    if election.state == .backup { witness.hurry(at: now) }
  }

  /// Goes on with a departure that waits for a standby to be ready.
  mutating func considerDeparture(at now: Instant, _ actions: inout Actions) {
    if let awaited { depart(awaited.purpose, at: now, &actions) }
  }

  /// An Active router that must not own the VIP gives it away, to whomever.
  mutating func considerStandingBack(at now: Instant, _ actions: inout Actions) {
    guard isBarred, election.state == .active, !isStopping else { return }
    switch departure?.purpose {
    case nil: depart(.standingBack, at: now, &actions)
    case .yielding: departure?.purpose = .standingBack
    case .standingBack, .stopping: break
    }
  }

  /// A router says that it is Active. Its neighbours still send to this host: the VIP is served until the
  /// successor announces it.
  mutating func offerIsAccepted(by successor: IPAddress, at now: Instant) {
    guard var current = departure, current.successor == nil else { return }
    current.successor = successor
    current.deadline = now + Self.announcementPatience
    departure = current
  }

  mutating func departed(to successor: IPAddress, at now: Instant, _ actions: inout Actions) {
    let purpose = departure?.purpose
    departure = nil
    actions.append(.report(.handedOver(to: successor)))
    if purpose == .stopping { return leave(at: now, &actions) }
    elect(.resign(.handover(to: successor)), at: now, &actions)
    // The operator wants it there: no preemption as long as the successor is heard. Who stood back may have it
    // again as soon as the reason for that is gone.
    if purpose == .yielding {
      election.postponePreemption(until: now + .seconds(1_000_000_000))
    }
  }

  private mutating func leave(at now: Instant, _ actions: inout Actions) {
    stopDeadline = now + Self.stopTimeout
    elect(.shutdown, at: now, &actions)
    if resumption != nil { letGo(&actions) }
  }
}
