import ArgumentParser
import Glibc
import KeepalivedImport

/// `vipctl import`
struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert keepalived's configuration, a file for each vrrp_instance.",
    discussion: """
      What could not be carried over is named, by line, and stands as a comment in the file. Nothing is started.

        vipctl import --print /etc/keepalived/keepalived.conf
      """)

  @OptionGroup var places: Places

  @Argument(help: "keepalived's file.", completion: .file())
  var file = "/etc/keepalived/keepalived.conf"

  @Flag(help: "Replace files that exist.")
  var force = false

  @Flag(help: "Print them and write nothing.")
  var print = false

  /// More than any configuration has; what is no regular file may have no end.
  private static let longest = 4 << 20

  func run() throws {
    let found = KeepalivedConfiguration(parsing: try read())
    guard !found.instances.isEmpty else {
      throw fail(Status.badConfiguration, "\(file): there is no vrrp_instance in it")
    }
    for note in found.notes { Terminal.complain("\(file): \(note)") }
    for instance in found.instances {
      for note in instance.notes { Terminal.complain("\(file): \(note)") }
      if print {
        Terminal.say("# \(instance.name).conf\n\(instance.text)", terminator: "")
        continue
      }
      let path = "\(places.configuration)/\(instance.name).conf"
      try NewFile(directory: places.configuration, replaces: force).write(instance.text, to: path)
      Terminal.say("\(path): check it with \"vipd --check \(instance.name)\"")
    }
  }

  private func read() throws -> String {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw fail(Status.attention, "\(file): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < Self.longest {
      let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 { throw fail(Status.attention, "\(file): \(String(cString: strerror(errno)))") }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
    throw fail(Status.badConfiguration, "\(file): longer than \(Self.longest) bytes")
  }
}
