import Glibc
import Internet

/// What an instance leaves in its runtime directory: for its next run, how long it has been silent; for
/// scripts, what `systemctl status` says.
///
/// The directory is on a tmpfs, so nothing here waits for a disk, and it is gone after a reboot, as the
/// addresses are. systemd keeps it over a restart (RuntimeDirectoryPreserve=restart).
final class RuntimeDirectory {
  /// Layout of the file `resume`, which is mapped: a process that is killed leaves it as it is.
  private struct Record {
    /// Tells this layout from any other.
    static let magic: UInt64 = 0x7669_7064_0000_0001
    var magic = Record.magic
    /// CLOCK_BOOTTIME in nanoseconds; 0 if the VIP was let go.
    var lastAdvertised: Int64 = 0
  }

  let path: String
  private let record: UnsafeMutablePointer<Record>

  /// When the run before this one last advertised as Active router and did not let go; nil if unknown.
  let previouslyAdvertised: Instant?

  /// Opens the directory at `path`, making it and its parent if need be.
  init(_ path: String) throws(RuntimeDirectoryError) {
    self.path = path
    if let end = path.lastIndex(of: "/"), end != path.startIndex { mkdir(String(path[..<end]), 0o755) }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw RuntimeDirectoryError("making", path) }
    let file = "\(path)/resume"
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw RuntimeDirectoryError("opening", file) }
    defer { close(descriptor) }
    let length = MemoryLayout<Record>.size
    guard ftruncate(descriptor, off_t(length)) == 0 else { throw RuntimeDirectoryError("sizing", file) }
    guard let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      memory != MAP_FAILED
    else { throw RuntimeDirectoryError("mapping", file) }
    record = memory.bindMemory(to: Record.self, capacity: 1)
    if record.pointee.magic == Record.magic, record.pointee.lastAdvertised > 0 {
      previouslyAdvertised = Instant(sinceBoot: .nanoseconds(record.pointee.lastAdvertised))
    } else {
      previouslyAdvertised = nil
      record.pointee = Record()
    }
  }

  deinit { munmap(record, MemoryLayout<Record>.size) }

  /// Remembers when the Active router last advertised; nil when it is none any more.
  func remember(lastAdvertised: Instant?) {
    record.pointee.lastAdvertised = lastAdvertised.map { $0.sinceBoot.nanoseconds } ?? 0
  }

  /// Whether the operator has this host stand back; the next run will know.
  var isHeld: Bool {
    get { access("\(path)/\(Self.holdFlag)", F_OK) == 0 }
    set { if newValue { makeFlag(Self.holdFlag) } else { unlink("\(path)/\(Self.holdFlag)") } }
  }

  private static let holdFlag = "hold"

  /// Replaces the file `state`.
  func write(state: String) { replace("state", by: state) }

  /// Replaces the file `role`, and then sets the flag `role.changed`, which vip-role@.service takes away before
  /// it reads the role.
  func write(role: Role) {
    guard replace("role", by: "\(role.rawValue)\n") else { return }
    makeFlag("role.changed")
  }

  /// Makes an empty file that says something by being there.
  private func makeFlag(_ flag: String) {
    let descriptor = open("\(path)/\(flag)", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    if descriptor >= 0 { close(descriptor) }
  }

  /// Replaces a file as a whole, so that nobody reads half of it; whether that worked.
  @discardableResult
  private func replace(_ name: String, by text: String) -> Bool {
    let temporary = "\(path)/\(name).new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { return false }
    let bytes = Array(text.utf8)
    let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
    return written == bytes.count && rename(temporary, "\(path)/\(name)") == 0
  }
}

/// The runtime directory cannot be used: the next run will listen before it goes on.
struct RuntimeDirectoryError: Error, CustomStringConvertible {
  let description: String

  init(_ operation: String, _ path: String) {
    description = "\(operation) \(path): \(String(cString: strerror(errno)))"
  }
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
