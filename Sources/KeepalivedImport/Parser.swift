/// Reads keepalived's configuration as tolerantly as keepalived does, and notes what it cannot follow.
struct Parser: NoteTaker {
  /// keepalived's own are three deep.
  private static let deepestBlock = 64

  /// The blocks that are open, outermost first, each with the statement that it belongs to.
  private var open: [(owner: Statement?, statements: [Statement])] = [(nil, [])]
  private var words: [Word] = []
  private var condition: String?
  private var definitions = Definitions()
  private var pending: (name: String, value: String, line: Int)?
  var notes: [ImportNote] = []

  static func parse(_ text: String) -> (statements: [Statement], notes: [ImportNote]) {
    var parser = Parser()
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      parser.read(String(line), number)
    }
    return parser.finish(number)
  }

  private mutating func finish(_ lastLine: Int) -> (statements: [Statement], notes: [ImportNote]) {
    if let (name, value, line) = pending { definitions.define(name, value, line: line) }
    endStatement()
    if open.count > 1 {
      note(lastLine, "}", "is missing at the end: \(open.count - 1) blocks are not closed")
    }
    while open.count > 1 { closeBlock() }
    for (name, line) in definitions.unused { note(line, "$\(name)", "is used nowhere") }
    return (open[0].statements, notes)
  }

  // MARK: Lines

  private mutating func read(_ line: String, _ number: Int) {
    let text = withoutComment(line, number)
    if continueDefinition(text, number) { return }
    if let (name, value) = Definitions.parse(text) {
      define(name, value, number)
      return
    }
    guard let expanded = definitions.substitute(text) else {
      return note(number, text.trimmed, "refers to parameters that never end")
    }
    for part in expanded.split(separator: "\n") { readExpanded(String(part), number) }
  }

  /// `$NAME=` and what follows as long as lines end in a backslash.
  private mutating func define(_ name: String, _ value: String, _ number: Int) {
    let trimmed = value.trimmed
    if trimmed.last == "\\" {
      pending = (name, String(trimmed.dropLast()).trimmed, number)
    } else {
      definitions.define(name, trimmed, line: number)
    }
  }

  private mutating func continueDefinition(_ text: String, _ number: Int) -> Bool {
    guard let (name, value, line) = pending else { return false }
    let trimmed = text.trimmed
    let isLast = trimmed.last != "\\"
    let joined = value + "\n" + (isLast ? trimmed : String(trimmed.dropLast()).trimmed)
    if isLast {
      definitions.define(name, joined, line: line)
      pending = nil
    } else {
      pending = (name, joined, line)
    }
    return true
  }

  private mutating func readExpanded(_ line: String, _ number: Int) {
    var text = line.trimmed[...]
    if text.isEmpty { return }
    let keyword = text.prefix { !isBlank($0) }
    if ["include", "includer", "includem", "includew", "includeb", "includea"].contains(String(keyword)) {
      return note(number, String(text), "is not followed: import that file by itself")
    }
    var own: String?
    if text.first == "@" {
      own = "not imported: it holds only with the configuration id \(keyword.dropFirst())"
      text = text.dropFirst(keyword.count).drop(while: isBlank)
      // The condition is a word of the input, too.
      words.append(Word(text: String(keyword), line: number))
    } else if text.first == "~" {
      own = "not imported: sequences and lists are not followed"
    }
    condition = own
    for token in tokens(of: String(text), number) { take(token, number) }
    endStatement()
  }

  // MARK: Statements

  private enum Token {
    case word(String)
    case openBrace
    case closeBrace
  }

  private mutating func take(_ token: Token, _ number: Int) {
    switch token {
    case .word(let text): words.append(Word(text: text, line: number))
    case .openBrace: openBlock(number)
    case .closeBrace:
      endStatement()
      if open.count > 1 { closeBlock() } else { note(number, "}", "closes no block") }
    }
  }

  private mutating func endStatement() {
    guard !words.isEmpty else { return }
    open[open.count - 1].statements.append(Statement(words, condition: condition))
    words = []
  }

  private mutating func openBlock(_ number: Int) {
    endStatement()
    guard open.count <= Self.deepestBlock else { return note(number, "{", "is nested too deeply") }
    // The brace may stand on a line of its own.
    guard let owner = open[open.count - 1].statements.last, owner.block == nil else {
      note(number, "{", "belongs to no keyword")
      let owner = Statement([Word(text: "{", line: number)])
      owner.settle()
      open[open.count - 1].statements.append(owner)
      open.append((owner, []))
      return
    }
    open.append((owner, []))
  }

  private mutating func closeBlock() {
    let (owner, statements) = open.removeLast()
    owner?.block = statements
  }

  // MARK: Words

  /// `line` up to a # or ! outside quotes.
  private mutating func withoutComment(_ line: String, _ number: Int) -> String {
    var scanner = QuoteScanner()
    var text = ""
    for character in line {
      let isLiteral = scanner.take(character)
      if !isLiteral && (character == "#" || character == "!") { return text }
      text.append(character)
    }
    if scanner.quote != nil { note(number, line.trimmed, "has a quote that is not closed") }
    return text
  }

  private func tokens(of line: String, _ number: Int) -> [Token] {
    var tokens: [Token] = []
    var scanner = QuoteScanner()
    var (word, isQuoted) = ("", false)
    func end() {
      // A brace at the end of a word opens a block, and one alone or before a word closes it.
      var text = word
      if isQuoted || !text.contains(where: { $0 == "{" || $0 == "}" }) {
        if isQuoted || !text.isEmpty { tokens.append(.word(text)) }
      } else {
        while text.first == "}" { tokens.append(.closeBrace); text.removeFirst() }
        let opens = text.last == "{"
        let closes = text.last == "}" && !text.contains("{")
        if opens || closes { text.removeLast() }
        if !text.isEmpty { tokens.append(.word(text)) }
        if opens { tokens.append(.openBrace) } else if closes { tokens.append(.closeBrace) }
      }
      (word, isQuoted) = ("", false)
    }
    for character in line {
      let (wasQuote, wasEscape) = (scanner.quote, scanner.isEscape)
      let isLiteral = scanner.take(character)
      if scanner.quote != wasQuote {
        isQuoted = true
      } else if scanner.isEscape {
        continue
      } else if isBlank(character) && !isLiteral {
        end()
      } else if wasEscape && (character.isLetter || character.isNumber) {
        word += "\\\(character)"
      } else {
        word.append(character)
      }
    }
    end()
    return tokens
  }
}

/// Follows quotes and backslashes from one character to the next.
private struct QuoteScanner {
  private(set) var quote: Character?
  /// Whether what comes next is taken as it is.
  private(set) var isEscape = false

  /// Whether `character` stands for itself: it is escaped or within quotes.
  mutating func take(_ character: Character) -> Bool {
    if isEscape {
      isEscape = false
      return true
    }
    if character == "\\" {
      isEscape = true
      return false
    }
    if let open = quote {
      if character == open { quote = nil }
      return true
    }
    if character == "\"" || character == "'" { quote = character }
    return false
  }
}

extension String {
  /// Without white space at its ends.
  var trimmed: String {
    var text = drop(while: isBlank)
    while let last = text.last, isBlank(last) { text.removeLast() }
    return String(text)
  }
}
