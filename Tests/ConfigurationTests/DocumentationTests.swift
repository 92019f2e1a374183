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
    let documented = try entries()
    #expect(documented.count == ConfigurationKey.all.count)
    for key in ConfigurationKey.all {
      let entry = documented[key.qualifiedName.lowercased()]
      #expect(entry?.contains("Default: \(key.fallback)") == true, "\(key.qualifiedName)")
    }
  }

  @Test func theManPageSaysWhatAReloadDoesNotApply() throws {
    let documented = try entries()
    for key in ConfigurationKey.all {
      let entry = documented[key.qualifiedName.lowercased()] ?? ""
      let needsRestart = entry.contains("A change needs .Ql systemctl restart .")
      let isOfLaterAddresses = entry.contains("A change is one of addresses that are added from then on.")
      #expect(needsRestart == (key.effect == .restart), "\(key.qualifiedName)")
      #expect(isOfLaterAddresses == (key.effect == .nextAddition), "\(key.qualifiedName)")
    }
  }

  /// `Type.member` and `Folder/File.swift` in the documents for whoever works on the code.
  @Test(arguments: ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"])
  func codeThatDocumentsNameExists(document: String) throws {
    let paths = try swiftFiles(in: Self.root + "/Sources")
    let words = try text(of: "\(Self.root)/\(document)").split {
      !$0.isLetter && !$0.isNumber && $0 != "." && $0 != "/"
    }.map(String.init)
    for word in words where word.contains("/") && word.hasSuffix(".swift") && !word.hasPrefix("Tests/") {
      #expect(paths.contains { $0.hasSuffix(word) }, "\(document): \(word)")
    }
    let sources = try paths.map { Source(try text(of: $0)) }
    for word in words {
      let parts = word.split(separator: ".").map(String.init)
      guard parts.count == 2, let initial = parts[0].first, initial.isUppercase, parts[1] != "swift",
        parts[1].first?.isLowercase == true, parts[1] != "md",
        parts.allSatisfy({ $0.allSatisfy { $0.isLetter || $0.isNumber } })
      else { continue }
      #expect(
        sources.contains { $0.types.contains(parts[0]) && $0.words.contains(parts[1]) },
        "\(document): \(word)")
    }
  }

  /// The identifiers in a file, and those of them that it declares or extends as a type.
  private struct Source {
    var words: Set<String> = []
    var types: Set<String> = []

    init(_ text: String) {
      var last = ""
      let isPart: (UInt8) -> Bool = {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
      }
      for bytes in text.utf8.split(whereSeparator: { !isPart($0) }) {
        let word = String(decoding: bytes, as: UTF8.self)
        if ["struct", "class", "enum", "extension"].contains(last) { types.insert(word) }
        words.insert(word)
        last = word
      }
    }
  }

  private func swiftFiles(in directory: String) throws -> [String] {
    let stream = try #require(opendir(directory))
    defer { closedir(stream) }
    var files: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      let path = "\(directory)/\(name)"
      if name.hasSuffix(".swift") {
        files.append(path)
      } else if !name.hasPrefix("."), Int32(entry.pointee.d_type) == Int32(DT_DIR) {
        files += try swiftFiles(in: path)
      }
    }
    return files
  }

  /// What vip.conf(5) says of each key, by its name in lower case.
  private func entries() throws -> [String: String] {
    var section: String?
    var key: String?
    var entries: [String: String] = [:]
    for line in try text(of: Self.root + "/packaging/man/vip.conf.5").split(separator: "\n") {
      if line.hasPrefix(".Sh ") {
        key = nil
        section = line.hasPrefix(".Sh [") ? line.dropFirst(5).prefix { $0 != "]" }.lowercased() : nil
      } else if let section, line.hasPrefix(".It Cm ") {
        let name = "\(section).\(line.dropFirst(7).dropLast())".lowercased()
        entries[name] = ""
        key = name
      } else if let key {
        entries[key, default: ""] += line + " "
      }
    }
    return entries
  }
}
