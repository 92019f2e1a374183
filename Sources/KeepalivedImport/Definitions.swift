/// Parameters of keepalived's configuration, `$NAME=VALUE`, as keepalived.conf(5) substitutes them.
struct Definitions {
  private struct Definition {
    var value: String
    let line: Int
    var isUsed = false
  }

  /// What recursive definitions may grow a line to.
  private static let longestLine = 65_536
  private static let mostRounds = 64

  private var definitions: [String: Definition] = [:]

  /// Takes `line` if it defines a parameter: its name, and its value so far.
  static func parse(_ line: String) -> (name: String, value: String)? {
    let text = line.drop(while: isBlank)
    guard text.first == "$", let equals = text.firstIndex(of: "=") else { return nil }
    let name = text[text.index(after: text.startIndex)..<equals]
    guard isName(name) else { return nil }
    return (String(name), String(text[text.index(after: equals)...].drop(while: isBlank)))
  }

  mutating func define(_ name: String, _ value: String, line: Int) {
    let isUsed = definitions[name]?.isUsed ?? false
    definitions[name] = Definition(value: value, line: line, isUsed: isUsed)
  }

  /// Those that nothing refers to, by line.
  var unused: [(name: String, line: Int)] {
    definitions.filter { !$0.value.isUsed }.map { ($0.key, $0.value.line) }.sorted { $0.line < $1.line }
  }

  /// `line` with every known parameter replaced, also in what replaced others; nil if that has no end.
  mutating func substitute(_ line: String) -> String? {
    var text = line
    for _ in 0..<Self.mostRounds {
      switch substituteOnce(text) {
      case .unchanged: return text
      case .changed(let next): text = next
      case .tooLong: return nil
      }
    }
    return nil
  }

  private enum Round {
    case unchanged
    case changed(String)
    case tooLong
  }

  private mutating func substituteOnce(_ line: String) -> Round {
    var (result, rest, hasChanged) = ("", line[...], false)
    while let dollar = rest.utf8.firstIndex(of: UInt8(ascii: "$")) {
      result += rest[..<dollar]
      if let (name, end) = Self.name(in: rest[dollar...]), let definition = definitions[name] {
        result += definition.value
        definitions[name]?.isUsed = true
        rest = rest[end...]
        hasChanged = true
      } else {
        result += "$"
        rest = rest[rest.utf8.index(after: dollar)...]
      }
      if hasChanged && result.utf8.count > Self.longestLine { return .tooLong }
    }
    return hasChanged ? .changed(result + rest) : .unchanged
  }

  /// The name in `${NAME}`, or in `$NAME` where white space follows, and where the reference ends. Looks no further
  /// than that: a line may hold many thousand dollars.
  private static func name(in reference: Substring) -> (String, Substring.Index)? {
    let text = reference.utf8.dropFirst()
    let isBraced = text.first == UInt8(ascii: "{")
    let name = (isBraced ? text.dropFirst() : text).prefix(while: isNameByte)
    guard isName(Substring(name)) else { return nil }
    var end = name.endIndex
    if isBraced {
      guard end < text.endIndex, text[end] == UInt8(ascii: "}") else { return nil }
      end = text.index(after: end)
    } else if end < text.endIndex, !" \t\r\n".utf8.contains(text[end]) {
      return nil
    }
    return (String(Substring(name)), end)
  }

  private static func isName(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
      return false
    }
    return text.utf8.allSatisfy(isNameByte)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }
