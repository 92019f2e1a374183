import CLab
import Glibc

/// One thread and one poll(2) for everything that is watched in a segment, so that all times come from one
/// place and events are seen in the order in which they became readable.
///
/// What the sources' handlers write is guarded by `held`.
package final class ObserverLoop: @unchecked Sendable {
  private struct Source {
    let descriptor: Descriptor
    let handler: (_ now: Duration) -> Void
  }
  private let lock = Lock()
  private var sources: [Source] = []
  private var isStopping = false
  private let wake: Descriptor
  private var thread: WorkerThread?

  init() throws(LabError) {
    wake = try Descriptor(lab_event(), "eventfd")
    thread = try WorkerThread { [self] in run() }
  }

  /// Runs `body` while no handler runs.
  package func held<Result>(_ body: () throws -> Result) rethrows -> Result { try lock.held(body) }

  /// Calls `handler` each time `descriptor` can be read. Sources added earlier are served first.
  func add(_ descriptor: Descriptor, _ handler: @escaping (_ now: Duration) -> Void) {
    held { sources.append(Source(descriptor: descriptor, handler: handler)) }
    wakeUp()
  }

  /// No call of the handler begins after this.
  func remove(_ descriptor: Descriptor) {
    held { sources.removeAll { $0.descriptor === descriptor } }
    wakeUp()
  }

  /// Waits until `condition`, which is evaluated while held, is true; throws `what` was not when `limit` passed.
  package func wait(
    for what: String, within limit: Duration, until condition: () -> Bool
  ) throws(LabError) {
    let end = MonotonicClock.now + limit
    while !held(condition) {
      guard MonotonicClock.now < end else { throw LabError("waited \(limit) in vain for \(what)") }
      pause(.milliseconds(2))
    }
  }

  /// Ends the thread and lets go of every source.
  func stop() {
    held { isStopping = true }
    wakeUp()
    thread?.join()
    thread = nil
    held { sources = [] }
  }

  private func wakeUp() {
    var one: UInt64 = 1
    _ = write(wake.number, &one, 8)
  }

  private func run() {
    _ = lab_prefer_this_thread()
    while true {
      let (current, stopping) = held { (sources, isStopping) }
      if stopping { return }
      var polled = ([wake] + current.map(\.descriptor)).map {
        pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0)
      }
      guard poll(&polled, nfds_t(polled.count), -1) >= 0 else { continue }
      let now = MonotonicClock.now
      if polled[0].revents != 0 {
        var count: UInt64 = 0
        _ = read(wake.number, &count, 8)
      }
      for (index, source) in current.enumerated() where polled[index + 1].revents != 0 {
        held {
          if sources.contains(where: { $0.descriptor === source.descriptor }) { source.handler(now) }
        }
      }
    }
  }
}
