import Lab
import Testing

/// README.md's table and the tests agree.
@Suite struct Table {
  private static let directory = String(#filePath.dropLast("/Table.swift".count))
  private static let tests = String(directory.dropLast("/ConformanceTests".count))

  private struct Row {
    let number: String
    /// As `Suite.function`.
    let tests: [String]
  }

  private func rows() throws -> [Row] {
    let text = try #require(File.read("\(Self.directory)/README.md"))
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2)
    return try lines.map { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { $0.trimmed }
      try #require(cells.count == 6, "\(line)")
      return Row(number: cells[1], tests: cells[4].split(separator: ", ").map { $0.filter { $0 != "`" } })
    }
  }

  private func sources(in directory: String) throws -> [String] {
    let paths = try Command(["find", directory, "-name", "*.swift"]).run().split(separator: "\n")
    return try paths.map { try #require(File.read(String($0))) }
  }

  @Test func everyStatementHasATest() throws {
    let rows = try rows()
    let numbers = rows.map(\.number)
    #expect(Array(numbers.prefix(40)) == (1...40).map(String.init))
    #expect(Set(numbers).count == numbers.count)
    for row in rows { #expect(!row.tests.isEmpty, "\(row.number)") }
  }

  @Test func everyTestNamedExists() throws {
    let sources = try sources(in: Self.tests)
    for test in Set(try rows().flatMap(\.tests)) {
      let names = test.split(separator: ".")
      try #require(names.count == 2, "\(test)")
      #expect(
        sources.contains { $0.contains("struct \(names[0]) {") && $0.contains(" func \(names[1])(") },
        "\(test)")
    }
  }

  /// `@Test("8. §7.2: …") func name` of suite S is found as S.name in the row of 8.
  @Test func everyTestIsInTheRowOfItsNumber() throws {
    let rows = try rows()
    var count = 0
    for source in try sources(in: Self.directory) {
      guard let suite = word(after: "struct ", in: source), suite != "Table" else { continue }
      for part in source.split(separator: "@Test(").dropFirst() {
        let title = part.trimmed
        guard title.hasPrefix("\""), let end = title.firstRange(of: ". "),
          let name = word(after: "func ", in: part)
        else { continue }
        for number in title[title.index(after: title.startIndex)..<end.lowerBound].split(separator: ", ") {
          let row = try #require(rows.first { $0.number == number }, "\(number)")
          #expect(row.tests.contains("\(suite).\(name)"), "\(number): \(suite).\(name)")
          count += 1
        }
      }
    }
    #expect(count >= 40)
  }

  /// The identifier that follows the first `keyword` of `text`.
  private func word(after keyword: String, in text: some StringProtocol) -> String? {
    text.firstRange(of: keyword).map { range in
      String(text[range.upperBound...].prefix { $0.isLetter || $0.isNumber })
    }
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
