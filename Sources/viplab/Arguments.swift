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
           viplab bench [--part PART]... [--daemon vipd|keepalived|ucarp]... [--interval TIME]...
                        [--fault TEXT]... [--instances N]... [--runs N] [--watch TIME] [--output DIR]

    demo   moves a virtual IP between two hosts and shows what a client sees
    bench  measures the daemons side by side, or those chosen, and writes tables, CSV and plots (to .build/bench)
           faults     every fault, or those whose name contains TEXT, at 1s, 100ms and 10ms
           saturated  an undisturbed pair and an unplugged owner while all processors are busy
           loss       an undisturbed pair while 30 packets of 100 are lost
           cost       1, 10, 50, 100 and 255 instances: processor time, wake-ups, memory, and all of them unplugged
           addresses  1, 64 and 255 addresses in one instance, until the last one is announced
           Each is done N times (default 3), cost once; faults are watched for TIME at least.
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
  mutating func count(of option: String, atMost limit: Int = .max) throws -> Int {
    let text = try value(of: option)
    guard let count = Int(text), count > 0, count <= limit else {
      let most = limit == .max ? "" : ", at most \(limit)"
      throw UsageError("\(option) \(text): a number above 0\(most) is needed")
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

  /// One of those daemons.
  mutating func daemon(of option: String, among kinds: [DaemonKind]) throws -> DaemonKind {
    let text = try value(of: option)
    guard let kind = kinds.first(where: { $0.rawValue == text }) else {
      throw UsageError("\(option) \(text): one of \(kinds.map(\.rawValue).joined(separator: ", ")) is needed")
    }
    return kind
  }
}
