import Glibc
import Host
import Internet
import Linux
import Netlink
import Systemd
import Testing

@testable import Daemon

/// Requests to a kernel that takes its time.
struct KernelThreadTests {
  private final class Kernel: @unchecked Sendable {
    private let gate: (reader: Int32, writer: Int32)
    /// Only of the thread, and of the test when that is done.
    var asked: [KernelRequest] = []

    init() throws {
      var ends: [Int32] = [-1, -1]
      try #require(pipe(&ends) == 0)
      gate = (ends[0], ends[1])
    }

    deinit {
      close(gate.reader)
      close(gate.writer)
    }

    func release() { write(gate.writer, "x", 1) }

    /// As while another process holds RTNL.
    func perform(_ request: KernelRequest) -> KernelAnswer {
      if asked.isEmpty {
        var byte: UInt8 = 0
        read(gate.reader, &byte, 1)
      }
      asked.append(request)
      if case .removeLink(let index) = request {
        return .refused(KernelRefusal(.linkGone, code: index, "gone"))
      }
      return .done
    }
  }

  @Test func theLoopTurnsWhileTheKernelKeepsItsLock() throws {
    let loop = try EventLoop()
    let kernel = try Kernel()
    var answers: [(UInt32, KernelAnswer)] = []
    var turns = 0
    var turnsBefore: Int?
    var thread: KernelThread?
    thread = try KernelThread(on: loop, perform: { $0.map(kernel.perform) }) {
      turnsBefore = turnsBefore ?? turns
      for case .answers(let some) in thread?.takeAnswers() ?? [] { answers += some }
      if answers.count == 3 { loop.exit(0) }
    }
    let requests: [KernelRequest] = [.setUp(true, linkIndex: 1), .removeLink(7), .setUp(false, linkIndex: 1)]
    thread?.ask([(10, requests[0], true), (11, requests[1], true)])
    thread?.ask([(12, requests[2], true)])
    var timer: Timer?
    timer = try loop.timer {
      turns += 1
      if turns == 20 { kernel.release() }
      timer?.arm(at: Clock.now + .milliseconds(5))
    }
    timer?.arm(at: Clock.now)
    #expect(try loop.run() == 0)
    #expect(turnsBefore == 20)
    #expect(kernel.asked == requests)
    #expect(answers.map(\.0) == [10, 11, 12])
    #expect(answers[0].1 == .done && answers[2].1 == .done)
    #expect(answers[1].1 == .refused(KernelRefusal(.linkGone, code: 7, "gone")))
  }

  /// The index of no link: the kernel finds that out with the lock, and changes nothing.
  private let nowhere = Int32.max

  /// The daemon was killed by its watchdog while another process held the lock for more than a second.
  @Test(.enabled(if: access("/dev/userfaultfd", R_OK | W_OK) == 0 && geteuid() == 0, "needs root"))
  func theLoopTurnsWhileAnotherProcessHoldsRTNL() throws {
    let loop = try EventLoop()
    var answers: [KernelAnswer] = []
    var thread: KernelThread?
    thread = try KernelThread(on: loop) {
      for case .answers(let some) in thread?.takeAnswers() ?? [] { answers += some.map(\.answer) }
      if answers.count == 2 { loop.exit(0) }
    }
    let lock = try HeldKernelLock()
    let start = Clock.now
    thread?.ask([(1, .setUp(true, linkIndex: nowhere), true)])
    thread?.ask([(2, .look, true)])
    var last = start
    var worst = Duration.zero
    var timer: Timer?
    timer = try loop.timer {
      worst = max(worst, Clock.now - last)
      last = Clock.now
      if last - start < .seconds(2) { timer?.arm(at: last + .milliseconds(10)) } else { lock.release() }
    }
    timer?.arm(at: start)
    #expect(try loop.run() == 0)
    let waited = Clock.now - start
    print("RTNL held for \(waited), the loop turned at least every \(worst)")
    guard case .refused(let refusal) = answers[0], case .snapshot = answers[1] else {
      Issue.record("\(answers)")
      return
    }
    #expect(refusal.kind == .linkGone)
    #expect(waited >= .seconds(2))
    #expect(worst < .milliseconds(500))
  }

  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func answersAreQuick() throws {
    let loop = try EventLoop()
    var times: [Duration] = []
    var asked = Clock.now
    var thread: KernelThread?
    func ask() {
      asked = Clock.now
      thread?.ask([(1, .setUp(true, linkIndex: nowhere), true)])
    }
    thread = try KernelThread(on: loop) {
      _ = thread?.takeAnswers()
      times.append(Clock.now - asked)
      if times.count == 500 { return loop.exit(0) }
      ask()
    }
    ask()
    #expect(try loop.run() == 0)
    times.sort()
    print("request and answer by the kernel's thread: median \(times[250]), 99 % \(times[495])")
    #expect(times[250] < .milliseconds(5))
  }
}
