import Glibc
import Testing

@testable import Host

/// `journalctl -x` explains every message of a host.
@Suite struct CatalogTests {
  private static let path =
    #filePath.dropLast("/Tests/HostTests/CatalogTests.swift".count) + "/packaging/vip.catalog"

  private func lines() throws -> [String] {
    let file = try #require(fopen(String(Self.path), "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    let text = try #require(String(validating: bytes.prefix(count), as: UTF8.self))
    return text.split(separator: "\n").map(String.init)
  }

  @Test func theCatalogExplainsEveryKindOfMessageOnce() throws {
    let explained = try lines().filter { $0.hasPrefix("-- ") }.map { String($0.dropFirst("-- ".count)) }
    #expect(explained.sorted() == Message.Kind.allCases.map { "\($0.id)" }.sorted())
  }
}
