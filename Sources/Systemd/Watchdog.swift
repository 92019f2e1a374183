import Internet

/// When to tell systemd that the loop turns (sd_watchdog_enabled(3)).
///
/// sd_event_set_watchdog(3) would do so with the blocking sd_notify(3), and wake up for it alone. A host with a hundred
/// instances has a PID 1 that reads hundreds of these a second, and has room for ten or 512 of them
/// (net.unix.max_dgram_qlen): there are no more than need be, and what finds no room is sent when there is.
struct Watchdog: Hashable, Sendable {
  /// WatchdogSec= of the unit.
  let period: Duration
  /// When it was last told.
  private var last: Instant?
  /// When there was no room last, since then.
  private var refused: Instant?

  init(period: Duration) { self.period = period }

  /// When to wake up for it alone: what is left is for PID 1, which may be busy.
  var deadline: Instant? { refused.map { $0 + period / 8 } ?? last.map { $0 + period * 9 / 16 } }

  /// Whether to tell it now, the loop being awake for something else.
  func isDue(at now: Instant) -> Bool { refused != nil || last.map { $0 + period / 4 <= now } ?? true }

  mutating func note(wasSent: Bool, at now: Instant) {
    if wasSent { (last, refused) = (now, nil) } else { refused = now }
  }
}
