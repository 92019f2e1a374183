import Glibc

/// What a person reads.
enum Terminal {
  /// Whether standard output shows colours.
  private static let hasColour = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil

  /// `text` made to stand out, where that is possible.
  static func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  /// `text` in the colour of success.
  static func green(_ text: String) -> String { hasColour ? "\u{1B}[32m\(text)\u{1B}[0m" : text }

  /// Says on standard error what goes on, so that standard output stays the result.
  static func progress(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Says on standard error why it ends.
  static func complain(_ text: String) { write("viplab: \(text)", to: STDERR_FILENO) }

  /// Prints a line of the result, at once even into a pipe.
  static func say(_ text: String) { write(text, to: STDOUT_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    var rest = Array("\(text)\n".utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { return }
      rest = rest.dropFirst(max(count, 0))
    }
  }

  /// `value` with `digits` decimals.
  static func fixed(_ value: Double, _ digits: Int = 0) -> String {
    guard digits > 0 else { return "\(Int(value.rounded()))" }
    let scale = pow(10, Double(digits))
    let whole = Int((abs(value) * scale).rounded())
    let fraction = "\(whole % Int(scale))"
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return "\(value < 0 ? "-" : "")\(whole / Int(scale)).\(zeros)\(fraction)"
  }

  /// `rows` with every column as wide as it must be.
  static func table(_ rows: [[String]]) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.compactMap { column < $0.count ? $0[column].count : nil }.max() ?? 0
    }
    return rows.map { row in
      let cells = zip(row, widths).map { text, width in
        text + String(repeating: " ", count: width - text.count)
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
