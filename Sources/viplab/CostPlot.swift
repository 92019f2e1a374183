import Lab

/// What an instance costs, over the number of instances.
struct CostPlot {
  struct Point {
    let daemon: String
    let instances: Int
    /// Of one instance: milliseconds a second, and times a second.
    let processor: Double
    let wakeUps: Double
  }
  private let points: [Point]

  init(_ points: [Point]) { self.points = points }

  func plot(named name: String, _ title: String) -> Plot {
    let daemons = points.map(\.daemon).distinct
    let data = daemons.map { daemon in
      // A logarithmic axis has no zero.
      Plot.data(
        daemon,
        points.filter { $0.daemon == daemon }.map {
          [Double($0.instances), max($0.processor, 0.001), max($0.wakeUps, 0.001)]
        })
    }
    func curves(_ column: Int) -> String {
      daemons.map {
        """
        $\($0) using 1:\(column) with linespoints pointtype 7 linewidth 2 \
        linecolor rgb "\(Plot.colour(of: $0))" title "\($0)"
        """
      }.joined(separator: ", ")
    }
    let numbers = Set(points.map(\.instances)).sorted().map { "\"\($0)\" \($0)" }.joined(separator: ", ")
    return Plot(
      name, title: "", height: 420,
      """
      unset title
      set logscale xy
      set xrange [0.8:320]
      set xtics (\(numbers))
      set xlabel "instances on the host"
      set key below
      \(data.joined(separator: "\n"))
      set multiplot layout 1,2 title "\(title)"
      set ylabel "processor time, ms/s"
      plot \(curves(2))
      set ylabel "wake-ups a second"
      plot \(curves(3))
      unset multiplot
      """)
  }
}
