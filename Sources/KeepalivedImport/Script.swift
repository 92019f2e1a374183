/// A vrrp_script: a command whose success decides whether a host may have the address.
struct Script: NoteTaker, Hashable {
  let name: String
  let line: Int
  /// The value of Exec=; nil if it cannot be written there.
  private(set) var command: String?
  /// Seconds, as written.
  private(set) var interval = "1"
  /// Seconds, as written; keepalived's default is the interval.
  private(set) var timeout: String?
  private(set) var rise = "1"
  private(set) var fall = "1"
  private(set) var weight = 0
  var notes: [ImportNote] = []

  /// Reads a vrrp_script block, and settles all of it.
  init(_ statement: Statement) {
    name = statement.values.first ?? ""
    line = statement.line
    for inner in statement.block ?? [] {
      if let condition = inner.condition { note(inner, condition) } else { read(inner) }
    }
    if command == nil { note(statement, "not imported: it has no script that Exec= can run") }
    for word in statement.words.dropFirst(2) {
      note(word.line, word.text, "not understood after vrrp_script")
    }
    statement.settleAll()
  }

  private mutating func read(_ statement: Statement) {
    let value = statement.values.first ?? ""
    var isRead = true
    switch statement.keyword {
    case "script": return readCommand(statement)
    case "interval" where Seconds.microseconds(value) != nil: interval = value
    case "timeout" where Seconds.microseconds(value) != nil: timeout = value
    case "rise" where Number.parse(value, 1...100) != nil: rise = value
    case "fall" where Number.parse(value, 1...100) != nil: fall = value
    case "weight":
      if let number = Number.signed(value), statement.values.count == 1 {
        weight = number
      } else {
        isRead = false
      }
    case "user":
      return note(statement, "not imported: commands run as the user _vipd")
    default: isRead = false
    }
    if !isRead {
      note(statement, Reasons.unknown)
    } else if statement.values.count > 1 {
      note(statement, "not understood after the first value")
    }
  }

  /// Exec= runs programs by their absolute path, without a shell.
  private mutating func readCommand(_ statement: Statement) {
    let words = statement.values
    // keepalived takes the whole command as one quoted string as well.
    let text = words.count == 1 ? words[0] : words.map(Self.quotedIfNeeded).joined(separator: " ")
    let isPlain = !text.contains { "|&;<>()$`*?~\\\n".contains($0) }
    if isPlain && text.hasPrefix("/") {
      command = text
      note(statement, "runs as the user _vipd, and decides together with the other checks of [Track]")
    } else if isPlain && !text.isEmpty {
      command = "/usr/bin/env \(text)"
      note(statement, "is found by env(1) in Exec=, which takes absolute paths, and runs as the user _vipd")
    } else if !text.isEmpty, !text.contains("'"), text.last != "\\", !text.contains("\n") {
      command = "/bin/sh -c '\(text)'"
      note(statement, "is run by /bin/sh in Exec=, as the user _vipd")
    }
    if command?.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) == true {
      command = nil
    }
    if let quotes = command, !Self.areBalanced(quotes) { command = nil }
    if command == nil { note(statement, "not imported: Exec= cannot express it; put it into a file") }
  }

  private static func quotedIfNeeded(_ word: String) -> String {
    if !word.isEmpty && !word.contains(where: { isBlank($0) || $0 == "'" || $0 == "\"" }) { return word }
    return word.contains("'") ? "\"\(word)\"" : "'\(word)'"
  }

  /// Whether every quote is closed, as Exec= reads them.
  private static func areBalanced(_ text: String) -> Bool {
    var quote: Character?
    for character in text where character == "\"" || character == "'" {
      if quote == nil { quote = character } else if quote == character { quote = nil }
    }
    return quote == nil
  }
}
