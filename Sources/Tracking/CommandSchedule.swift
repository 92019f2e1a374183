public import Internet

/// When a check's command runs, and when it has run for too long.
///
/// Commands of one check never overlap: the next one starts an interval after the last one started, or when
/// that one has ended, whichever is later.
public struct CommandSchedule: Hashable, Sendable {
  /// What is to be done.
  public enum Action: Hashable, Sendable {
    /// Start the command.
    case start
    /// It has failed by taking too long: end it.
    case kill
    /// It was killed and is still there: it fails once more.
    case failAgain
  }

  /// Between two starts, more than 0.
  public var interval: Duration
  /// What one run may take, more than 0.
  public var timeout: Duration

  private enum Phase: Hashable {
    case waiting(until: Instant)
    case running(since: Instant)
    case killed(since: Instant, next: Instant)
  }

  private var phase: Phase

  /// A schedule whose first run is at `first`.
  public init(interval: Duration, timeout: Duration, first: Instant) {
    self.interval = interval
    self.timeout = timeout
    phase = .waiting(until: first)
  }

  /// When to call `timer(at:)`.
  public var deadline: Instant {
    switch phase {
    case .waiting(let until): until
    case .running(let since): since + timeout
    case .killed(_, let next): next
    }
  }

  /// What is due; nil if `deadline` has not come.
  public mutating func timer(at now: Instant) -> Action? {
    guard deadline <= now else { return nil }
    switch phase {
    case .waiting:
      phase = .running(since: now)
      return .start
    case .running(let since):
      phase = .killed(since: since, next: now + interval)
      return .kill
    case .killed(let since, _):
      // A process in an uninterruptible call, as on a dead disk, outlives its killing.
      phase = .killed(since: since, next: now + interval)
      return .failAgain
    }
  }

  /// The process has ended, or could not be started; whether its result counts: a killed one's has been
  /// counted.
  public mutating func ended(at now: Instant) -> Bool {
    switch phase {
    case .waiting: return false
    case .running(let since):
      phase = .waiting(until: max(now, since + interval))
      return true
    case .killed(let since, _):
      phase = .waiting(until: max(now, since + interval))
      return false
    }
  }
}
