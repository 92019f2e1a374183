/// Who converts a part of the configuration, and names what it could not carry over.
protocol NoteTaker {
  var notes: [ImportNote] { get set }
}

extension NoteTaker {
  mutating func note(_ line: Int, _ text: String, _ reason: String) {
    notes.append(ImportNote(line: line, text: text, reason: reason))
  }

  mutating func note(_ statement: Statement, _ reason: String) {
    note(statement.line, statement.text, reason)
    statement.settle()
  }

  /// Notes a statement, and what is in its block with it.
  mutating func skip(_ statement: Statement, _ reason: String) {
    let lines = statement.lastLine > statement.line ? " (to line \(statement.lastLine))" : ""
    note(statement, reason + lines)
    statement.settleAll()
  }

  /// Notes the words of a statement that nobody took, and those in its block.
  mutating func noteRest(of statement: Statement) {
    noteWords(of: statement)
    for inner in statement.block ?? [] { noteRest(of: inner) }
  }

  /// Notes only its own.
  mutating func noteWords(of statement: Statement) {
    let rest = statement.unsettled
    guard let first = rest.first else { return }
    let words = rest.map(\.text).joined(separator: " ")
    note(first.line, words, "not understood after \(statement.keyword)")
    statement.settle()
  }
}
