/// Checks that decide, beside the network, whether this host may own the VIP, and what their failure means.
public struct TrackSettings: Hashable, Sendable {
  /// Names of units that must be active, at most 64.
  public var units: [String] = []
  /// Names of interfaces that must have a carrier, at most 64; they need not exist.
  public var interfaces: [String] = []
  /// Commands that must succeed, at most 64.
  public var commands: [CommandLine] = []
  /// Between two starts of a command: 100 ms to 1 h.
  public var interval = Duration.seconds(1)
  /// What a command may take: 10 ms to 10 min.
  public var timeout = Duration.seconds(2)
  /// Successes of a command in a row that it takes after a failure, 1 to 100.
  public var rise = 2
  /// Failures in a row that it takes after a success, 1 to 100.
  public var fall = 2
  /// What each failing check takes off the priority, 1 to 253; 0: this host must not own the VIP.
  public var penalty = 0

  /// The defaults, with nothing to check.
  public init() {}

  /// A program and its arguments, as one line of a configuration file.
  public struct CommandLine: Hashable, Sendable, CustomStringConvertible {
    /// As it was written.
    public let description: String
    /// The program's absolute path, and its arguments.
    public let words: [String]

    /// The words of `text`, which white space separates; single or double quotes keep it. Nil if a quote is not
    /// closed or the first word is no absolute path.
    public init?(_ text: String) {
      guard let words = Self.split(text), words.first?.utf8.first == UInt8(ascii: "/") else { return nil }
      description = text
      self.words = words
    }

    private static func split(_ text: String) -> [String]? {
      var words: [[UInt8]] = []
      var word: [UInt8]?
      var quote: UInt8?
      for byte in text.utf8 {
        if let open = quote {
          if byte == open { quote = nil } else { word?.append(byte) }
        } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
          quote = byte
          word = word ?? []
        } else if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
          if let word { words.append(word) }
          word = nil
        } else {
          word = (word ?? []) + [byte]
        }
      }
      if let word { words.append(word) }
      return quote == nil ? words.map { String(decoding: $0, as: UTF8.self) } : nil
    }
  }

  /// Whether `text` is a complete name of a unit, as systemd.unit(5) has them.
  static func isUnitName(_ text: String) -> Bool {
    guard let dot = text.lastIndex(of: "."), dot != text.startIndex, text.utf8.count <= 255 else {
      return false
    }
    let isSpelled = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        true
      default: ":-_.\\@".utf8.contains(byte)
      }
    }
    let types = [
      "service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice",
      "scope",
    ]
    // A template is no unit; an instance of one is.
    return isSpelled && types.contains(String(text[text.index(after: dot)...]))
      && text[..<dot].utf8.last != UInt8(ascii: "@")
  }
}
