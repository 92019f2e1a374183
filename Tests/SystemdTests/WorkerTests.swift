import Glibc
import Internet
import Linux
import Testing

@testable import Systemd

struct WorkerTests {
  @Test func jobsAreDoneInOrderWhileTheLoopTurns() throws {
    let loop = try EventLoop()
    let gate = try Pipe()
    var log: [String] = []
    var worker: Worker<Int>?
    worker = try Worker(on: loop, priority: .answer) {
      for result in worker?.takeResults() ?? [] {
        log.append("\(result)")
        if result == 3 { loop.exit(0) }
      }
    }
    worker?.submit {
      gate.take()
      return .init(1)
    }
    worker?.submit { nil }
    worker?.submit { .init(2) }
    worker?.submit { .init(3) }
    let timer = try loop.timer {
      log.append("timer")
      gate.put()
    }
    timer.arm(at: Clock.now + .milliseconds(50))
    #expect(try loop.run() == 0)
    #expect(log == ["timer", "1", "2", "3"])
    withExtendedLifetime(timer) {}
  }

  @Test func doneIsCalledAgainOnRequest() throws {
    let loop = try EventLoop()
    var calls = 0
    var worker: Worker<Int>?
    worker = try Worker(on: loop, priority: .answer) {
      calls += 1
      // Not taken, a result must not keep the loop busy by itself.
      if calls == 2 { #expect(worker?.takeResults() == [7]) }
      if calls == 3 {
        #expect(worker?.takeResults() == [])
        return loop.exit(0)
      }
      if calls == 2 { worker?.callAgain() }
    }
    worker?.submit { .init(7) }
    #expect(try loop.run() == 0)
    #expect(calls == 3)
  }

  @Test func theLoopIsNotWokenForWhatIsNotUrgent() throws {
    let loop = try EventLoop()
    var calls = 0
    var worker: Worker<Int>?
    worker = try Worker(on: loop, priority: .answer) {
      calls += 1
      #expect(worker?.takeResults() == [1, 2])
      loop.exit(0)
    }
    worker?.submit { .init(1, isUrgent: false) }
    let timer = try loop.timer {
      #expect(calls == 0)
      // It is there for whoever looks.
      #expect(worker?.hasResults == true)
      worker?.submit { .init(2) }
    }
    timer.arm(at: Clock.now + .milliseconds(100))
    #expect(try loop.run() == 0)
    #expect(calls == 1)
    withExtendedLifetime(timer) {}
  }

  /// Whoever ends does not wait for a job that waits.
  @Test func nobodyWaitsForAWorkerThatIsReleased() throws {
    let loop = try EventLoop()
    let gate = try Pipe()
    let start = Clock.now
    var worker: Worker<Int>? = try Worker(on: loop, priority: .answer) {}
    worker?.submit {
      gate.take()
      return .init(1)
    }
    worker = nil
    #expect(worker == nil)
    #expect(Clock.now - start < .seconds(1))
    gate.put()
  }

  @Test func theWayThereAndBackIsShort() throws {
    let loop = try EventLoop()
    var times: [Duration] = []
    var sent = Clock.now
    var worker: Worker<Int>?
    func submit() {
      sent = Clock.now
      worker?.submit { .init(1) }
    }
    worker = try Worker(on: loop, priority: .answer) {
      _ = worker?.takeResults()
      times.append(Clock.now - sent)
      if times.count == 1000 { return loop.exit(0) }
      submit()
    }
    submit()
    #expect(try loop.run() == 0)
    times.sort()
    print("worker, there and back: median \(times[500]), 99 % \(times[990]), worst \(times[999])")
    #expect(times[500] < .milliseconds(2))
  }
}

@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct ThreadPriorityTests {
  /// What is urgent keeps the daemon's priority, and what only writes or reads files does not.
  @Test func onlyTheWorkerIsUrgent() async {
    await #expect(processExitsWith: .success) {
      var parameters = sched_param(sched_priority: 1)
      #expect(sched_setscheduler(0, SCHED_RR, &parameters) == 0)
      let loop = try EventLoop()
      var policies: [Int32] = []
      func note(_ policy: Int32) {
        policies.append(policy)
        if policies.count == 2 { loop.exit(0) }
      }
      var worker: Worker<Int32>?
      worker = try Worker(on: loop, priority: .answer) { worker?.takeResults().forEach(note) }
      worker?.submit { .init(sched_getscheduler(0)) }
      let task = try BackgroundTask(on: loop) {
        sched_getscheduler(0)
      } done: {
        note($0)
      }
      #expect(try loop.run() == 0)
      #expect(policies.sorted() == [SCHED_OTHER, SCHED_RR].sorted())
      #expect(sched_getscheduler(0) == SCHED_RR)
      withExtendedLifetime(task) {}
    }
  }
}

struct PendingNotificationsTests {
  /// What is sent, in order, after all of `notifications` met no room.
  private func sent(_ notifications: [Notification]) -> [Notification] {
    var pending = PendingNotifications()
    for notification in notifications { pending.add(notification) }
    var sent: [Notification] = []
    while let next = pending.first {
      sent.append(next)
      pending.removeFirst()
    }
    return sent
  }

  @Test func theLatestStatusWins() {
    #expect(sent([.status("a"), .ready, .status("b")]) == [.ready, .status("b")])
  }

  @Test func aReloadDoesNotHideTheStart() {
    #expect(sent([.ready, .reloading]) == [.ready, .reloading])
    #expect(sent([.ready, .reloading, .ready, .reloading]) == [.ready, .reloading])
    #expect(sent([.reloading, .ready]) == [.ready])
    #expect(sent([.ready, .reloading, .stopping]) == [.stopping])
    #expect(sent([]) == [])
  }

  @Test func whatMetNoRoomIsSentAgainAndNothingWaits() throws {
    let loop = try EventLoop()
    var room = 0
    var sent: [Notification] = []
    let notifier = try Notifier(on: loop) { notification in
      guard room > 0 else { return false }
      room -= 1
      sent.append(notification)
      if notification == .status("b") { loop.exit(0) }
      return true
    }
    for notification in [.ready, .status("a"), .reloading, .status("b")] as [Notification] {
      notifier.notify(notification)
    }
    #expect(sent.isEmpty)
    let first = try loop.timer { room = 1 }
    first.arm(at: Clock.now + .milliseconds(20))
    let rest = try loop.timer { room = 5 }
    rest.arm(at: Clock.now + .milliseconds(200))
    #expect(try loop.run() == 0)
    #expect(sent == [.ready, .reloading, .status("b")])
    withExtendedLifetime((first, rest)) {}
  }
}
