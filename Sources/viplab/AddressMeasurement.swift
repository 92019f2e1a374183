import Lab

/// How long one instance takes to announce all of its addresses.
final class AddressMeasurement: Measurement {
  let name = "addresses"
  private let runs: Int
  private let cases: [Case]
  private var results: [[Takeover]]

  private struct Case {
    let daemon: DaemonKind
    let addresses: Int
    let interval: Duration
  }

  init(_ options: BenchOptions, _ intervals: [Duration]) {
    runs = options.runs
    cases = intervals.flatMap { interval in
      [1, 64, 255].flatMap { count in
        options.daemons.compactMap { daemon in
          var settings = DaemonSettings()
          settings.interval = interval
          settings.addresses = Array(repeating: settings.addresses[0], count: count)
          guard daemon.isCapable(of: settings) else { return nil }
          return Case(daemon: daemon, addresses: count, interval: interval)
        }
      }
    }
    results = cases.map { _ in [] }
  }

  var steps: [MeasurementStep] {
    (1...runs).flatMap { run in
      cases.enumerated().map { place, item in
        MeasurementStep(
          title: """
            \(item.interval.text), addresses: \(item.addresses), \(item.daemon.rawValue), run \(run) of \(runs)
            """,
          expected: Fleet.expectedDuration(count: 1, interval: item.interval, window: .zero)
        ) { [self] in
          let fleet = try Fleet(
            item.daemon, count: 1, addressesEach: item.addresses, interval: item.interval)
          results[place].append(try fleet.unplug())
        }
      }
    }
  }

  var report: String {
    let lines = zip(cases, results).map { item, takeovers in
      [
        item.interval.text, "\(item.addresses)", item.daemon.rawValue,
        takeovers.compactMap { $0.announced.first?.milliseconds }.spread(1),
        takeovers.map(\.decisionToLast.milliseconds).spread(1),
        takeovers.map(\.missing).max().map { "\($0)" } ?? "-",
      ]
    }
    let columns = ["interval", "addresses", "daemon", "first", "last", "not announced"]
    return """
      Addresses in one instance: milliseconds from the standby's decision to the first and to the last address announced,
      median / worst of \(runs); "-" where the daemon refuses so many

      \(Terminal.table([columns] + lines))

      """
  }

  var csv: CSV {
    var csv = CSV([
      "interval_ms", "addresses", "daemon", "run", "decision_to_first_ms", "decision_to_last_ms",
      "not_announced",
    ])
    for (item, takeovers) in zip(cases, results) {
      for (index, takeover) in takeovers.enumerated() {
        csv.append([
          Terminal.fixed(item.interval.milliseconds), "\(item.addresses)", item.daemon.rawValue,
          "\(index + 1)",
          Terminal.fixed((takeover.announced.first ?? .zero).milliseconds, 3),
          Terminal.fixed(takeover.decisionToLast.milliseconds, 3), "\(takeover.missing)",
        ])
      }
    }
    return csv
  }

  var plots: [Plot] { [] }
}
