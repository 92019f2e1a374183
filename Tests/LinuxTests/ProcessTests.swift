import Foundation
import Internet
import Netlink
import Testing

@testable import Linux

struct ProcessTests {
  @Test(.enabled(if: isRoot, "needs root")) func rootMissesNothing() throws {
    #expect(try Capabilities.missing().isEmpty)
  }

  @Test func clockCountsForward() {
    let first = Clock.now
    let second = Clock.now
    #expect(second >= first)
    #expect(first.sinceBoot > .zero)
  }

  @Test func instantIsShownAsLocalTime() throws {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    let text = Clock.localTime(Clock.now + .seconds(-3600))
    let shown = try #require(formatter.date(from: String(text.prefix(19))), "\(text)")
    #expect(abs(shown.timeIntervalSinceNow + 3600) < 5)
  }

  @Test(.enabled(if: isRoot, "needs root")) func realtimePriorityIsSeen() async {
    await #expect(processExitsWith: .success) {
      #expect(!RealtimePriority.isGiven)
      for policy in [SCHED_RR, SCHED_FIFO] {
        var parameters = sched_param(sched_priority: 1)
        #expect(sched_setscheduler(0, policy, &parameters) == 0)
        #expect(RealtimePriority.isGiven)
      }
    }
  }

  @Test func unmappedCodeStillRuns() throws {
    let before = try Self.resident()
    Memory.trim()
    #expect(try Self.resident() < before)
    #expect(Clock.now.sinceBoot > .zero)
  }

  /// Pages of files that are in memory (proc_pid_statm(5)).
  private static func resident() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return try #require(Int(fields[2]))
  }

  @Test func errorsSayWhatFailed() {
    #expect(LinuxError("sending", errno: ENETDOWN).description == "sending: Network is down")
    #expect(LinuxError("sending", errno: ENETDOWN).kind == .linkDown)
    #expect(LinuxError("asking", errno: EINVAL, explanation: "why").description.hasSuffix(" (why)"))
    #expect(LinuxError("asking", netlink: -5).description.hasPrefix("asking: "))
  }
}
