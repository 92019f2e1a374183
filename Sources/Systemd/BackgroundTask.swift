import Glibc

/// Work that may have to wait, as for a disk, on a thread of its own; its result arrives on the loop.
public final class BackgroundTask<Value: Sendable> {
  /// The thread writes it and then closes its end of the pair; the loop sees that, and then reads it.
  private final class Outcome: @unchecked Sendable {
    var value: Value?
  }

  private var source: EventSource?

  /// Starts `work`. Calls `done` once with what it returned, unless the task is released before: then the thread
  /// still goes on to the end of `work`.
  public init(
    on loop: EventLoop, _ work: @escaping @Sendable () -> Value, done: @escaping (Value) -> Void
  ) throws(SystemdError) {
    let (mine, others) = try UnixSocket.pair(SOCK_STREAM)
    defer { close(mine) }
    let outcome = Outcome()
    do throws(SystemdError) {
      source = try loop.watch(fd: mine, priority: .signal) { [unowned self] in
        source = nil
        if let value = outcome.value { done(value) }
      }
      try DetachedThread.start {
        outcome.value = work()
        close(others)
      }
    } catch {
      close(others)
      throw error
    }
  }
}
