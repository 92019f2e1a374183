import Glibc
import Host
import Internet

/// What an instance leaves in its runtime directory: for its next run, how long it has been silent and whether it is
/// held; for units, its role; for scripts, what `systemctl status` says.
///
/// The directory is on a tmpfs, so nothing here waits for a disk, and it is gone after a reboot, as the
/// addresses are. systemd keeps it over a restart (RuntimeDirectoryPreserve=restart). It can be full, or hold what
/// somebody else put there: whatever fails here is tried again, and ends nothing.
final class RuntimeDirectory {
  let path: String
  private let record: ResumeRecord

  /// What the run before this one left.
  var memory: Host.Memory {
    Host.Memory(resumableUntil: record.previous, isHeld: access("\(path)/\(Self.holdFlag)", F_OK) == 0)
  }

  /// The directory at `path`, which is made if need be, as is its parent.
  init(_ path: String) {
    self.path = path
    if let end = path.lastIndex(of: "/"), end != path.startIndex { mkdir(String(path[..<end]), 0o755) }
    mkdir(path, 0o755)
    record = ResumeRecord("\(path)/resume")
  }

  /// Remembers until when the next run may go on as Active router; nil when this one is none any more.
  func remember(resumableUntil: Instant?) { record.write(resumableUntil) }

  private static let holdFlag = "hold"

  /// Sets or removes the flag `hold`; whether that worked.
  func write(isHeld: Bool) -> Bool {
    if isHeld { return makeFlag(Self.holdFlag) }
    return unlink("\(path)/\(Self.holdFlag)") == 0 || errno == ENOENT
  }

  /// Replaces the file `state`; the next one may succeed.
  func write(state: String) { _ = replace("state", by: state) }

  /// Replaces the file `role`, and then sets the flag `role.changed`, which vip-role@.service takes away before
  /// it reads the role; whether that worked.
  func write(role: Role) -> Bool {
    replace("role", by: "\(role.rawValue)\n") && makeFlag("role.changed")
  }

  /// Makes an empty file that says something by being there.
  private func makeFlag(_ flag: String) -> Bool {
    // Reading, a FIFO that somebody put there does not block.
    let flags = O_RDONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW
    let descriptor = open("\(path)/\(flag)", flags, 0o644)
    if descriptor >= 0 { close(descriptor) }
    return descriptor >= 0
  }

  /// Replaces a file as a whole, so that nobody reads half of it; whether that worked.
  private func replace(_ name: String, by text: String) -> Bool {
    let temporary = "\(path)/\(name).new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { return false }
    let bytes = Array(text.utf8)
    let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
    if written == bytes.count, rename(temporary, "\(path)/\(name)") == 0 { return true }
    unlink(temporary)
    return false
  }
}
