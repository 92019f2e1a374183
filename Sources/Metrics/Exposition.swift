/// How metrics are written down.
public enum Exposition: Hashable, Sendable {
  /// OpenMetrics 1.0.0.
  case openMetrics
  /// The Prometheus text format, version 0.0.4, for scrapers that do not ask for OpenMetrics.
  case text

  /// For the field Content-Type.
  var contentType: String {
    switch self {
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    case .text: "text/plain; version=0.0.4; charset=utf-8"
    }
  }

  /// What a client that sent `accept` (its field Accept, if any) gets.
  init(accept: String?) {
    self = accept?.utf8Contains("application/openmetrics-text") == true ? .openMetrics : .text
  }

  func write(_ families: [MetricFamily]) -> String {
    var text = ""
    for family in families {
      // A counter's samples end in _total; only in OpenMetrics does its family's name not.
      let sample = family.name + (family.type == .counter ? "_total" : "")
      let name = self == .openMetrics ? family.name : sample
      text += "# HELP \(name) \(escape(family.help, quotes: self == .openMetrics))\n"
      text += "# TYPE \(name) \(family.type)\n"
      if self == .openMetrics, let unit = family.unit { text += "# UNIT \(name) \(unit)\n" }
      for row in family.samples {
        let labels = row.labels.map { "\($0.name)=\"\(escape($0.value, quotes: true))\"" }
        text += "\(sample){\(labels.joined(separator: ","))} \(row.value)\n"
      }
    }
    if self == .openMetrics { text += "# EOF\n" }
    return text
  }
}

private func escape(_ text: String, quotes: Bool) -> String {
  var escaped = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\\": escaped += "\\\\"
    case "\n": escaped += "\\n"
    case "\"" where quotes: escaped += "\\\""
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}

extension String {
  /// Whether `text`, in lower case, is part of this, whatever its case.
  func utf8Contains(_ text: StaticString) -> Bool {
    let (bytes, part) = (Array(lowercased().utf8), Array("\(text)".utf8))
    guard bytes.count >= part.count else { return false }
    return (0...(bytes.count - part.count)).contains { bytes[$0..<($0 + part.count)].elementsEqual(part) }
  }
}
