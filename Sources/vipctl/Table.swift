import Internet

/// Aligned columns, as many as fit.
struct Table {
  struct Column {
    let title: String
    /// The columns with the highest numbers go first when there is no room.
    let rank: Int
  }

  struct Cell {
    var text: String
    var style = Terminal.Style.plain

    init(_ text: String, _ style: Terminal.Style = .plain) {
      // Whatever a configuration file or another host says must not move the cursor.
      self.text = text.isEmpty ? "-" : text.printable
      self.style = style
    }

    fileprivate init(heading: String) {
      text = heading
      style = .faint
    }
  }

  let columns: [Column]
  var rows: [[Cell]] = []
  private static let gap = 2
  /// What the last column may be cut to.
  private static let shortest = 14

  /// The lines, heading first.
  func lines(on terminal: Terminal) -> [String] {
    let widths = columns.indices.map { index in
      ([columns[index].title] + rows.map { $0[index].text }).map(\.count).max() ?? 0
    }
    let shown = fitting(widths, terminal.width)
    let heading = columns.map { Cell(heading: $0.title) }
    return ([heading] + rows).map { row in line(row, shown, widths, terminal) }
  }

  private func line(_ row: [Cell], _ shown: [Int], _ widths: [Int], _ terminal: Terminal) -> String {
    var line = ""
    var used = 0
    for index in shown {
      var text = row[index].text
      if index == shown.last {
        if let width = terminal.width, used + text.count > width { text = shorten(text, to: width - used) }
        return line + terminal.styled(text, row[index].style)
      }
      let padding = widths[index] - text.count + Self.gap
      line += terminal.styled(text, row[index].style) + String(repeating: " ", count: padding)
      used += widths[index] + Self.gap
    }
    return line
  }

  /// The indices of the columns for which there is room. The last one may be cut short.
  private func fitting(_ widths: [Int], _ width: Int?) -> [Int] {
    var shown = Array(columns.indices)
    guard let width else { return shown }
    func total() -> Int {
      let needed = shown.map { min(widths[$0], $0 == shown.last ? Self.shortest : .max) }
      return needed.reduce(0, +) + Self.gap * (shown.count - 1)
    }
    while total() > width, shown.count > 1,
      let least = shown.max(by: { columns[$0].rank < columns[$1].rank }), columns[least].rank > 0
    {
      shown.removeAll { $0 == least }
    }
    return shown
  }
}

/// `text` in at most `width` columns, with a mark if something is missing.
func shorten(_ text: String, to width: Int) -> String {
  guard text.count > width else { return text }
  return width > 0 ? text.prefix(width - 1) + "…" : ""
}

/// `text` in lines of at most `width` columns, broken between words; all but the first begin with `indent` spaces,
/// and for those before the first `indent` columns are taken already.
func wrap(_ text: String, to width: Int?, indent: Int) -> [String] {
  guard let width, width > indent + 20 else { return [text] }
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ", omittingEmptySubsequences: false) {
    if !line.isEmpty && indent + line.count + 1 + word.count > width {
      lines.append(line)
      line = ""
    }
    line += line.isEmpty ? String(word) : " \(word)"
  }
  lines.append(line)
  let margin = String(repeating: " ", count: indent)
  return lines.enumerated().map { $0 == 0 ? $1 : margin + $1 }
}
