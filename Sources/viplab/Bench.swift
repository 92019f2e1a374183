import Glibc
import Lab

/// `viplab bench`: the daemons side by side, in one run on one machine, for a reader who doubts.
struct Bench {
  private let options: BenchOptions
  private let measurements: [any Measurement]
  private var said = ""
  private var failures: [String] = []
  /// What the daemons said to what was not measured at once.
  private var complaints = ""

  init(_ arguments: inout Arguments) throws {
    options = try BenchOptions(&arguments)
    measurements = options.measurements
  }

  mutating func run() throws {
    try File.makeDirectory(options.directory)
    try say(introduction())
    let steps = measurements.flatMap(\.steps)
    var remaining = RemainingTime(steps.map(\.expected))
    try say("\(steps.count) measurements, about \(RemainingTime.text(remaining.left)).\n")
    var number = 0
    for measurement in measurements {
      for step in measurement.steps {
        number += 1
        Terminal.progress(
          "[\(number)/\(steps.count)] \(RemainingTime.text(remaining.left)) left: \(step.title)")
        let start = MonotonicClock.now
        measure(step)
        remaining.finish(after: MonotonicClock.now - start)
        try File.write(measurement.csv.text, to: "\(options.directory)/\(measurement.name).csv")
      }
      try say(measurement.report)
      draw(measurement.plots)
    }
    try conclude()
  }

  /// On a busy machine the owner may lose the VIP before anything was done to it: that says nothing of what is
  /// measured, and hours of measuring must not end with it.
  private mutating func measure(_ step: MeasurementStep) {
    for attempt in 1...2 {
      do {
        return try step.measure()
      } catch {
        let again = attempt == 1 ? ", once more" : ""
        let reason = "\(error)".prefix { !$0.isNewline }
        Terminal.progress("not measured\(again): \(reason)")
        complaints += "\(step.title): \(error)\n"
      }
    }
    failures.append(step.title)
  }

  private mutating func draw(_ plots: [Plot]) {
    for plot in plots {
      do {
        try plot.draw(in: options.directory)
      } catch {
        Terminal.progress("no plot \(plot.name): \(error)")
        failures.append("plot \(plot.name)")
      }
    }
  }

  /// Also to the file that holds all that was said.
  private mutating func say(_ text: String) throws {
    Terminal.say(text)
    said += "\(text)\n"
    try File.write(said, to: "\(options.directory)/report.txt")
  }

  private func introduction() throws -> String {
    let daemons = try options.daemons.map { daemon in
      var settings = DaemonSettings()
      if !daemon.isCapable(of: settings) { settings.interval = .seconds(1) }
      let text = settings.text(for: daemon).split(separator: "\n", omittingEmptySubsequences: false)
      return """
        \(try daemon.version()), at \(settings.interval.text) on both hosts:

        \(text.map { "    \($0)" }.joined(separator: "\n"))
        """
    }
    return """
      \(Machine.description)
      Two hosts, a client that asks the virtual IP every millisecond, a router and a switch, in network namespaces;
      .217 has the virtual IP, and .218 stands by. Each daemon in turn:

      \(daemons.joined(separator: "\n"))
      """
  }

  private mutating func conclude() throws {
    try File.write(complaints, to: "\(options.directory)/complaints.txt")
    if !failures.isEmpty {
      try say("Not measured:\n" + failures.map { "  \($0)" }.joined(separator: "\n") + "\n")
    }
    Terminal.say("The tables, CSV and plots are in \(options.directory).")
  }
}
