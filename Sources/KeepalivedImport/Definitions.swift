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
      guard let next = substituteOnce(text) else { return text }
      text = next
      if text.utf8.count > Self.longestLine { return nil }
    }
    return nil
  }

  /// nil if there is nothing to replace.
  private mutating func substituteOnce(_ line: String) -> String? {
    var (result, rest, hasChanged) = ("", line[...], false)
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      let reference = rest[dollar...]
      if let (name, end) = Self.name(in: reference), let definition = definitions[name] {
        result += definition.value
        definitions[name]?.isUsed = true
        rest = rest[end...]
        hasChanged = true
      } else {
        result += "$"
        rest = rest[rest.index(after: dollar)...]
      }
    }
    return hasChanged ? result + rest : nil
  }

  /// The name in `${NAME}`, or in `$NAME` where white space follows, and where the reference ends.
  private static func name(in reference: Substring) -> (String, Substring.Index)? {
    let text = reference.dropFirst()
    if text.first == "{" {
      guard let close = text.firstIndex(of: "}") else { return nil }
      let name = text[text.index(after: text.startIndex)..<close]
      return isName(name) ? (String(name), text.index(after: close)) : nil
    }
    let name = text.prefix { !isBlank($0) && $0 != "\n" }
    return isName(name) ? (String(name), name.endIndex) : nil
  }

  private static func isName(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
      return false
    }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
  }
}

func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }
