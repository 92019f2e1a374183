import Configuration
import Glibc
import Linux
import Testing

/// A directory of its own for each test, removed afterwards.
private final class Directory {
  let path: String

  init() throws {
    var template = Array("/tmp/vip-configuration-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Directory.removeTree(path) }

  private static func removeTree(_ path: String) {
    if remove(path) == 0 { return }
    guard let stream = opendir(path) else { return }
    defer {
      closedir(stream)
      rmdir(path)
    }
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      let name = String(decoding: bytes, as: UTF8.self)
      if name != "." && name != ".." { removeTree("\(path)/\(name)") }
    }
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let file = try #require(fopen("\(path)/\(name)", "w"))
    fwrite(bytes, 1, bytes.count, file)
    try #require(fclose(file) == 0)
  }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func makeDirectory(_ name: String) throws { try #require(mkdir("\(path)/\(name)", 0o755) == 0) }

  /// The refusal of instance 219, without the directory's name.
  func refusal() -> String {
    do throws(ConfigurationError) {
      _ = try ConfigurationFiles(directory: path).files(of: "219")
      return "accepted"
    } catch {
      return String(error.description.dropFirst(path.utf8.count + 1))
    }
  }
}

@Suite struct ConfigurationFilesTests {
  @Test func nothingThereIsNoError() throws {
    let directory = try Directory()
    #expect(try ConfigurationFiles(directory: directory.path).files(of: "219").isEmpty)
    #expect(try ConfigurationFiles(directory: directory.path + "/none").files(of: "219").isEmpty)
  }

  @Test func dropInsFollowInTheOrderOfBytes() throws {
    let directory = try Directory()
    try directory.write("219.conf", "main")
    try directory.write("220.conf", "other")
    try directory.makeDirectory("219.conf.d")
    for name in ["b.conf", "B.conf", "10-a.conf", "9-a.conf", "é.conf", ".hidden.conf", "a.conf.bak", "conf"]
    {
      try directory.write("219.conf.d/\(name)", name)
    }
    let files = try ConfigurationFiles(directory: directory.path).files(of: "219")
    #expect(files.first == ConfigurationFile(path: directory.path + "/219.conf", bytes: Array("main".utf8)))
    #expect(
      files.dropFirst().map { String(decoding: $0.bytes, as: UTF8.self) }
        == ["10-a.conf", "9-a.conf", "B.conf", "b.conf", "é.conf"])
    #expect(files.last?.path == directory.path + "/219.conf.d/é.conf")
  }

  @Test func sizes() throws {
    let directory = try Directory()
    try directory.write("219.conf", [UInt8](repeating: 0x23, count: 65536))
    #expect(try ConfigurationFiles(directory: directory.path).files(of: "219").first?.bytes.count == 65536)
    try directory.write("219.conf", [UInt8](repeating: 0x23, count: 65537))
    #expect(
      directory.refusal()
        == "219.conf: this is more than 64 KiB; accepted: a regular file of at most 64 KiB; shorten it")
  }

  @Test func whatIsNoFile() throws {
    let directory = try Directory()
    try directory.makeDirectory("219.conf")
    #expect(
      directory.refusal()
        == "219.conf: this is a directory; accepted: a regular file of at most 64 KiB; move it away")
    try #require(rmdir(directory.path + "/219.conf") == 0)
    try #require(mkfifo(directory.path + "/219.conf", 0o600) == 0)
    #expect(
      directory.refusal()
        == "219.conf: this is not a regular file; accepted: a regular file of at most 64 KiB; move it away")
    try #require(unlink(directory.path + "/219.conf") == 0)
    try directory.write("219.conf.d", "")
    #expect(
      directory.refusal()
        == "219.conf.d: cannot be read: Not a directory; accepted: a directory of *.conf files that "
        + "vipd may read, "
        + "or none; correct its owner and mode, or remove it")
  }

  @Test func danglingLinks() throws {
    let directory = try Directory()
    try #require(symlink("nowhere", directory.path + "/219.conf") == 0)
    #expect(
      directory.refusal()
        == "219.conf: cannot be read: No such file or directory; accepted: a file that vipd may read, "
        + "or none; "
        + "correct its owner and mode, or remove it")
  }

  /// A loop of links cannot be opened by anyone, not even by root, for whom modes do not count.
  @Test func unreadableDropIns() throws {
    let directory = try Directory()
    try directory.makeDirectory("219.conf.d")
    try #require(symlink("a.conf", directory.path + "/219.conf.d/a.conf") == 0)
    #expect(
      directory.refusal()
        == "219.conf.d/a.conf: cannot be read: Too many levels of symbolic links; accepted: a file that "
        + "vipd may "
        + "read, or none; correct its owner and mode, or remove it")
  }

  @Test func namesThatLeaveTheDirectory() throws {
    let directory = try Directory()
    let files = ConfigurationFiles(directory: directory.path)
    #expect(throws: ConfigurationError.self) { try files.files(of: "../../etc/passwd") }
    #expect(throws: ConfigurationError.self) { try files.files(of: ".") }
  }
}
