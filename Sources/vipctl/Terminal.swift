import Glibc

/// What a person reads.
struct Terminal {
  /// Whether text has colours.
  let hasColour: Bool
  /// Columns that a line may have; nil for any number.
  let width: Int?

  /// Standard output as it is.
  static var standard: Terminal {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    return Terminal(
      hasColour: isTerminal && environment("NO_COLOR") == nil, width: isTerminal ? columns : nil)
  }

  /// Whether standard output is one.
  static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 && environment("TERM") != "dumb" }

  /// A variable of the environment that is set and not empty.
  static func environment(_ name: String) -> String? {
    guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
    return value
  }

  private static var columns: Int {
    var size = winsize()
    if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return environment("COLUMNS").flatMap { Int($0) } ?? 80
  }

  /// Lines that fit; nil where nobody counts.
  static var rows: Int? {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return nil }
    return Int(size.ws_row)
  }

  /// How a text is shown.
  enum Style {
    case plain
    /// Headings.
    case faint
    /// What to look at first.
    case strong
    /// What is not as it should be.
    case warning
    /// What needs somebody now.
    case trouble

    fileprivate var code: String? {
      switch self {
      case .plain: nil
      case .faint: "2"
      case .strong: "1"
      case .warning: "33"
      case .trouble: "1;31"
      }
    }
  }

  /// `text` in `style`, where that is possible.
  func styled(_ text: String, _ style: Style) -> String {
    guard hasColour, let code = style.code, !text.isEmpty else { return text }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }

  /// Writes `text`, at once even into a pipe.
  static func say(_ text: String, terminator: String = "\n") { write(text + terminator, to: STDOUT_FILENO) }

  /// Writes `text` as a line of complaint.
  static func complain(_ text: String) { write("vipctl: \(text)\n", to: STDERR_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { return }
      rest = rest.dropFirst(max(count, 0))
    }
  }
}
