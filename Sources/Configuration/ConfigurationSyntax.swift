import Internet

/// One configuration file's name and contents.
public struct ConfigurationFile: Hashable, Sendable {
  /// The path that messages name.
  public let path: String
  /// The contents, not yet known to be UTF-8.
  public let bytes: [UInt8]

  /// The file at `path` holding `bytes`.
  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }
}

/// A statement of systemd.syntax(7) and the line on which it begins.
struct Statement: Hashable {
  enum Kind: Hashable {
    case section(String)
    /// `value` is empty for an assignment that resets.
    case assignment(key: String, value: String)
  }

  let kind: Kind
  /// Counts from 1.
  let line: Int
}

/// The lines of one file as systemd's `config_parse()` reads them.
struct ConfigurationSyntax {
  private let path: String
  private var statements: [Statement] = []
  private var pending: (text: [UInt8], line: Int)?

  static func statements(of file: ConfigurationFile) throws(ConfigurationError) -> [Statement] {
    var syntax = ConfigurationSyntax(path: file.path)
    var bytes = file.bytes[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var number = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      try syntax.add(line.last == UInt8(ascii: "\r") ? line.dropLast() : line, number)
    }
    try syntax.finish()
    return syntax.statements
  }

  private init(path: String) { self.path = path }

  private mutating func add(_ line: ArraySlice<UInt8>, _ number: Int) throws(ConfigurationError) {
    try checkText(line, number)
    // A comment ends no continuation and is never continued itself.
    if let first = line.first(where: { !isBlank($0) }),
      first == UInt8(ascii: "#") || first == UInt8(ascii: ";")
    {
      return
    }
    var (text, start) = pending ?? ([], number)
    pending = nil
    text += line
    let backslashes = text.reversed().prefix { $0 == UInt8(ascii: "\\") }.count
    if backslashes % 2 == 1 {
      text[text.count - 1] = UInt8(ascii: " ")
      pending = (text, start)
    } else {
      try parse(text[...], start)
    }
  }

  private mutating func finish() throws(ConfigurationError) {
    if let (text, line) = pending { try parse(text[...], line) }
    pending = nil
  }

  private func checkText(_ line: ArraySlice<UInt8>, _ number: Int) throws(ConfigurationError) {
    guard String(validating: line, as: UTF8.self) != nil else {
      throw error(number, "bytes that are not UTF-8", "accepted: UTF-8 text", "save the file as UTF-8")
    }
    if let byte = line.first(where: { $0 < 0x20 && $0 != UInt8(ascii: "\t") || $0 == 0x7F }) {
      throw error(
        number, "control character \(byte)", "accepted: printable text, spaces and tabs",
        "remove the character")
    }
  }

  private mutating func parse(_ text: ArraySlice<UInt8>, _ line: Int) throws(ConfigurationError) {
    let trimmed = trim(text)
    guard let first = trimmed.first else { return }
    if first == UInt8(ascii: "[") {
      guard trimmed.last == UInt8(ascii: "]") else { throw unparsable(trimmed, line) }
      let name = String(decoding: trimmed.dropFirst().dropLast(), as: UTF8.self)
      statements.append(Statement(kind: .section(name), line: line))
      return
    }
    guard let equals = trimmed.firstIndex(of: UInt8(ascii: "=")), equals > trimmed.startIndex else {
      throw unparsable(trimmed, line)
    }
    let key = String(decoding: trim(trimmed[..<equals]), as: UTF8.self)
    let value = String(decoding: trim(trimmed[(equals + 1)...]), as: UTF8.self)
    statements.append(Statement(kind: .assignment(key: key, value: value), line: line))
  }

  private func unparsable(_ text: ArraySlice<UInt8>, _ line: Int) -> ConfigurationError {
    error(
      line, String(decoding: text, as: UTF8.self).quoted,
      "accepted: [Section], Key=value, # comment or ; comment",
      "correct the line or put # before it")
  }

  private func error(_ line: Int, _ found: String, _ accepted: String, _ remedy: String) -> ConfigurationError
  {
    ConfigurationError(place: "\(path):\(line)", found: found, accepted: accepted, remedy: remedy)
  }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

private func trim(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
  var text = text.drop(while: isBlank)
  while let last = text.last, isBlank(last) { text.removeLast() }
  return text
}
