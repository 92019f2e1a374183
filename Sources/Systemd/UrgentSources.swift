import Linux

/// The sources of a loop that go before its timers, and rest together when they have kept them waiting.
///
/// Else a flood of packets could end a lease, and a realtime process that never sleeps is killed (setrlimit(2),
/// RLIMIT_RTTIME). What counts is the time that this thread computed: after a freeze, all that waited meanwhile
/// still goes before the timers.
final class UrgentSources {
  /// Of processor time, from one timer to the next. Two thousand packets are handled in it, more than the buffers of
  /// an instance's sockets hold (212992 octets each, of which a small packet takes 512 or more).
  private static let share = Duration.milliseconds(20)
  /// As long as the share: a flood takes half of a processor.
  static let rest = Duration.milliseconds(20)

  private struct Entry {
    weak var source: EventSource?
  }

  private var entries: [Entry] = []
  private var isResting = false
  private var start = Clock.processorTime

  func add(_ source: EventSource) {
    entries.removeAll { $0.source == nil }
    entries.append(Entry(source: source))
    source.isResting = isResting
  }

  /// A timer has its turn, and then they.
  func startTurn() { start = Clock.processorTime }

  /// Whether they have had their share, and rest from now on.
  func restIfDue() -> Bool {
    guard Clock.processorTime - start > Self.share else { return false }
    setResting(true)
    return true
  }

  func resume() { setResting(false) }

  private func setResting(_ isResting: Bool) {
    self.isResting = isResting
    for entry in entries { entry.source?.isResting = isResting }
  }
}
