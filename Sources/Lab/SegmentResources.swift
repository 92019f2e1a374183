import Glibc
import Synchronization

/// What a segment has of the machine: its namespaces and a directory. Released with the last reference, and
/// at the end of the process.
final class SegmentResources: Sendable {
  let namespaces: [Namespace]
  /// For configuration and runtime files.
  let directory: String
  private let cleanup: Int

  /// Makes a namespace per role, named `vip<pid>-<number of the segment>-<role>`.
  init(roles: [String]) throws(LabError) {
    Namespace.sweep()
    let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
    let prefix = "vip\(getpid())-\(number)"
    let namespaces = roles.map { Namespace(name: "\(prefix)-\($0)") }
    let directory = Self.directory(named: prefix)
    self.namespaces = namespaces
    self.directory = directory
    cleanup = Cleanup.register { Self.release(namespaces, directory) }
    try Namespace.add(namespaces)
    try File.makeDirectory(directory)
  }

  deinit {
    Cleanup.cancel(cleanup)
    Self.release(namespaces, directory)
  }

  /// In memory, as /run is: a daemon that maps a file there must not wait for a disk.
  static func directory(named name: some StringProtocol) -> String { "/dev/shm/\(name)" }

  private static let counter = Atomic(0)

  private static func release(_ namespaces: [Namespace], _ directory: String) {
    Namespace.delete(namespaces)
    _ = try? Command(["rm", "-rf", directory]).complete()
  }
}

/// Small files.
package enum File {
  /// Makes `path` and what is missing above it.
  package static func makeDirectory(_ path: String) throws(LabError) {
    try Command(["mkdir", "-p", path]).run()
  }

  /// Replaces the contents of `path`.
  package static func write(_ text: String, to path: String) throws(LabError) {
    let file = try Descriptor(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644), "open \(path)")
    file.write(Array(text.utf8))
  }

  /// The contents of `path`; nil if it cannot be read.
  package static func read(_ path: String) -> String? {
    guard let file = try? Descriptor(open(path, O_RDONLY | O_CLOEXEC), "open \(path)") else { return nil }
    return String(decoding: file.contents(), as: UTF8.self)
  }

  /// The names in directory `path`, in no order; none if it cannot be read.
  static func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }
}
