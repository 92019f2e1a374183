import Lab

/// What a client notices of faults, and how many hosts have the address meanwhile.
final class FaultMeasurement: Measurement {
  let name: String
  private let heading: String
  private let runs: Int
  private let trials: [[Trial]]
  private var results: [(trial: Trial, outcomes: [Trial.Outcome])]

  /// Every one of `faults` at every one of `intervals`, with every daemon that can.
  init(
    _ name: String, _ heading: String, _ options: BenchOptions, _ faults: [Fault],
    _ surroundings: Surroundings,
    _ intervals: [Duration]
  ) {
    self.name = name
    self.heading = heading
    runs = options.runs
    trials = intervals.flatMap { interval in
      faults.map { fault in
        options.daemons.filter(fault.isPossible).compactMap { daemon in
          var trial = Trial(fault, [daemon, daemon])
          trial.settings.interval = interval
          trial.surroundings = surroundings
          trial.watch = options.watch
          return daemon.isCapable(of: trial.settings) ? trial : nil
        }
      }
    }
    results = trials.joined().map { ($0, []) }
  }

  var steps: [MeasurementStep] {
    var first = 0
    return trials.flatMap { group in
      let places = group.indices.map { first + $0 }
      first += group.count
      return (1...runs).flatMap { run in places.map { step($0, run) } }
    }
  }

  private func step(_ place: Int, _ run: Int) -> MeasurementStep {
    let trial = results[place].trial
    let words = [
      trial.settings.interval.text, trial.fault.rawValue,
      trial.surroundings == .quiet ? nil : trial.surroundings.rawValue,
      trial.daemons[0].rawValue, "run \(run) of \(runs)",
    ]
    return MeasurementStep(
      title: words.compactMap { $0 }.joined(separator: ", "), expected: trial.expectedDuration
    ) { [self] in
      results[place].outcomes.append(try trial.run())
    }
  }

  private var measured: [(trial: Trial, outcomes: [Trial.Outcome])] {
    results.filter { !$0.outcomes.isEmpty }
  }

  // MARK: For a person

  var report: String {
    var intervals: [Duration] = []
    for result in measured where !intervals.contains(result.trial.settings.interval) {
      intervals.append(result.trial.settings.interval)
    }
    return intervals.map { interval in
      let lines = measured.filter { $0.trial.settings.interval == interval }.map {
        line($0.trial, $0.outcomes)
      }
      return """
        \(heading), Advertisements every \(interval.text); milliseconds, median / worst of \(runs)

        \(Terminal.table([Self.columns] + lines))

        """
    }.joined(separator: "\n")
  }

  private static let columns = [
    "fault", "daemon", "outage", "both own", "and reachable", "nobody owns", "taken over", "decision to GARP",
    "download stalled",
  ]

  private func line(_ trial: Trial, _ outcomes: [Trial.Outcome]) -> [String] {
    func spread(_ digits: Int = 0, _ figure: (Trial.Outcome) -> Duration?) -> String {
      outcomes.compactMap { figure($0)?.milliseconds }.spread(digits)
    }
    let hasTwoAtEnd = outcomes.allSatisfy { $0.ownersAtEnd.count > 1 }
    return [
      trial.fault.rawValue, trial.daemons[0].rawValue, spread { $0.probe.outage },
      hasTwoAtEnd ? "until the end" : spread { $0.overlap.all }, spread { $0.overlap.reachable },
      spread(0, \.ownerless), "\(outcomes.map(\.takeovers).reduce(0, +)) in \(outcomes.count)",
      spread(2, \.decisionToAnnouncement), spread { $0.download.stall },
    ]
  }

  // MARK: For a program

  var csv: CSV {
    var csv = CSV([
      "interval_ms", "fault", "surroundings", "daemon", "run", "outage_ms", "both_own_ms",
      "both_reachable_ms",
      "nobody_owns_ms", "takeovers", "decision_to_garp_ms", "download_stall_ms", "connections_broken",
      "connections_refused", "probes_lost", "probes_answered_twice", "arp_answered_twice", "owners_at_end",
    ])
    for (trial, outcomes) in measured {
      for (index, outcome) in outcomes.enumerated() {
        csv.append(Self.record(trial, index + 1, outcome))
      }
    }
    return csv
  }

  private static func record(_ trial: Trial, _ run: Int, _ outcome: Trial.Outcome) -> [String] {
    func milliseconds(_ duration: Duration?) -> String {
      duration.map { Terminal.fixed($0.milliseconds, 3) } ?? ""
    }
    return [
      Terminal.fixed(trial.settings.interval.milliseconds), trial.fault.rawValue, trial.surroundings.rawValue,
      trial.daemons[0].rawValue, "\(run)", milliseconds(outcome.probe.outage),
      milliseconds(outcome.overlap.all),
      milliseconds(outcome.overlap.reachable), milliseconds(outcome.ownerless), "\(outcome.takeovers)",
      milliseconds(outcome.decisionToAnnouncement), milliseconds(outcome.download.stall),
      "\(outcome.download.broken)", "\(outcome.download.refused)", "\(outcome.probe.lost)",
      "\(outcome.probe.answeredTwice)", "\(outcome.arpDoubleAnswers)",
      outcome.ownersAtEnd.map { "\($0)" }.joined(separator: " "),
    ]
  }

  // MARK: For the eye

  var plots: [Plot] {
    var plots: [Plot] = []
    for interval in Set(measured.map(\.trial.settings.interval)).sorted() {
      let results = measured.filter { $0.trial.settings.interval == interval }
      let points = results.flatMap { trial, outcomes in
        outcomes.map { outcome in
          OutagePlot.Point(
            fault: trial.fault.rawValue, daemon: trial.daemons[0].rawValue,
            outage: outcome.probe.outage.milliseconds, hasTwoOwners: outcome.ownersAtEnd.count > 1)
        }
      }
      let milliseconds = Terminal.fixed(interval.milliseconds)
      plots.append(
        OutagePlot(points).plot(
          named: "\(name)-\(milliseconds)ms", "\(heading), Advertisements every \(interval.text)"))
      if let plot = timeline(results, named: "\(name)-timeline-\(milliseconds)ms", interval) {
        plots.append(plot)
      }
    }
    return plots
  }

  /// Of the first run with each daemon; of the fault that shows most, if it was measured.
  private func timeline(
    _ results: [(trial: Trial, outcomes: [Trial.Outcome])], named name: String, _ interval: Duration
  ) -> Plot? {
    let fault =
      results.contains { $0.trial.fault == .unplugged } ? Fault.unplugged : results.first?.trial.fault
    let rows = results.filter { $0.trial.fault == fault }.flatMap { trial, outcomes in
      TimelinePlot.rows(of: trial.daemons[0].rawValue, outcomes[0])
    }
    guard let fault, !rows.isEmpty else { return nil }
    return TimelinePlot(rows).plot(
      named: name, "Who has the address: \(fault.rawValue), Advertisements every \(interval.text)")
  }
}
