import CLab
import Glibc
import Synchronization

/// What must be undone however this process ends: returning, exit(3), SIGINT, SIGTERM or SIGHUP.
///
/// SIGKILL leaves namespaces behind; the next segment made on the machine sweeps those of dead processes.
enum Cleanup {
  private struct State: ~Copyable {
    var tasks: [Int: @Sendable () -> Void] = [:]
    var nextToken = 0
    var isArmed = false
  }
  private static let state = Mutex(State())

  /// Has `task` run at the end of the process unless `cancel` is called with the token first.
  static func register(_ task: @escaping @Sendable () -> Void) -> Int {
    let (token, mustArm) = state.withLock { state in
      defer { state.isArmed = true }
      state.nextToken += 1
      state.tasks[state.nextToken] = task
      return (state.nextToken, !state.isArmed)
    }
    if mustArm { arm() }
    return token
  }

  static func cancel(_ token: Int) { state.withLock { _ = $0.tasks.removeValue(forKey: token) } }

  private static func runAll() {
    let tasks = state.withLock { state in
      defer { state.tasks = [:] }
      return state.tasks
    }
    for token in tasks.keys.sorted(by: >) { tasks[token]?() }
  }

  /// A handler may do next to nothing, so a thread of its own waits for the signals' numbers on a pipe.
  private static func arm() {
    atexit { Cleanup.runAll() }
    guard lab_pipe(&signalPipe) == 0 else { return }
    let readEnd = signalPipe[0]
    _ = try? WorkerThread {
      var number: UInt8 = 0
      while read(readEnd, &number, 1) < 0, errno == EINTR {}
      runAll()
      _exit(128 + Int32(number))
    }
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        var octet = UInt8(truncatingIfNeeded: number)
        _ = write(Cleanup.signalPipe[1], &octet, 1)
      }
    }
  }

  /// Written once, before any handler that reads it is installed.
  nonisolated(unsafe) private static var signalPipe: [Int32] = [-1, -1]
}
