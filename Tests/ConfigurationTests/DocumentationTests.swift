import Glibc
import Testing

@testable import Configuration

/// The reference configuration and the man page must say what the table of keys says.
@Suite struct DocumentationTests {
  private static let root = String(
    #filePath.dropLast("/Tests/ConfigurationTests/DocumentationTests.swift".count))

  private func text(of path: String) throws -> String {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return try #require(String(validating: bytes.prefix(count), as: UTF8.self))
  }

  private func example() throws -> ConfigurationFile {
    let path = Self.root + "/packaging/examples/219.conf"
    return ConfigurationFile(path: path, bytes: Array(try text(of: path).utf8))
  }

  @Test func theExampleStatesTheDefaults() throws {
    let host = try Hosts.lab()
    let example = try Configuration.resolve(instance: "219", files: [example()], surroundings: host)
    let defaults = try Configuration.resolve(instance: "219", files: [], surroundings: host)
    #expect(defaults.changes(to: example).isEmpty)
    #expect(example.description.split(separator: "\n").contains { $0 == "# default" })
  }

  @Test func theExampleNamesEveryKeyOnceInOrder() throws {
    let statements = try ConfigurationSyntax.statements(of: try example())
    let keys = statements.compactMap { statement -> String? in
      if case .assignment(let key, _) = statement.kind { key } else { nil }
    }
    #expect(keys == ConfigurationKey.all.map(\.name))
  }

  @Test func theManPageHasEveryKeyWithItsDefault() throws {
    let page = try text(of: Self.root + "/packaging/man/vip.conf.5")
    let lines = page.split(separator: "\n")
    var section: String?
    var documented: [String: String] = [:]
    var key: String?
    for line in lines {
      if line.hasPrefix(".Sh ") {
        key = nil
        section = line.hasPrefix(".Sh [") ? line.dropFirst(5).prefix { $0 != "]" }.lowercased() : nil
      } else if let section, line.hasPrefix(".It Cm ") {
        key = "\(section).\(line.dropFirst(7).dropLast())"
        documented[key ?? ""] = ""
      } else if let key {
        documented[key, default: ""] += line + " "
      }
    }
    #expect(documented.count == ConfigurationKey.all.count)
    for key in ConfigurationKey.all {
      let entry = documented["\(key.section.lowercased()).\(key.name)"]
      #expect(entry?.contains("Default: \(key.fallback)") == true, "\(key.qualifiedName)")
    }
  }
}
