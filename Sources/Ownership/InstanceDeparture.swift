import Internet
import VRRP

/// A handover under way: the VIP is offered and still served.
struct Departure: Hashable, Sendable {
  /// Whether the instance stops when it is over.
  let stops: Bool
  /// How often the offer may still be repeated.
  var offersLeft = 3
  /// Who said that it is Active; its kernel need not have the VIP yet.
  var successor: IPv4Address?
  /// When to repeat the offer, to give up, or to leave the VIP to the successor whether it was seen or not.
  var deadline: Instant
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
    depart(stops: true, at: now, &actions)
  }

  /// Make before break: offers the VIP and serves it until a successor announces it. The shortest interval makes
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

  /// A router says that it is Active. Its neighbours still send to this host: the VIP is served until the
  /// successor announces it.
  mutating func offerIsAccepted(by successor: IPv4Address, at now: Instant) {
    guard var current = departure, current.successor == nil else { return }
    current.successor = successor
    current.deadline = now + Self.announcementPatience
    departure = current
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
