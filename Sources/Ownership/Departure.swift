import Internet
import Neighbor
import VRRP

/// The VIP is to go to another host, and is served until that one has it.
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

  /// How far it is.
  enum Progress: Hashable, Sendable {
    /// A router is there that may get ready. Becomes `offered` when it does.
    case awaitingStandby
    /// The VIP is offered, and so it may be as often again. Becomes `accepted`.
    case offered(repetitions: Int)
    /// A router said that it is Active. Its kernel need not have the VIP yet, and is asked until then.
    case accepted(by: IPAddress, until: Instant)
  }

  /// When to go without a standby, to repeat the offer, to give up, to ask the successor's kernel, or to leave the VIP
  /// to the successor whether it was seen or not.
  var deadline: Instant
  var progress: Progress
  var purpose: Purpose

  var isOffered: Bool { progress != .awaitingStandby }

  /// The router that said that it is Active.
  var successor: IPAddress? { if case .accepted(let successor, _) = progress { successor } else { nil } }
}

extension Instance {
  /// How long the kernel may take to confirm removals before the process exits without.
  static let stopTimeout = Duration.seconds(1)
  /// Longer than the Skew_Time of any successor at the shortest interval, so that a repetition does not
  /// restart its timer.
  private static let offerPause = Duration.milliseconds(20)
  /// Between a successor's first Advertisement and its announcement its kernel adds the addresses. Of two hosts that
  /// have them, clients notice nothing; of none, all. Only where the announcement does not get through is this the
  /// time that both have them.
  static let announcementPatience = Duration.milliseconds(20)
  /// A successor that has the VIP, and whose announcement was lost, says so when it is asked: both have it for no
  /// longer than 5 ms.
  private static let successorPause = Duration.milliseconds(3)
  /// Where nobody can be asked.
  private static let shortestPatience = Duration.milliseconds(4)
  /// Standbys say once a second whether they are ready, and another host may be told that it may own the VIP in the
  /// moment in which this one is told that it must not.
  private static let successorPatience = Duration.milliseconds(1500)

  /// Somebody asks for a handover. Where one is under way, whatever for, its outcome answers this, too.
  mutating func handOver(at now: Instant, _ actions: inout Actions) {
    isHandoverAsked = true
    if phase.service?.departure == nil { depart(.yielding, at: now, &actions) }
  }

  /// Answers everybody who asked for a handover.
  mutating func endHandover(_ outcome: HandoverOutcome, _ actions: inout Actions) {
    guard isHandoverAsked else { return }
    isHandoverAsked = false
    actions.append(.handoverEnded(outcome))
  }

  mutating func stop(at now: Instant, _ actions: inout Actions) {
    guard !isStopping else { return }
    isStopping = true
    phase.service?.departure = nil
    depart(.stopping, at: now, &actions)
  }

  /// Make before break: offers the VIP and serves it until a successor announces it. The shortest interval makes
  /// the successor's Skew_Time short, priority 0 makes it wait no longer than that (RFC 9568 §6.4.2).
  mutating func depart(_ purpose: Departure.Purpose, at now: Instant, _ actions: inout Actions) {
    if phase.service?.offer != nil { return }
    guard election.state == .active, owns else {
      let owner = phase.claim?.rival ?? following
      return departAlone(purpose, because: .notActive(owner: owner), at: now, &actions)
    }
    // Standbys other than vipd's do not show themselves: what an operator asks for is offered all the same.
    let mayBeThere = routers.hasStandby(at: now) || purpose == .yielding && !routers.isAnybodyThere(at: now)
    // A host without an address cannot offer anything, and may have one in a moment.
    guard mayBeThere, identity != nil else {
      if purpose != .yielding && waitsForStandby(purpose, at: now) { return }
      return departAlone(purpose, because: .nobodyStandsBy, at: now, &actions)
    }
    phase.service?.departure = Departure(
      deadline: now, progress: .offered(repetitions: 3), purpose: purpose)
    // Not repeated, and not sent where there is nothing to shorten: it could overtake the resignation that follows it, and
    // take that back.
    if parameters.interval != .shortest {
      advertise(parameters.priority, interval: .shortest, at: now, &actions)
    }
    departureIsDue(at: now, &actions)
  }

  /// Whether a router is there that may still get ready.
  private mutating func waitsForStandby(_ purpose: Departure.Purpose, at now: Instant) -> Bool {
    guard routers.isAnybodyThere(at: now) else { return false }
    let deadline = phase.service?.departure?.deadline ?? now + Self.successorPatience
    phase.service?.departure = Departure(deadline: deadline, progress: .awaitingStandby, purpose: purpose)
    return now < deadline
  }

