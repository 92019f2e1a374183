import Configuration
import Glibc
import Host
import Internet
import Linux
import Systemd
import Testing

@testable import Daemon

struct UnitMonitorTests {
  @Test func objectPathsOfUnits() throws {
    let units = "/org/freedesktop/systemd1/unit"
    #expect(
      try UnitMonitor.path(of: "postgresql@15-main.service") == "\(units)/postgresql_4015_2dmain_2eservice")
    #expect(try UnitMonitor.path(of: "9p_x.mount") == "\(units)/_39p_5fx_2emount")
  }
}

@Suite(.serialized, .timeLimit(.minutes(1)))
struct CommandRunnerTests {
  /// A runner, its loop, and what it reported.
  private final class Scene {
    let loop: EventLoop
    private var runner: CommandRunner?
    var reports: [Input] = []

    init() throws {
      loop = try EventLoop()
      runner = CommandRunner(on: loop) { [unowned self] in reports.append($0) }
    }

    func follow(
      _ lines: [String], timeout: Duration = .seconds(5), environment: [String] = ["PATH=/usr/bin:/bin"]
    ) {
      runner?.follow(
        CheckPlan(
          commands: lines.compactMap(TrackSettings.CommandLine.init).map {
            CheckPlan.Command(line: $0, interval: .milliseconds(100), timeout: timeout)
          }, environment: environment))
    }

    /// Runs the loop for `time`, and `body` in the middle of it. Only once.
    func run(_ time: Duration, _ body: @escaping () -> Void = {}) throws {
      let timers = [try loop.timer(body), try loop.timer { [unowned self] in loop.exit(0) }]
      timers[0].arm(at: Clock.now + time / 2)
      timers[1].arm(at: Clock.now + time)
      try withExtendedLifetime(timers) { _ = try loop.run() }
    }

    /// The reports of `command`.
    func results(_ command: String) -> [(passed: Bool, reason: String)] {
      reports.compactMap {
        guard case .check(.command(let line), let passed, let reason) = $0, line.description == command else {
          return nil
        }
        return (passed, reason)
      }
    }
  }

  @Test func everyResultIsReportedWithItsReason() throws {
    let scene = try Scene()
    let fails = "/bin/sh -c 'echo no primary; echo more; exit 3'"
    scene.follow(["/bin/true", fails])
    try scene.run(.seconds(1))
    #expect(scene.results("/bin/true").allSatisfy { $0.passed })
    #expect(scene.results("/bin/true").count > 2)
    #expect(scene.results(fails).allSatisfy { !$0.passed && $0.reason == "exit status 3: no primary" })
    #expect(scene.results(fails).count > 2)
  }

  @Test func aCommandThatHangsIsKilledAndHasFailed() throws {
    let scene = try Scene()
    let sleeps = "/bin/sleep 600"
    scene.follow([sleeps], timeout: .milliseconds(50))
    try scene.run(.seconds(1))
    #expect(scene.results(sleeps).first?.reason == "took longer than 50 ms")
    #expect(scene.results(sleeps).allSatisfy { !$0.passed })
  }

  @Test func aCommandThatFloodsIsEndedByItsPipe() throws {
    let scene = try Scene()
    scene.follow(["/usr/bin/yes"])
    try scene.run(.seconds(1))
    #expect(scene.results("/usr/bin/yes").first?.reason == "killed by signal 13: y")
  }

  @Test func whatIsNoLongerWantedIsKilledAndReportsNothing() throws {
    let file = "/tmp/vipd-commands-\(getpid())"
    defer { unlink(file) }
    let scene = try Scene()
    scene.follow(["/bin/sh -c 'echo $$ >\(file); exec sleep 600'", "/bin/true"], timeout: .seconds(60))
    try scene.run(.seconds(1)) {
      scene.follow([])
      scene.reports = []
    }
    #expect(scene.reports.isEmpty)
    // The sleeper was killed and waited for.
    let stream = try #require(fopen(file, "r"))
    defer { fclose(stream) }
    var text = [CChar](repeating: 0, count: 32)
    #expect(fgets(&text, 32, stream) != nil)
    let sleeper = atoi(text)
    #expect(sleeper > 0 && Glibc.kill(sleeper, 0) == -1)
  }

  @Test func aChangedEnvironmentIsForTheNextRun() throws {
    let scene = try Scene()
    let tells = "/bin/sh -c 'echo $VIP; exit 1'"
    scene.follow([tells], environment: ["VIP=192.0.2.1"])
    try scene.run(.seconds(2)) { scene.follow([tells], environment: ["VIP=192.0.2.2"]) }
    #expect(scene.results(tells).first?.reason == "exit status 1: 192.0.2.1")
    #expect(scene.results(tells).last?.reason == "exit status 1: 192.0.2.2")
  }
}
