public import Configuration
import Glibc
import Internet

/// Reads an instance's files: the one place of the configuration that does I/O.
public struct ConfigurationFiles: Sendable {
  /// What a file may hold.
  public static let largestFile = 64 * 1024

  /// The directory of `NAME.conf` and `NAME.conf.d`.
  public let directory: String

  /// Files below `directory`, by default `/etc/vip`.
  public init(directory: String = "/etc/vip") { self.directory = directory }

  /// `NAME.conf`, then the files of `NAME.conf.d` that end in `.conf` and begin with no dot, in the order of
  /// their names' bytes. What is not there is left out; what is there and cannot be read is an error.
  public func files(of instance: String) throws(ConfigurationError) -> [ConfigurationFile] {
    try Configuration.validate(instance: instance)
    var files: [ConfigurationFile] = []
    let main = "\(directory)/\(instance).conf"
    if exists(main) { files.append(try read(main)) }
    let dropIns = "\(main).d"
    if exists(dropIns) {
      for name in try names(in: dropIns) { files.append(try read("\(dropIns)/\(name)")) }
    }
    return files
  }

  /// Whether the name is taken, be it by a dangling link: only a name that is free may be left out.
  private func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR)
  }

  private func names(in path: String) throws(ConfigurationError) -> [String] {
    guard let stream = opendir(path) else { throw unreadable(path, "a directory of *.conf files") }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard bytes.first != UInt8(ascii: "."), bytes.suffix(5).elementsEqual(".conf".utf8) else { continue }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw ConfigurationError(
          place: path, found: "the name \(String(decoding: bytes, as: UTF8.self).quoted) is not UTF-8",
          accepted: "accepted: names in UTF-8", remedy: "rename the file")
      }
      names.append(name)
    }
    if errno != 0 { throw unreadable(path, "a directory of *.conf files") }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func read(_ path: String) throws(ConfigurationError) -> ConfigurationFile {
    // A FIFO must not block: it is opened without waiting, and then refused.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw unreadable(path, "a file") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path, "a file") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "not a regular file"
      throw refused(path, "this is \(kind)", "move it away")
    }
    var bytes: [UInt8] = []
    // One byte more than is accepted shows a file that is too large, or grows.
    let limit = Self.largestFile + 1
    while bytes.count < limit {
      let start = bytes.count
      bytes += [UInt8](repeating: 0, count: limit - start)
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress.map { $0 + start }, limit - start)
      }
      bytes.removeLast(limit - start - max(0, count))
      if count == 0 { break }
      if count < 0, errno != EINTR { throw unreadable(path, "a file") }
    }
    if bytes.count == limit { throw refused(path, "this is more than 64 KiB", "shorten it") }
    return ConfigurationFile(path: path, bytes: bytes)
  }

  private func unreadable(_ path: String, _ kind: String) -> ConfigurationError {
    ConfigurationError(
      place: path, found: "cannot be read: \(String(cString: strerror(errno)))",
      accepted: "accepted: \(kind) that vipd may read, or none",
      remedy: "correct its owner and mode, or remove it")
  }

  private func refused(_ path: String, _ found: String, _ remedy: String) -> ConfigurationError {
    ConfigurationError(
      place: path, found: found, accepted: "accepted: a regular file of at most 64 KiB", remedy: remedy)
  }
}
