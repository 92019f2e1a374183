import Internet

/// When to announce the VIP to the neighbours: a burst at once, again after 1 s and 5 s for those who were
/// not listening yet (a port that still learns, a switch that still converges), then at a slow refresh for
/// caches that were overwritten.
struct AnnouncementSchedule: Hashable, Sendable {
  /// When the next announcement is due; nil while there is nothing to announce.
  private(set) var deadline: Instant?
  private var started: Instant?
  /// When a rival was last contradicted.
  private var contradicted: Instant?
  private var burst: UInt16 = 0
  private var sentInBurst: UInt16 = 0

  private static let bursts: [Duration] = [.zero, .seconds(1), .seconds(5)]
  /// Apart enough that one short congestion does not swallow the whole burst.
  private static let spacing = Duration.milliseconds(20)
  /// A rival that keeps on claiming is answered with no more than one burst in this time.
  private static let rivalPause = Duration.seconds(1)

  /// Begins again at once.
  mutating func start(at now: Instant) {
    started = now
    burst = 0
    sentInBurst = 0
    deadline = now
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

  /// Stops announcing.
  mutating func stop() { self = AnnouncementSchedule() }

  /// Whether to announce now; advances to the next deadline if so.
  mutating func isDue(at now: Instant, repeat count: Int, refresh: Duration?) -> Bool {
    guard let due = deadline, let started, due <= now else { return false }
    sentInBurst += 1
    if burst < Self.bursts.count && sentInBurst < count {
      deadline = now + Self.spacing
      return true
    }
    burst += 1
    sentInBurst = 0
    if burst < Self.bursts.count {
      deadline = max(started + Self.bursts[Int(burst)], now + Self.spacing)
    } else {
      deadline = refresh.map { now + $0 }
    }
    return true
  }
}
