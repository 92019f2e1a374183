import Glibc

/// What processes have used of the processors so far, by the kernel's own accounts of each of their threads.
package struct ProcessAccount: Sendable {
  /// Since one account until a later one.
  package struct Usage: Equatable, Sendable {
    package var runTime = Duration.zero
    /// Voluntary ones, which are wake-ups, and those that somebody else's made.
    package var contextSwitches = 0
  }
  private var threads: [pid_t: Usage] = [:]

  init(threads: [pid_t: Usage] = [:]) { self.threads = threads }

  /// Of the threads that the processes have now.
  init(of pids: [pid_t]) {
    for pid in pids {
      for thread in File.entries(of: "/proc/\(pid)/task").compactMap({ pid_t($0) }) {
        let path = "/proc/\(pid)/task/\(thread)"
        guard let schedule = File.read("\(path)/schedstat"), let status = File.read("\(path)/status"),
          let usage = Self.usage(schedule: schedule, status: status)
        else { continue }
        threads[thread] = usage
      }
    }
  }

  /// A thread's, from its `schedstat` and `status` (proc(5)); nil if they say something else.
  static func usage(schedule: String, status: String) -> Usage? {
    guard let runTime = schedule.split(separator: " ").first.flatMap({ Int64($0) }) else { return nil }
    let switches = ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"].map { name in
      status.split(separator: "\n").first { $0.hasPrefix(name) }
        .flatMap { Int($0.dropFirst(name.count).drop(while: \.isWhitespace)) }
    }
    guard let voluntary = switches[0], let others = switches[1] else { return nil }
    return Usage(runTime: .nanoseconds(runTime), contextSwitches: voluntary + others)
  }

  /// A thread that came since counts whole, one that went not at all.
  package func used(since earlier: ProcessAccount) -> Usage {
    threads.reduce(into: Usage()) { total, thread in
      let before = earlier.threads[thread.key] ?? Usage()
      total.runTime += thread.value.runTime - before.runTime
      total.contextSwitches += thread.value.contextSwitches - before.contextSwitches
    }
  }
}
