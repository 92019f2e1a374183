import Internet
import Linux
import Testing

@testable import Systemd

struct BackgroundTaskTests {
  @Test func theLoopTurnsWhileTheWorkWaits() throws {
    let loop = try EventLoop()
    let gate = try Pipe()
    var log: [String] = []
    let task = try BackgroundTask(on: loop) {
      gate.take()
      return "result"
    } done: { value in
      log.append(value)
      loop.exit(0)
    }
    let timer = try loop.timer {
      log.append("timer")
      gate.put()
    }
    timer.arm(at: Clock.now + .milliseconds(50))
    #expect(try loop.run() == 0)
    #expect(log == ["timer", "result"])
    withExtendedLifetime((task, timer)) {}
  }

  @Test func aReleasedTaskSaysNothing() throws {
    let loop = try EventLoop()
    let gate = try Pipe()
    var isDone = false
    var task: BackgroundTask<Int>? = try BackgroundTask(on: loop) {
      gate.take()
      return 1
    } done: { _ in
      isDone = true
    }
    #expect(task != nil)
    task = nil
    gate.put()
    let timer = try loop.timer { loop.exit(0) }
    timer.arm(at: Clock.now + .milliseconds(100))
    #expect(try loop.run() == 0)
    #expect(!isDone)
    withExtendedLifetime(timer) {}
  }

  @Test func aTaskCanBeReleasedWhenItIsDone() throws {
    let loop = try EventLoop()
    var task: BackgroundTask<Int>?
    var values: [Int] = []
    func start(_ value: Int) throws {
      task = try BackgroundTask(on: loop) {
        value
      } done: { value in
        values.append(value)
        task = nil
        if value == 100 { return loop.exit(0) }
        do { try start(value + 1) } catch { Issue.record(error) }
      }
    }
    try start(1)
    #expect(try loop.run() == 0)
    #expect(values == Array(1...100))
    #expect(task == nil)
  }
}
