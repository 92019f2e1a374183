import Foundation
import Lab

/// `viplab bench`: every fault, several times, for each daemon, in one run on one machine.
struct Bench {
  private var daemons: [DaemonKind] = [.vipd]
  private var runs = 5
  private var settings = DaemonSettings()
  private var watch = Duration.seconds(4)
  private var faults: [Fault] = []
  private var asJSON = false

  init(_ arguments: inout Arguments) throws {
    while let option = arguments.next() {
      switch option {
      case "--runs": runs = try arguments.count(of: option)
      case "--interval": settings.interval = try arguments.time(of: option)
      case "--watch": watch = try arguments.time(of: option)
      case "--daemon": daemons = [try arguments.daemon(of: option)]
      case "--peer": daemons.append(try arguments.daemon(of: option))
      case "--json": asJSON = true
      case "--fault":
        let text = try arguments.value(of: option)
        let chosen = Fault.allCases.filter { $0.rawValue.contains(text) }
        guard !chosen.isEmpty else { throw UsageError("no fault is called \(text)") }
        faults += chosen
      default: throw UsageError("unknown option \(option)")
      }
    }
    if faults.isEmpty { faults = Fault.allCases }
    if Set(daemons).count < daemons.count { daemons.removeLast() }
    watch = max(watch, settings.activeDownInterval * 2)
  }

  /// Figures of one fault with one daemon; times in milliseconds.
  private struct Row: Encodable {
    let daemon: DaemonKind
    let fault: Fault
    let outage: Statistics?
    let bothOwn: Statistics?
    let bothOwnAndReachable: Statistics?
    let decisionToAnnouncement: Statistics?
    /// Over all runs.
    let probesAnsweredTwice: Int
    let arpQuestionsAnsweredTwice: Int
    let ownersAtEnd: [[Int]]
  }
  private struct Memory: Encodable {
    let daemon: DaemonKind
    let residentBytes: Int
    let anonymousBytes: Int
  }
  private struct Report: Encodable {
    let intervalMilliseconds: Double
    let watchMilliseconds: Double
    let runs: Int
    let rows: [Row]
    let memory: [Memory]
  }

  func run() throws {
    var rows: [Row] = []
    var memory: [Memory] = []
    for daemon in daemons {
      memory.append(try measureMemory(of: daemon))
      for fault in faults { rows.append(try measure(fault, with: daemon)) }
    }
    let report = Report(
      intervalMilliseconds: settings.interval.milliseconds, watchMilliseconds: watch.milliseconds, runs: runs,
      rows: rows, memory: memory)
    if asJSON {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      Terminal.say(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      show(report)
    }
  }

  private func measure(_ fault: Fault, with daemon: DaemonKind) throws -> Row {
    var outcomes: [Trial.Outcome] = []
    for run in 1...runs {
      Terminal.progress("\(daemon.rawValue): \(fault.rawValue), run \(run) of \(runs)")
      var trial = Trial(fault, [daemon, daemon])
      trial.settings = settings
      trial.watch = watch
      outcomes.append(try trial.run())
    }
    return Row(
      daemon: daemon, fault: fault, outage: Statistics(outcomes.map(\.probe.outage.milliseconds)),
      bothOwn: Statistics(outcomes.map(\.overlap.all.milliseconds)),
      bothOwnAndReachable: Statistics(outcomes.map(\.overlap.reachable.milliseconds)),
      decisionToAnnouncement: Statistics(outcomes.compactMap(\.decisionToAnnouncement?.milliseconds)),
      probesAnsweredTwice: outcomes.map(\.probe.answeredTwice).reduce(0, +),
      arpQuestionsAnsweredTwice: outcomes.map(\.arpDoubleAnswers).reduce(0, +),
      ownersAtEnd: outcomes.map(\.ownersAtEnd))
  }

  /// An instance that has nothing to do but to own its address.
  private func measureMemory(of daemon: DaemonKind) throws -> Memory {
    Terminal.progress("\(daemon.rawValue): memory when idle")
    let segment = try Segment()
    let process = try HostDaemon(daemon, on: 217, of: segment, settings)
    try segment.ownership.waitForOwners(
      [217], of: segment.plan.virtualAddress, within: settings.activeDownInterval * 5 + .seconds(10))
    pause(.seconds(2))
    guard let memory = process.memory else { throw LabError("\(daemon.rawValue) has ended") }
    return Memory(daemon: daemon, residentBytes: memory.resident, anonymousBytes: memory.anonymous)
  }

  private func show(_ report: Report) {
    func spread(_ statistics: Statistics?, _ digits: Int = 0) -> String {
      guard let statistics else { return "-" }
      let values = [statistics.minimum, statistics.median, statistics.maximum]
      return values.map { Terminal.fixed($0, digits) }.joined(separator: " / ")
    }
    Terminal.say(
      """
      advertisement interval \(Terminal.fixed(report.intervalMilliseconds)) ms, \(runs) runs, each watched \
      for \(Terminal.fixed(watch.seconds, 1)) s; milliseconds, minimum / median / maximum

      """)
    let header = [
      "daemon", "fault", "outage", "both own", "and reachable", "decision to GARP", "answered twice",
    ]
    let lines = report.rows.map { row in
      [
        row.daemon.rawValue, row.fault.rawValue, spread(row.outage), spread(row.bothOwn),
        spread(row.bothOwnAndReachable), spread(row.decisionToAnnouncement, 2),
        "\(row.probesAnsweredTwice) probes, \(row.arpQuestionsAnsweredTwice) ARP",
      ]
    }
    Terminal.say(Terminal.table([header] + lines))
    Terminal.say("")
    for memory in report.memory {
      let resident = Terminal.fixed(Double(memory.residentBytes) / 1_048_576, 1)
      let anonymous = Terminal.fixed(Double(memory.anonymousBytes) / 1_048_576, 1)
      Terminal.say(
        "\(memory.daemon.rawValue), idle: \(resident) MiB resident, \(anonymous) MiB of it anonymous")
    }
  }
}
