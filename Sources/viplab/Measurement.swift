import Lab

/// One part of the bench: several daemons, measured in turn, so that whatever else the machine does meets all of them.
protocol Measurement: AnyObject {
  /// What its files are called.
  var name: String { get }
  /// All that is to be measured, in order.
  var steps: [MeasurementStep] { get }
  /// What was measured so far, for a person.
  var report: String { get }
  /// What was measured so far, for a program.
  var csv: CSV { get }
  /// What was measured so far, for the eye.
  var plots: [Plot] { get }
}

/// One thing that is measured, once.
struct MeasurementStep {
  let title: String
  let expected: Duration
  let measure: () throws -> Void
}

extension Duration {
  /// As in "100 ms".
  var text: String {
    self >= .seconds(1) ? "\(Terminal.fixed(seconds)) s" : "\(Terminal.fixed(milliseconds)) ms"
  }
}

extension [Double] {
  /// Median and maximum; "-" if there is nothing.
  func spread(_ digits: Int = 0) -> String {
    guard let statistics = Statistics(self) else { return "-" }
    return "\(Terminal.fixed(statistics.median, digits)) / \(Terminal.fixed(statistics.maximum, digits))"
  }
}
