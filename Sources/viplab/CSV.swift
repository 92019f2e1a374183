/// Comma-separated values (RFC 4180), one record a line.
struct CSV {
  private(set) var text: String

  init(_ header: [String]) { text = Self.line(header) }

  mutating func append(_ record: [String]) { text += Self.line(record) }

  private static func line(_ fields: [String]) -> String {
    fields.map(quoted).joined(separator: ",") + "\n"
  }

  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
    return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
