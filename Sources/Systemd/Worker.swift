import Glibc

/// A thread that does one thing after the other for an ``EventLoop``, which waits for none of them.
///
/// It keeps the realtime priority of the thread that made it: the loop may not wait, but its work may be urgent.
public final class Worker<Result> {
  /// What came of a job.
  public struct Outcome {
    fileprivate let result: Result
    fileprivate let isUrgent: Bool

    /// `isUrgent`: the loop is woken for it; else it is there when the loop looks.
    public init(_ result: Result, isUrgent: Bool = true) {
      self.result = result
      self.isUrgent = isUrgent
    }
  }

  private typealias Job = @Sendable () -> Outcome?

  /// Nil is the end.
  private let jobs: Mailbox<Job?>
  private let results: Mailbox<Result>
  private var source: EventSource?

  /// Starts a thread that does nothing yet. `done` is called from `loop` when there are results to take.
  public init(
    on loop: EventLoop, priority: EventLoop.Priority, done: @escaping () -> Void
  ) throws(SystemdError) {
    let jobs = try Mailbox<Job?>(waits: true)
    let results = try Mailbox<Result>(waits: false)
    self.jobs = jobs
    self.results = results
    source = try loop.watch(fd: results.fd, priority: priority, done)
    try DetachedThread.start(isUrgent: true) {
      while true {
        for job in jobs.take() {
          guard let job else { return }
          if let outcome = job() { results.post(outcome.result, wakes: outcome.isUrgent) }
        }
      }
    }
  }

  /// The thread ends when it has done what it was given.
  deinit { jobs.post(nil) }

  /// Has `job` done after all others; nil is no result.
  public func submit(_ job: @escaping @Sendable () -> Outcome?) { jobs.post(job) }

  /// Whether there are results to take.
  public var hasResults: Bool { !results.isEmpty }

  /// The results that have come since, in order.
  public func takeResults() -> [Result] { results.take() }

  /// Has `done` called once more, after what is more urgent.
  public func callAgain() { results.signal() }
}
