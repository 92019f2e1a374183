import Foundation
import Lab

/// `viplab bench`: every fault, several times, for each daemon, in one run on one machine.
struct Bench {
  private var daemons: [DaemonKind] = []
  private var intervals: [Duration] = []
  private var faults: [Fault] = []
  private var runs = 5
  private var watch = Duration.zero
  private var asJSON = false

  init(_ arguments: inout Arguments) throws {
    while let option = arguments.next() {
      switch option {
      case "--runs": runs = try arguments.count(of: option)
      case "--interval": intervals.append(try arguments.time(of: option))
      case "--watch": watch = try arguments.time(of: option)
      case "--daemon": daemons.append(try arguments.daemon(of: option))
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
    if intervals.isEmpty { intervals = [DaemonSettings().interval] }
    if daemons.isEmpty { daemons = DaemonKind.interchangeable }
  }

  /// Figures of one fault with one daemon; times in milliseconds.
  private struct Row: Encodable {
    let intervalMilliseconds: Double
    let fault: Fault
    let daemon: DaemonKind
    let outage: Statistics?
    /// Two kernels had the address.
    let bothOwn: Statistics?
    /// Two kernels had the address, and the client could reach both.
    let bothOwnAndReachable: Statistics?
    let decisionToAnnouncement: Statistics?
    /// The longest time that a download waited for its next piece.
    let downloadStall: Statistics?
    /// Over all runs.
    let downloadConnectionsBroken: Int
    let downloadConnectionsRefused: Int
    let probesAnsweredTwice: Int
    let arpQuestionsAnsweredTwice: Int
    let ownersAtEnd: [[Int]]

    init(_ trial: Trial, _ outcomes: [Trial.Outcome]) {
      func spread(_ figure: (Trial.Outcome) -> Duration?) -> Statistics? {
        Statistics(outcomes.compactMap { figure($0)?.milliseconds })
      }
      func total(_ figure: (Trial.Outcome) -> Int) -> Int { outcomes.map(figure).reduce(0, +) }
      intervalMilliseconds = trial.settings.interval.milliseconds
      fault = trial.fault
      daemon = trial.daemons[0]
      outage = spread(\.probe.outage)
      bothOwn = spread(\.overlap.all)
      bothOwnAndReachable = spread(\.overlap.reachable)
      decisionToAnnouncement = spread(\.decisionToAnnouncement)
      downloadStall = spread(\.download.stall)
      downloadConnectionsBroken = total(\.download.broken)
      downloadConnectionsRefused = total(\.download.refused)
      probesAnsweredTwice = total(\.probe.answeredTwice)
      arpQuestionsAnsweredTwice = total(\.arpDoubleAnswers)
      ownersAtEnd = outcomes.map(\.ownersAtEnd)
    }
  }
  private struct Memory: Encodable {
    let daemon: DaemonKind
    let residentBytes: Int
    let anonymousBytes: Int
  }
  private struct Report: Encodable {
    let runs: Int
    let rows: [Row]
    let memory: [Memory]
  }

  func run() throws {
    var rows: [Row] = []
    for interval in intervals {
      for fault in faults { rows += try measure(fault, every: interval) }
    }
    let memory = try daemons.map { try measureMemory(of: $0) }
    let report = Report(runs: runs, rows: rows, memory: memory)
    if asJSON {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      Terminal.say(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      show(report)
    }
  }

  /// Takes the daemons in turn, so that whatever else the machine does meets all of them.
  private func measure(_ fault: Fault, every interval: Duration) throws -> [Row] {
    let trials = daemons.filter(fault.isPossible).map { daemon in
      var trial = Trial(fault, [daemon, daemon])
      trial.settings.interval = interval
      trial.watch = watch
      return trial
    }
    var outcomes = trials.map { _ in [Trial.Outcome]() }
    for run in 1...runs {
      for (index, trial) in trials.enumerated() {
        Terminal.progress(
          "\(Terminal.fixed(interval.milliseconds)) ms, \(fault.rawValue), "
            + "\(trial.daemons[0].rawValue), run \(run) of \(runs)")
        outcomes[index].append(try outcome(of: trial))
      }
    }
    return zip(trials, outcomes).map { Row($0, $1) }
  }

  /// On a busy machine the owner may lose the VIP before anything was done to it: that says nothing of the fault,
  /// and hours of measuring must not end with it.
  private func outcome(of trial: Trial) throws -> Trial.Outcome {
    for _ in 1...3 {
      do {
        return try trial.run()
      } catch {
        Terminal.progress("not measured, once more: \(error)")
      }
    }
    return try trial.run()
  }

  /// An instance that has nothing to do but to own its address.
  private func measureMemory(of daemon: DaemonKind) throws -> Memory {
    Terminal.progress("\(daemon.rawValue): memory when idle")
    let segment = try Segment()
    let process = try HostDaemon(daemon, on: 217, of: segment)
    try segment.ownership.waitForOwners([217], of: segment.plan.virtualAddress, within: .seconds(12))
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
    for interval in intervals {
      Terminal.say(
        """
        Advertisements every \(Terminal.fixed(interval.milliseconds)) ms, \(runs) runs; \
        milliseconds, minimum / median / maximum

        """)
      let header = [
        "fault on the owner", "daemon", "outage", "both own", "and reachable", "download stalled",
        "connections broken, refused", "decision to GARP", "answered twice",
      ]
      let lines = report.rows.filter { $0.intervalMilliseconds == interval.milliseconds }.map { row in
        [
          row.fault.rawValue, row.daemon.rawValue, spread(row.outage), spread(row.bothOwn),
          spread(row.bothOwnAndReachable), spread(row.downloadStall),
          "\(row.downloadConnectionsBroken), \(row.downloadConnectionsRefused)",
          spread(row.decisionToAnnouncement, 2),
          "\(row.probesAnsweredTwice) probes, \(row.arpQuestionsAnsweredTwice) ARP",
        ]
      }
      Terminal.say(Terminal.table([header] + lines) + "\n")
    }
    for memory in report.memory {
      let resident = Terminal.fixed(Double(memory.residentBytes) / 1_048_576, 1)
      let anonymous = Terminal.fixed(Double(memory.anonymousBytes) / 1_048_576, 1)
      Terminal.say(
        "\(memory.daemon.rawValue), idle: \(resident) MiB resident, \(anonymous) MiB of it anonymous")
    }
  }
}
