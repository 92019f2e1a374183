import Internet
import Neighbor

/// When to announce which addresses of the VIP to the neighbours: a burst at once, again after 1 s and 5 s for those who
/// were not listening yet (a port that still learns, a switch that still converges), then at a slow refresh for
/// caches that were overwritten.
///
/// A burst is some rounds; in each of them every address is announced in the first form, then in the second one, all in one
/// go, or one after the other where a pace is set. What has just come goes before all else.
struct AnnouncementSchedule: Hashable, Sendable {
  /// When the next round begins; nil if none does.
  private var round: Instant?
  private var started: Instant?
  /// When a rival was last contradicted.
  private var contradicted: Instant?
  private var burst: UInt16 = 0
  private var sentInBurst: UInt16 = 0
  /// Whether the round is of all that are there, not of those that have just come.
  private var isRepeating = false
  /// Of the round that has begun, those that it has still to announce.
  private var waiting: AddressSet = []
  /// Those that were announced in the first form, and not in the second one yet.
  private var halfway: AddressSet = []
  /// When the next announcement may be sent, if not at once.
  private var pause: Instant?

  private static let bursts: [Duration] = [.zero, .seconds(1), .seconds(5)]
  /// Apart enough that one short congestion does not swallow the whole burst.
  private static let spacing = Duration.milliseconds(20)
  /// A rival that keeps on claiming is answered with no more than one burst in this time.
  private static let rivalPause = Duration.seconds(1)
  /// How long a queue that is full is left alone: it holds some hundred frames, which take a millisecond or less.
  private static let queuePause = Duration.milliseconds(5)

  /// When an announcement is due next; nil while there is nothing to announce.
  var deadline: Instant? {
    guard isRoundOver else { return pause ?? started }
    guard let round, let pause else { return round }
    return max(round, pause)
  }

  /// Begins again at once.
  mutating func start(at now: Instant) {
    started = now
    burst = 0
    sentInBurst = 0
    round = now
    isRepeating = false
    (waiting, halfway) = ([], [])
  }

  /// `addresses` have come: begins again, with them.
  mutating func start(with addresses: AddressSet, _ parameters: Parameters, at now: Instant) {
    // Others that have just come, too, have not been announced at all.
    let (others, begun) = (isRepeating ? [] : waiting, halfway)
    start(at: now)
    (waiting, halfway) = (others.union(addresses), begun)
    planRound(parameters, at: now)
  }

  /// Begins again because a rival claimed the VIP, unless that was done a moment ago; tells which. The burst
  /// of the takeover itself is no answer: the rival may have announced after it.
  mutating func contradictRival(at now: Instant) -> Bool {
    guard started != nil else { return false }
    if let contradicted, now - contradicted < Self.rivalPause { return false }
    contradicted = now
    start(at: now)
    return true
  }

  /// The queue was full before these could be sent: they are announced first when there is room again.
  mutating func postpone(_ addresses: AddressSet, _ form: AnnouncementForm, at now: Instant) {
    guard started != nil else { return }
    switch form {
    case .first: waiting.formUnion(addresses)
    case .second: halfway.formUnion(addresses)
    }
    pause = max(pause ?? now, now + Self.queuePause)
  }

  /// Those of the addresses that are `present` which are to be announced now, and how.
  mutating func take(
    of present: AddressSet, _ parameters: Parameters, at now: Instant
  ) -> (addresses: AddressSet, form: AnnouncementForm)? {
    guard let deadline, deadline <= now else { return nil }
    pause = nil
    if isRoundOver {
      waiting = present
      isRepeating = true
      planRound(parameters, at: now)
    }
    waiting.formIntersection(present)
    halfway.formIntersection(present)
    if isRoundOver { return nil }
    let isFirst = !waiting.isEmpty
    var due = isFirst ? waiting : halfway
    if let pace = parameters.announcementInterval {
      due = due.first.map { AddressSet(index: $0) } ?? []
      pause = now + pace
    }
    waiting.subtract(due)
    if isFirst { halfway.formUnion(due) } else { halfway.subtract(due) }
    // However long this one took.
    if isRoundOver, let next = round { round = max(next, now + Self.spacing) }
    return (due, isFirst ? .first : .second)
  }

  private var isRoundOver: Bool { waiting.isEmpty && halfway.isEmpty }

  /// A round begins: when the next one does.
  private mutating func planRound(_ parameters: Parameters, at now: Instant) {
    sentInBurst += 1
    if burst < Self.bursts.count && sentInBurst < parameters.announcementRepeat {
      round = now + Self.spacing
      return
    }
    burst += 1
    sentInBurst = 0
    if burst < Self.bursts.count, let started {
      round = max(started + Self.bursts[Int(burst)], now + Self.spacing)
    } else {
      round = parameters.announcementRefresh.map { now + $0 }
    }
  }
}
