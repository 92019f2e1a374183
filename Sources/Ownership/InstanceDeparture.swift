import Internet
import VRRP

/// A handover under way: the VIP is offered and still served.
struct Departure: Hashable, Sendable {
  /// Whether the instance stops when it is over.
  let stops: Bool
  /// How often the offer may still be repeated.
  var offersLeft = 3
  /// When to repeat it, or to give up; once a successor was heard, when to let go at the latest.
  var deadline: Instant
  /// Who was heard to take over.
  var successor: IPv4Address?
}

extension Instance {
  /// How long the kernel may take to confirm removals before the process exits without.
  static let stopTimeout = Duration.seconds(1)
  /// Longer than the Skew_Time of any successor at the shortest interval, so that a repetition does not
  /// restart its timer.
  private static let offerPause = Duration.milliseconds(20)

  mutating func stop(at now: Instant, _ actions: inout Actions) {
    guard !isStopping else { return }
    isStopping = true
    retry = nil
    departure = nil
    depart(stops: true, at: now, &actions)
  }

  /// Make before break: offers the VIP and serves it until a successor is heard. The shortest interval makes
  /// the successor's Skew_Time short, priority 0 makes it wait no longer than that (RFC 9568 §6.4.2).
  mutating func depart(stops: Bool, at now: Instant, _ actions: inout Actions) {
    guard departure == nil else { return }
    guard election.state == .active, owns, !routers.standbys(at: now).isEmpty else {
      if stops { leave(at: now, &actions) } else { actions.append(.report(.handoverRefused)) }
      return
    }
    departure = Departure(stops: stops, deadline: now)
    departureIsDue(at: now, &actions)
  }

  /// A successor advertises before it has the address. Its announcement, which every neighbour heeds at the
  /// same moment, is the time to let go; if that is lost, so that two do not own the VIP for long, soon after.
  mutating func departs(to successor: IPv4Address, at now: Instant) {
    guard departure?.successor == nil else { return }
    departure?.successor = successor
    departure?.deadline = now + Self.longestOverlap
  }

  private static let longestOverlap = Duration.milliseconds(5)

  mutating func departureIsDue(at now: Instant, _ actions: inout Actions) {
    guard var current = departure else { return }
    if let successor = current.successor { return departed(to: successor, at: now, &actions) }
    guard current.offersLeft > 0 else { return nobodyTakesOver(at: now, &actions) }
    current.offersLeft -= 1
    // A successor with a higher priority does not learn our interval: it may wait a Skew_Time of its own.
    let patience = parameters.interval.duration + .milliseconds(100)
    current.deadline = now + (current.offersLeft > 0 ? Self.offerPause : patience)
    departure = current
    advertise(parameters.priority, interval: .shortest, at: now, &actions)
    advertise(0, interval: .shortest, at: now, &actions)
  }

  private mutating func nobodyTakesOver(at now: Instant, _ actions: inout Actions) {
    let stops = departure?.stops ?? false
    departure = nil
    if stops { return leave(at: now, &actions) }
    actions.append(.report(.handoverRefused))
    elect(.timer, at: now, &actions)
  }

  mutating func departed(to successor: IPv4Address, at now: Instant, _ actions: inout Actions) {
    let stops = departure?.stops ?? false
    departure = nil
    actions.append(.report(.handedOver(to: successor)))
    if stops { return leave(at: now, &actions) }
    elect(.resign(.handover(to: successor)), at: now, &actions)
    // The operator wants it there: no preemption as long as the successor is heard.
    election.postponePreemption(until: now + .seconds(1_000_000_000))
  }

  private mutating func leave(at now: Instant, _ actions: inout Actions) {
    stopDeadline = now + Self.stopTimeout
    elect(.shutdown, at: now, &actions)
    if resumption != nil { letGo(&actions) }
  }
}
