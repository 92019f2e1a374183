import Glibc
import Internet
import Linux
import Testing

@testable import Systemd

/// Sources that handlers release, and what they did, in order.
private final class Bench {
  let loop: EventLoop
  var sources: [String: AnyObject] = [:]
  var log: [String] = []
  var timer: Timer?

  init() throws {
    loop = try EventLoop()
  }
}

struct EventLoopTests {
  /// As a process that was just forked may, and sd-bus closes its socket by itself.
  @Test func aDescriptorClosedTooEarlyThatSomebodyElseHoldsIsForgotten() throws {
    let bench = try Bench()
    let pipe = try Pipe()
    let closed = dup(pipe.reader)
    bench.sources["closed"] = try bench.loop.watch(fd: closed, priority: .signal) {
      bench.log.append("called")
    }
    close(closed)
    bench.sources["closed"] = nil
    pipe.put()
    let end = try bench.loop.timer { bench.loop.exit(0) }
    end.arm(at: Clock.now + .milliseconds(50))
    #expect(try bench.loop.run() == 0)
    #expect(bench.log.isEmpty)
    withExtendedLifetime(end) {}
  }

  /// The number of a descriptor that was closed is the next one's.
  @Test func aSourceReleasedByItsHandlerLeavesTheNextOneAlone() throws {
    let bench = try Bench()
    var first: Pipe? = try Pipe()
    let number = try #require(first?.reader)
    var second: Pipe?
    bench.sources["first"] = try bench.loop.watch(fd: number, priority: .packet) {
      bench.log.append("first")
      bench.sources["first"] = nil
      first = nil
      do {
        let pipe = try Pipe()
        second = pipe
        #expect(pipe.reader == number)
        bench.sources["second"] = try bench.loop.watch(fd: pipe.reader, priority: .packet) {
          bench.log.append("second")
          bench.loop.exit(0)
        }
        pipe.put()
      } catch {
        Issue.record(error)
      }
    }
    let timeout = try bench.loop.timer { bench.loop.exit(1) }
    timeout.arm(at: Clock.now + .seconds(5))
    first?.put()
    #expect(try bench.loop.run() == 0)
    #expect(bench.log == ["first", "second"])
    withExtendedLifetime((second, timeout)) {}
  }

  @Test func timersComeInTheOrderOfTheirInstants() throws {
    let bench = try Bench()
    let start = Clock.now
    let delays = ["third": 30, "first": 10, "second": 20]
    for (name, milliseconds) in delays {
      let due = start + .milliseconds(milliseconds)
      let timer = try bench.loop.timer {
        #expect(Clock.now >= due)
        #expect(Clock.now - due < .seconds(2))
        bench.log.append(name)
        if bench.log.count == 3 { bench.loop.exit(7) }
      }
      timer.arm(at: due)
      bench.sources[name] = timer
    }
    #expect(try bench.loop.run() == 7)
    #expect(bench.log == ["first", "second", "third"])
  }

  @Test func timerIsForOneShotAndCanBeArmedAgain() throws {
    let bench = try Bench()
    var times: [Instant] = []
    let end = try bench.loop.timer { bench.loop.exit(0) }
    bench.timer = try bench.loop.timer {
      times.append(Clock.now)
      if times.count < 3 { bench.timer?.arm(at: times[0] + .milliseconds(15 * times.count)) }
    }
    bench.timer?.arm(at: Clock.now)
    end.arm(at: Clock.now + .milliseconds(200))
    #expect(try bench.loop.run() == 0)
    #expect(times.count == 3)
    #expect(times[1] >= times[0] + .milliseconds(15))
    #expect(times[2] >= times[0] + .milliseconds(30))
  }

  @Test func laterArmingReplacesTheEarlierAndDisarmingEndsIt() throws {
    let bench = try Bench()
    let moved = try bench.loop.timer { bench.log.append("moved") }
    let disarmed = try bench.loop.timer { bench.log.append("disarmed") }
    let never = try bench.loop.timer { bench.log.append("never armed") }
    let end = try bench.loop.timer { bench.loop.exit(0) }
    moved.arm(at: Clock.now + .seconds(3600))
    moved.arm(at: Instant(sinceBoot: .seconds(-5)))
    disarmed.arm(at: Clock.now + .milliseconds(5))
    disarmed.disarm()
    end.arm(at: Clock.now + .milliseconds(50))
    #expect(try bench.loop.run() == 0)
    #expect(bench.log == ["moved"])
    withExtendedLifetime(never) {}
  }

