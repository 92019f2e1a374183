import ArgumentParser
import Glibc

/// A configuration file that a command writes, whole or not at all.
struct NewFile {
  /// Where instances' files are; made if it is not there.
  let directory: String
  /// Whether one that exists is replaced.
  let replaces: Bool

  func write(_ text: String, to path: String) throws {
    mkdir(directory, 0o755)
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (replaces ? 0 : O_EXCL)
    // Not in place: a daemon that reads at the wrong moment would find half of it.
    let temporary = replaces ? "\(path).new" : path
    let descriptor = open(temporary, flags | (replaces ? O_TRUNC : 0), 0o644)
    guard descriptor >= 0 else { throw refusal(path) }
    let bytes = Array(text.utf8)
    let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    let isWhole = fsync(descriptor) == 0 && written == bytes.count
    close(descriptor)
    guard isWhole, !replaces || rename(temporary, path) == 0 else {
      unlink(temporary)
      throw fail(Status.attention, "\(path): \(String(cString: strerror(errno)))")
    }
  }

  private func refusal(_ path: String) -> ExitCode {
    switch errno {
    case EEXIST: fail(Status.exists, "\(path) exists; --force replaces it")
    case EACCES, EPERM, EROFS: fail(Status.notPermitted, "\(path): only root may write it")
    case let code: fail(Status.attention, "\(path): \(String(cString: strerror(code)))")
    }
  }
}
