import Lab

/// What many instances on one host cost, and how they are taken over when it is gone.
final class CostMeasurement: Measurement {
  let name = "cost"
  private let cases: [Case]
  private var results: [(case: Case, owner: Fleet.Cost, standby: Fleet.Cost, takeover: Takeover)] = []

  private struct Case {
    let daemon: DaemonKind
    let instances: Int
    let interval: Duration
  }
  private static let window = Duration.seconds(10)

  init(_ options: BenchOptions, _ intervals: [Duration]) {
    cases = intervals.flatMap { interval in
      options.instances(at: interval).flatMap { count in
        options.daemons.compactMap { daemon in
          var settings = DaemonSettings()
          settings.interval = interval
          guard daemon.isCapable(of: settings) else { return nil }
          return Case(daemon: daemon, instances: count, interval: interval)
        }
      }
    }
  }

  var steps: [MeasurementStep] {
    cases.map { item in
      MeasurementStep(
        title: "\(item.interval.text), instances: \(item.instances), \(item.daemon.rawValue)",
        expected: Fleet.expectedDuration(
          count: item.instances, interval: item.interval, window: Self.window)
      ) { [self] in
        let fleet = try Fleet(item.daemon, count: item.instances, interval: item.interval)
        let (owner, standby) = try fleet.cost(over: Self.window)
        results.append((item, owner, standby, try fleet.unplug()))
      }
    }
  }

  var report: String {
    let columns = [
      "interval", "instances", "daemon", "owner: ms/s", "wake-ups", "KiB", "standby: ms/s", "wake-ups", "KiB",
      "unplugged: first to last", "late",
    ]
    let lines = results.map { result in
      [result.case.interval.text, "\(result.case.instances)", result.case.daemon.rawValue]
        + [result.owner, result.standby].flatMap { cost in
          [
            Terminal.fixed(cost.processor, 1), Terminal.fixed(cost.wakeUps, 1),
            Terminal.fixed(cost.exclusive / 1024),
          ]
        } + [
          Terminal.fixed(result.takeover.spread.milliseconds),
          result.takeover.late.map(\.milliseconds).spread(),
        ]
    }
    return """
      Cost of instances with one address each: processor time of all together, wake-ups an instance and second, private
      memory an instance. All unplugged: milliseconds from the first address that the standby announced to the last one,
      and from the end of its Active_Down_Interval to the announcement, median / worst

      \(Terminal.table([columns] + lines))

      """
  }

  var csv: CSV {
    var csv = CSV([
      "interval_ms", "instances", "daemon", "owner_cpu_ms_per_s", "owner_wakeups_per_instance_s",
      "owner_private_bytes", "owner_anonymous_bytes", "standby_cpu_ms_per_s",
      "standby_wakeups_per_instance_s",
      "standby_private_bytes", "standby_anonymous_bytes", "unplugged_first_to_last_ms",
      "unplugged_late_median_ms",
      "unplugged_late_worst_ms", "unplugged_not_announced",
    ])
    for (item, owner, standby, takeover) in results {
      let late = Statistics(takeover.late.map(\.milliseconds))
      csv.append(
        [Terminal.fixed(item.interval.milliseconds), "\(item.instances)", item.daemon.rawValue]
          + [owner, standby].flatMap { cost in
            [
              Terminal.fixed(cost.processor, 3), Terminal.fixed(cost.wakeUps, 3),
              Terminal.fixed(cost.exclusive),
              Terminal.fixed(cost.anonymous),
            ]
          }
          + [
            Terminal.fixed(takeover.spread.milliseconds, 3),
            late.map { Terminal.fixed($0.median, 3) } ?? "", late.map { Terminal.fixed($0.maximum, 3) } ?? "",
            "\(takeover.missing)",
          ])
    }
    return csv
  }

  var plots: [Plot] {
    Set(results.map(\.case.interval)).sorted().map { interval in
      let points = results.filter { $0.case.interval == interval }.map { result in
        CostPlot.Point(
          daemon: result.case.daemon.rawValue, instances: result.case.instances,
          processor: result.owner.processor / Double(result.case.instances), wakeUps: result.owner.wakeUps)
      }
      return CostPlot(points).plot(
        named: "cost-\(Terminal.fixed(interval.milliseconds))ms",
        "The owner's cost an instance, Advertisements every \(interval.text)")
    }
  }
}
