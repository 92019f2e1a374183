/// One metric with all its samples.
struct MetricFamily {
  enum Kind: String, CustomStringConvertible {
    case counter
    case gauge

    var description: String { rawValue }
  }

  struct Sample {
    let labels: [(name: String, value: String)]
    let value: String
  }

  /// Without a counter's `_total`; ends in the unit, if there is one.
  let name: String
  let type: Kind
  let help: String
  var unit: String?
  var samples: [Sample] = []

  init(_ name: String, _ type: Kind, _ help: String, unit: String? = nil) {
    self.name = name
    self.type = type
    self.help = help
    self.unit = unit
  }

  mutating func add(_ value: UInt64, _ labels: [(name: String, value: String)]) {
    samples.append(Sample(labels: labels, value: "\(value)"))
  }

  mutating func add(_ value: Bool, _ labels: [(name: String, value: String)]) { add(value ? 1 : 0, labels) }

  /// `microseconds`, told in seconds.
  mutating func add(microseconds: UInt64, _ labels: [(name: String, value: String)]) {
    let fraction = String(microseconds % 1_000_000 + 1_000_000).dropFirst()
    samples.append(Sample(labels: labels, value: "\(microseconds / 1_000_000).\(fraction)"))
  }
}
