import Configuration
import Glibc
import Testing

@testable import KeepalivedImport

/// No word of the input is lost: it is carried over, or a note speaks about it.
@Suite struct CompletenessTests {
  private static let samples = "/usr/share/doc/keepalived/samples"

  private static let names: [String] = {
    guard let stream = opendir(samples) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      let name = String(decoding: bytes, as: UTF8.self)
      if name.hasPrefix("keepalived.conf.") { names.append(name) }
    }
    return names.sorted()
  }()

  private func text(_ name: String) throws -> String {
    let file = try #require(fopen("\(Self.samples)/\(name)", "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// The words that nobody took or spoke about.
  private func lost(_ text: String) -> [Word] {
    var conversion = Conversion(text)
    _ = conversion.finish()
    func lost(_ statements: [Statement]) -> [Word] {
      statements.flatMap { $0.unsettled + lost($0.block ?? []) }
    }
    return lost(conversion.statements)
  }

  /// Debian's samples, which are the GPL's and are therefore read where they are.
  @Test(.enabled(if: !names.isEmpty, "needs keepalived's samples"), arguments: names)
  func samplesLoseNothing(name: String) throws {
    let text = try text(name)
    #expect(lost(text).isEmpty)
    let configuration = KeepalivedConfiguration(parsing: text)
    let headers = text.split(separator: "\n").filter { $0.hasPrefix("vrrp_instance") }
    #expect(configuration.instances.count == headers.count)
    for instance in configuration.instances {
      let refusal = self.refusal(of: instance)
      #expect(refusal == nil, "\(refusal ?? "")\n\(instance.text)")
    }
  }

  /// Lines that are left out, doubled or cut must not lose others, or trap.
  @Test(.enabled(if: !names.isEmpty, "needs keepalived's samples"), arguments: names)
  func damagedSamplesLoseNothing(name: String) throws {
    var random = SystemRandomNumberGenerator()
    let lines = try text(name).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for _ in 0..<20 {
      let damaged = lines.flatMap { line -> [String] in
        switch Int.random(in: 0..<30, using: &random) {
        case 0: []
        case 1: [line, line]
        case 2: [String(line.prefix(Int.random(in: 0...line.count, using: &random)))]
        case 3: [line + "{", "\"", "}"]
        case 4: ["@host " + line]
        default: [line]
        }
      }.joined(separator: "\n")
      #expect(lost(damaged).isEmpty, "\(damaged)")
      for instance in KeepalivedConfiguration(parsing: damaged).instances {
        // It may lack an address or more, but every line is one that vip.conf(5) knows.
        let refusal = self.refusal(of: instance) ?? ""
        #expect(!refusal.contains("unknown") && !refusal.contains("accepted: [Section]"), "\(refusal)")
      }
    }
  }

  private func refusal(of instance: ImportedInstance) -> String? {
    do throws(ConfigurationError) {
      _ = try ImportHost.settings(of: instance)
      return nil
    } catch {
      return error.description
    }
  }
}