  mutating func departureIsDue(at now: Instant, _ actions: inout Actions) {
    guard var current = phase.service?.departure else { return }
    switch current.progress {
    // Looked at after every event.
    case .awaitingStandby: return
    case .accepted(let successor, let end):
      if end <= now { return departed(to: successor, at: now, &actions) }
      if canAsk(successor) { ask(successor, &actions) }
      current.deadline = min(now + Self.successorPause, end)
      phase.service?.departure = current
      return
    case .offered(repetitions: 0): return nobodyTakesOver(current.purpose, at: now, &actions)
    case .offered(let left):
      current.progress = .offered(repetitions: left - 1)
      // A successor with a higher priority does not learn this interval: it may wait a Skew_Time of its own.
      let patience = parameters.interval.duration + .milliseconds(100)
      current.deadline = now + (left > 1 ? Self.offerPause : patience)
    }
    phase.service?.departure = current
    advertise(0, interval: .shortest, at: now, &actions)
  }

  private mutating func nobodyTakesOver(
    _ purpose: Departure.Purpose, at now: Instant, _ actions: inout Actions
  ) {
    departAlone(purpose, because: .nobodyTookOver, at: now, &actions)
    if election.state == .active { elect(.timer, at: now, &actions) }
  }

  /// There is nobody to give the VIP to.
  private mutating func departAlone(
    _ purpose: Departure.Purpose, because reason: HandoverRefusal, at now: Instant,
    _ actions: inout Actions
  ) {
    phase.service?.departure = nil
    if purpose == .yielding { actions.append(.report(.handoverRefused)) }
    endHandover(.refused(reason), &actions)
    switch purpose {
    case .yielding: break
    case .standingBack: elect(.resign(.barred), at: now, &actions)
    case .stopping: leave(at: now, &actions)
    }
  }

  mutating func bar(_ isBarred: Bool, at now: Instant) {
    guard isBarred != self.isBarred else { return }
    self.isBarred = isBarred
    if let departure = phase.service?.departure, departure.purpose == .standingBack {
      if !departure.isOffered {
        phase.service?.departure = nil
      } else if !isBarred {
        // What was offered may be taken, but need not be given up any more.
        phase.service?.departure?.purpose = .yielding
      }
    }
    // The owner learns at once whether this router stands by.
    phase.backup?.witness.hurry(at: now)
  }

  /// Goes on with a departure that waits for a standby to be ready.
  mutating func considerDeparture(at now: Instant, _ actions: inout Actions) {
    guard let departure = phase.service?.departure, !departure.isOffered else { return }
    depart(departure.purpose, at: now, &actions)
  }

  /// An Active router that must not own the VIP gives it away, to whomever.
  mutating func considerStandingBack(at now: Instant, _ actions: inout Actions) {
    guard isBarred, election.state == .active, !isStopping else { return }
    switch phase.service?.offer?.purpose {
    case nil: depart(.standingBack, at: now, &actions)
    case .yielding: phase.service?.departure?.purpose = .standingBack
    case .standingBack, .stopping: break
    }
  }

  /// No kernel answers for a virtual router's hardware address elsewhere.
  private func canAsk(_ successor: IPAddress) -> Bool {
    !parameters.usesVirtualMAC && routers.hardware(of: successor) != nil
  }

  /// Asks the successor's kernel for the VIP.
  private mutating func ask(_ successor: IPAddress, _ actions: inout Actions) {
    guard let hardware = routers.hardware(of: successor) else { return }
    ask(for: parameters.addresses[0].address, at: hardware, &actions)
  }

  /// A router says that it is Active. Its neighbours still send to this host: the VIP is served until the
  /// successor announces it.
  mutating func offerIsAccepted(by successor: IPAddress, at now: Instant) {
    guard case .offered = phase.service?.departure?.progress else { return }
    let patience = canAsk(successor) ? Self.announcementPatience : Self.shortestPatience
    phase.service?.departure?.progress = .accepted(by: successor, until: now + patience)
    phase.service?.departure?.deadline = now + Self.successorPause
  }

  mutating func departed(to successor: IPAddress, at now: Instant, _ actions: inout Actions) {
    guard let purpose = phase.service?.departure?.purpose else { return }
    actions.append(.report(.handedOver(to: successor)))
    endHandover(.takenOver(by: successor), &actions)
    if purpose == .stopping { return leave(at: now, &actions) }
    elect(.resign(.handover(to: successor)), at: now, &actions)
    // The operator wants it there: no preemption as long as the successor is heard. Who stood back may have it
    // again as soon as the reason for that is gone.
    if purpose == .yielding {
      election.postponePreemption(until: now + .seconds(1_000_000_000))
    }
  }

  /// What was to be handed over before this instance stops may have been lost in another way.
  mutating func considerStopping(at now: Instant, _ actions: inout Actions) {
    guard isStopping, phase.service?.departure == nil else { return }
    if case .initialize(.stopped) = phase { return }
    leave(at: now, &actions)
  }

  private mutating func leave(at now: Instant, _ actions: inout Actions) {
    let isResuming = phase.resumption != nil
    if case .initialize(.found(let resumption)) = phase { holdings.adopt(resumption.found) }
    elect(.shutdown, at: now, &actions)
    phase = .initialize(.stopped(until: now + Self.stopTimeout))
    if isResuming { letGo(&actions) }
  }

  /// The kernel does not answer; the lease ends what is left.
  mutating func giveUpWaiting() {
    phase = .initialize(.stopped(until: nil))
    isResigning = false
    holdings.lose()
  }
}
