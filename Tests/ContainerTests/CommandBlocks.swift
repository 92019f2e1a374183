import Foundation

/// A block of commands or of configuration that a document shows.
struct CommandBlock {
  /// The section that it is in.
  let heading: String
  /// Its lines.
  let text: String

  /// The ```sh blocks of a file in Markdown.
  static func ofMarkdown(_ file: URL) throws -> [CommandBlock] {
    try blocks(of: file, begin: ["```sh"], end: "```") {
      $0.hasPrefix("#") ? $0.drop { "# ".contains($0) } : nil
    }
  }

  /// The displayed blocks of a man page, in the macros of man(7) or mdoc(7).
  static func ofManPage(_ file: URL) throws -> [CommandBlock] {
    let isManual = try String(contentsOf: file, encoding: .utf8).contains("\n.TH ")
    let (begin, end) = isManual ? (".RS", ".RE") : (".Bd -literal -offset indent", ".Ed")
    return try blocks(of: file, begin: [begin], end: end) { line in
      line.hasPrefix(".SH ") || line.hasPrefix(".Sh ") ? line.dropFirst(4) : nil
    }.map { block in
      var text = block.text
      for (escape, character) in [("\\-", "-"), ("\\&", ""), ("\\e", "\\")] {
        text = text.replacingOccurrences(of: escape, with: character)
      }
      return CommandBlock(heading: block.heading, text: text)
    }
  }

  /// Whether it is a file of sections rather than commands.
  var isConfiguration: Bool { text.hasPrefix("[") }

  private static func blocks(
    of file: URL, begin: Set<String>, end: String, heading: (Substring) -> Substring?
  ) throws -> [CommandBlock] {
    var blocks: [CommandBlock] = []
    var section = ""
    var lines: [Substring]?
    for line in try String(contentsOf: file, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    {
      if let collected = lines {
        if line == end {
          blocks.append(CommandBlock(heading: section, text: collected.joined(separator: "\n")))
          lines = nil
        } else {
          lines = collected + [line]
        }
      } else if begin.contains(String(line)) {
        lines = []
      } else if let title = heading(line) {
        section = String(title)
      }
    }
    return blocks
  }
}
