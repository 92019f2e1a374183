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
    thread = try KernelThread(on: loop, perform: { kernel.perform($0) }) {
      turnsBefore = turnsBefore ?? turns
      for case .answer(let number, let answer) in thread?.takeAnswers() ?? [] {
        answers.append((number, answer))
      }
      if answers.count == 3 { loop.exit(0) }
    }
    let requests: [KernelRequest] = [.setUp(true, linkIndex: 1), .removeLink(7), .setUp(false, linkIndex: 1)]
    for (index, request) in requests.enumerated() { thread?.ask(UInt32(index + 10), request) }
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
}
