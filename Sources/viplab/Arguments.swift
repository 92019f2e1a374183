import Lab

/// The command line was not understood.
struct UsageError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The words of a command line, taken one by one.
struct Arguments {
  static let usage = """
    usage: viplab demo  [--daemon vipd|keepalived]
           viplab bench [--runs N] [--interval TIME]... [--watch TIME] [--fault TEXT]...
                        [--daemon vipd|keepalived]... [--json]

    demo   moves a virtual IP between two hosts and shows what a client sees
    bench  measures every fault, or those whose name contains TEXT, N times (default 5) with both daemons
           or those chosen, at every interval given (default 100ms), watching for TIME at least
    TIME is like 100ms or 4s. The vipd that is run is the one beside viplab, or $VIPD.
    """

  private var words: ArraySlice<String>

  init(_ words: ArraySlice<String>) { self.words = words }

  /// The next word; nil after the last.
  mutating func next() -> String? { words.popFirst() }

  /// The word that must follow `option`.
  mutating func value(of option: String) throws -> String {
    guard let value = next() else { throw UsageError("\(option) needs a value") }
    return value
  }

  /// A whole number above 0.
  mutating func count(of option: String) throws -> Int {
    let text = try value(of: option)
    guard let count = Int(text), count > 0 else {
      throw UsageError("\(option) \(text): a number above 0 is needed")
    }
    return count
  }

  /// A time in ms or s.
  mutating func time(of option: String) throws -> Duration {
    let text = try value(of: option)
    let digits = text.prefix { $0.isNumber }
    if let number = Int(digits), number > 0 {
      switch text.dropFirst(digits.count) {
      case "ms": return .milliseconds(number)
      case "s": return .seconds(number)
      default: break
      }
    }
    throw UsageError("\(option) \(text): a time like 100ms or 4s is needed")
  }

  /// One of the daemons the lab can run.
  mutating func daemon(of option: String) throws -> DaemonKind {
    let text = try value(of: option)
    guard let kind = DaemonKind(rawValue: text), DaemonKind.interchangeable.contains(kind) else {
      throw UsageError("\(option) \(text): vipd or keepalived")
    }
    return kind
  }
}
