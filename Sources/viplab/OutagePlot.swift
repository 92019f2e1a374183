import Lab

/// Every outage that was measured, a point each: a line for each fault, a colour for each daemon.
struct OutagePlot {
  struct Point {
    let fault: String
    let daemon: String
    /// In milliseconds.
    let outage: Double
  }
  private let points: [Point]

  init(_ points: [Point]) { self.points = points }

  /// Where a logarithmic axis has its zero.
  private static let zero = 0.5

  func plot(named name: String, _ title: String) -> Plot {
    let faults = points.map(\.fault).distinct
    let daemons = points.map(\.daemon).distinct
    let data = daemons.enumerated().map {
      Plot.data($0.element, rows($0.element, $0.offset, daemons.count, faults))
    }
    let curves = daemons.map {
      "$\($0) with points pointtype 7 pointsize 0.5 linecolor rgb \"\(Plot.colour(of: $0))\" title \"\($0)\""
    }
    return Plot(
      name, title: title, height: 120 + 44 * faults.count,
      """
      set logscale x
      set xrange [\(Self.zero / 1.3):20000]
      set xtics ("0" \(Self.zero), "1 ms" 1, "10 ms" 10, "100 ms" 100, "1 s" 1000, "10 s" 10000)
      set xlabel "the client without an answer, each run"
      set yrange [\(Double(faults.count) - 0.5):-0.5]
      set ytics \(Plot.tics(faults))
      set key below
      \(data.joined(separator: "\n"))
      plot \(curves.joined(separator: ", \\\n  "))
      """)
  }

  /// The points of a daemon, beside those of the others, and each beside the ones before.
  private func rows(_ daemon: String, _ place: Int, _ count: Int, _ faults: [String]) -> [[Double]] {
    faults.enumerated().flatMap { line, fault in
      let outages = points.filter { $0.fault == fault && $0.daemon == daemon }.map(\.outage)
      return outages.enumerated().map { index, outage in
        let lane = (Double(place) + 0.5) / Double(count) - 0.5
        let beside = (Double(index) + 0.5) / Double(outages.count) - 0.5
        return [max(outage, Self.zero), Double(line) + lane * 0.7 + beside * 0.5 / Double(count)]
      }
    }
  }
}
