import Lab

/// Every outage that was measured, a point each: a line for each fault, a colour for each daemon.
struct OutagePlot {
  struct Point {
    let fault: String
    let daemon: String
    /// In milliseconds.
    let outage: Double
    /// Two hosts had the address in the end: no outage is no merit then.
    let hasTwoOwners: Bool
  }
  private let points: [Point]

  init(_ points: [Point]) { self.points = points }

  /// Where a logarithmic axis has its zero.
  private static let zero = 0.5

  func plot(named name: String, _ title: String) -> Plot {
    let faults = points.map(\.fault).distinct
    let daemons = points.map(\.daemon).distinct
    let curves = daemons.enumerated().flatMap { place, daemon in
      [false, true].compactMap { hasTwoOwners in
        curve(of: daemon, place, daemons.count, faults, hasTwoOwners)
      }
    }
    return Plot(
      name, title: title, height: 180 + 44 * faults.count,
      """
      set logscale x
      set xrange [\(Self.zero / 1.3):20000]
      set xtics ("0" \(Self.zero), "1 ms" 1, "10 ms" 10, "100 ms" 100, "1 s" 1000, "10 s" 10000)
      set xlabel "the client without an answer, each run"
      set yrange [\(Double(faults.count) - 0.5):-0.5]
      set ytics \(Plot.tics(faults))
      set key below
      set bmargin 9
      \(curves.map(\.data).joined(separator: "\n"))
      plot \(curves.map(\.drawing).joined(separator: ", \\\n  "))
      """)
  }

  /// The points of a daemon, and how they are drawn; nil if there are none.
  private func curve(
    of daemon: String, _ place: Int, _ count: Int, _ faults: [String], _ hasTwoOwners: Bool
  ) -> (data: String, drawing: String)? {
    let rows = rows(daemon, place, count, faults).filter { $0.hasTwoOwners == hasTwoOwners }
    guard !rows.isEmpty else { return nil }
    let name = daemon + (hasTwoOwners ? "_two" : "")
    let marker = hasTwoOwners ? "pointtype 2 pointsize 0.8 linewidth 1.5" : "pointtype 7 pointsize 0.6"
    let title = daemon + (hasTwoOwners ? ", and two owners until the end" : "")
    return (
      Plot.data(name, rows.map(\.place)),
      "$\(name) with points \(marker) linecolor rgb \"\(Plot.colour(of: daemon))\" title \"\(title)\""
    )
  }

  /// Where the points of a daemon are, beside those of the others, and each beside the ones before.
  private func rows(
    _ daemon: String, _ place: Int, _ count: Int, _ faults: [String]
  ) -> [(place: [Double], hasTwoOwners: Bool)] {
    faults.enumerated().flatMap { line, fault in
      let runs = points.filter { $0.fault == fault && $0.daemon == daemon }
      return runs.enumerated().map { index, point in
        let lane = (Double(place) + 0.5) / Double(count) - 0.5
        let beside = (Double(index) + 0.5) / Double(runs.count) - 0.5
        let height = Double(line) + lane * 0.7 + beside * 0.5 / Double(count)
        return ([max(point.outage, Self.zero), height], point.hasTwoOwners)
      }
    }
  }
}
