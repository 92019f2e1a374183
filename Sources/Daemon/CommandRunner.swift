import Configuration
import Host
import Internet
import Linux
import Systemd
import Tracking

/// Runs the commands of [Track] again and again, and reports each result.
final class CommandRunner {
  /// Between the first runs of two commands.
  private static let stagger = Duration.milliseconds(20)

  private let loop: EventLoop
  private let report: (Input) -> Void
  private var running: [TrackSettings.CommandLine: CommandCheck] = [:]
  /// Commands that are no longer wanted and whose last run has not ended yet.
  private var leaving: [ObjectIdentifier: CommandCheck] = [:]

  init(on loop: EventLoop, report: @escaping (Input) -> Void) {
    self.loop = loop
    self.report = report
  }

  /// Runs the commands of `plan`, and no others.
  func follow(_ plan: CheckPlan) {
    let wanted = Set(plan.commands.map(\.line))
    for (line, check) in running where !wanted.contains(line) {
      running[line] = nil
      let id = ObjectIdentifier(check)
      if check.cancel(then: { [unowned self] in leaving[id] = nil }) { leaving[id] = check }
    }
    var first = Clock.now
    for command in plan.commands {
      if let check = running[command.line] {
        check.follow(
          environment: plan.environment, interval: command.interval, timeout: command.timeout)
        continue
      }
      start(command, plan.environment, first: first)
      first = first + Self.stagger
    }
  }

  private func start(_ command: CheckPlan.Command, _ environment: [String], first: Instant) {
    let schedule = CommandSchedule(interval: command.interval, timeout: command.timeout, first: first)
    let result = { [report] (passed: Bool, reason: String) in
      report(.check(.command(command.line), passed: passed, reason: reason))
    }
    do throws(SystemdError) {
      running[command.line] = try CommandCheck(
        command.line, environment: environment, schedule: schedule, on: loop, result: result)
    } catch {
      result(false, "\(error)")
    }
  }
}
