import Lab

/// Who had the address when, and when a client had no answer: a line for each host and for the client.
struct TimelinePlot {
  struct Row {
    let label: String
    /// Seconds since the fault.
    let bars: [(start: Double, end: Double)]
    let isOutage: Bool
  }
  private let rows: [Row]

  init(_ rows: [Row]) { self.rows = rows }

  /// Those of `daemon` in one run.
  static func rows(of daemon: String, _ outcome: Trial.Outcome) -> [Row] {
    let hosts = [217, 218].map { number in
      let bars = outcome.spans.filter { $0.owners.contains(number) }.map {
        ($0.start.seconds, $0.end.seconds)
      }
      return Row(label: "\(daemon): .\(number) has it", bars: bars, isOutage: false)
    }
    let losses = outcome.probe.losses.map { ($0 - outcome.start).seconds }
    return hosts + [Row(label: "no answer", bars: stretches(of: losses), isOutage: true)]
  }

  /// Losses a few milliseconds apart are one stretch; a single one is as long as the pause between two questions.
  static func stretches(of losses: [Double]) -> [(start: Double, end: Double)] {
    losses.reduce(into: []) { stretches, time in
      if let last = stretches.last, time - last.end < 0.005 {
        stretches[stretches.count - 1].end = time + 0.001
      } else {
        stretches.append((time, time + 0.001))
      }
    }
  }

  func plot(named name: String, _ title: String) -> Plot {
    func bars(_ isOutage: Bool) -> [[Double]] {
      rows.enumerated().filter { $0.element.isOutage == isOutage }.flatMap { line, row in
        row.bars.map { [$0.start, $0.end, Double(line) - 0.35, Double(line) + 0.35] }
      }
    }
    let kinds = [
      ("owned", false, "#1b7837", "has the address"), ("lost", true, "#c51b7d", "client without an answer"),
    ]
    let present = kinds.filter { !bars($0.1).isEmpty }
    let curves = present.map { name, _, colour, title in
      """
      $\(name) using 1:3:1:2:3:4 with boxxyerror fillstyle solid noborder linecolor rgb "\(colour)" title "\(title)"
      """
    }
    return Plot(
      name, title: title, height: 120 + 26 * rows.count,
      """
      set xlabel "seconds since the fault"
      set xrange [0:*]
      set yrange [\(Double(rows.count) - 0.5):-0.5]
      set ytics \(Plot.tics(rows.map(\.label)))
      set key below
      \(present.map { Plot.data($0.0, bars($0.1)) }.joined(separator: "\n"))
      plot \(curves.joined(separator: ", \\\n  "))
      """)
  }
}