  @Test func waitingPacketGoesBeforeTheTimerThatIsDue() throws {
    let bench = try Bench()
    let pipe = try Pipe()
    let timer = try bench.loop.timer {
      bench.log.append("timer")
      bench.loop.exit(0)
    }
    let source = try bench.loop.watch(fd: pipe.reader, priority: .packet) {
      pipe.take()
      bench.log.append("packet")
    }
    timer.arm(at: Clock.now + .milliseconds(-100))
    pipe.put()
    pipe.put()
    #expect(try bench.loop.run() == 0)
    #expect(bench.log == ["packet", "packet", "timer"])
    withExtendedLifetime(source) {}
  }

  @Test(arguments: [EventLoop.Priority.packet, .kernel, .answer])
  func floodDoesNotKeepTimersWaiting(_ priority: EventLoop.Priority) throws {
    let bench = try Bench()
    let pipe = try Pipe()
    var packets = 0
    // Never read, so always ready.
    let source = try bench.loop.watch(fd: pipe.reader, priority: priority) { packets += 1 }
    pipe.put()
    var latest = Duration.zero
    var due = Clock.now + .milliseconds(5)
    bench.timer = try bench.loop.timer {
      latest = max(latest, Clock.now - due)
      bench.log.append("timer")
      if bench.log.count == 20 { return bench.loop.exit(0) }
      due = Clock.now + .milliseconds(5)
      bench.timer?.arm(at: due)
    }
    bench.timer?.arm(at: due)
    #expect(try bench.loop.run() == 0)
    print("timer in a flood of \(packets) dispatches: at most \(latest) late")
    #expect(packets > 500)
    #expect(latest < .seconds(1))
    withExtendedLifetime(source) {}
  }

  @Test func sourceCanBeReleasedInItsOwnHandler() throws {
    let bench = try Bench()
    let pipe = try Pipe()
    bench.sources["own"] = try bench.loop.watch(fd: pipe.reader, priority: .packet) {
      bench.sources["own"] = nil
      bench.log.append("packet")
    }
    bench.timer = try bench.loop.timer {
      bench.timer = nil
      bench.log.append("timer")
    }
    let end = try bench.loop.timer { bench.loop.exit(0) }
    pipe.put()
    bench.timer?.arm(at: Clock.now)
    end.arm(at: Clock.now + .milliseconds(50))
    #expect(try bench.loop.run() == 0)
    #expect(bench.log == ["packet", "timer"])
  }

  @Test func sourceReleasedByAnotherHandlerIsNotCalled() throws {
    let bench = try Bench()
    let pipes = [try Pipe(), try Pipe()]
    for (index, pipe) in pipes.enumerated() {
      bench.sources["\(index)"] = try bench.loop.watch(fd: pipe.reader, priority: .packet) {
        bench.log.append("packet")
        bench.sources = [:]
      }
      pipe.put()
    }
    let end = try bench.loop.timer { bench.loop.exit(0) }
    end.arm(at: Clock.now + .milliseconds(50))
    #expect(try bench.loop.run() == 0)
    #expect(bench.log == ["packet"])
  }

  @Test func releasedHandlerIsFreed() throws {
    final class Witness {}
    let loop = try EventLoop()
    weak var witness: Witness?
    do {
      let captured = Witness()
      witness = captured
      let timer = try loop.timer { withExtendedLifetime(captured) {} }
      timer.arm(at: Clock.now + .seconds(3600))
      #expect(witness != nil)
    }
    #expect(witness == nil)
  }

  @Test func closedDescriptorIsRefused() throws {
    let loop = try EventLoop()
    let error = #expect(throws: SystemdError.self) {
      _ = try loop.watch(fd: -1, priority: .packet) {}
    }
    #expect(error?.errno == EBADF)
    #expect(error?.description == "watching a descriptor: Bad file descriptor")
  }

  @Test func microsecondsAreRoundedUp() {
    #expect(Timer.microseconds(.seconds(2)) == 2_000_000)
    #expect(Timer.microseconds(.nanoseconds(1)) == 1)
    #expect(Timer.microseconds(.nanoseconds(1000)) == 1)
    #expect(Timer.microseconds(.nanoseconds(1001)) == 2)
    #expect(Timer.microseconds(.seconds(-1)) == 0)
    #expect(Timer.microseconds(.nanoseconds(-1)) == 0)
    #expect(Timer.microseconds(.zero) == 0)
  }

  @Test func signalIsHandledInTheLoop() async {
    await #expect(processExitsWith: .exitCode(3)) {
      let loop = try EventLoop()
      let journal = try Journal(identifier: "vipd")
      let source = try loop.signal(SIGTERM) { loop.exit(3) }
      // Directed at this thread: the test process has others, whose default action would end it.
      pthread_kill(pthread_self(), SIGTERM)
      let code = try loop.run()
      withExtendedLifetime((source, journal)) {}
      exit(code)
    }
  }
}
