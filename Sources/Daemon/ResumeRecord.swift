import Glibc
import Internet
import Linux

/// The file `resume`: until when the next run of this instance may go on as Active router, because nobody can have taken
/// over. A process that is killed leaves it as it is.
///
/// Two numbers of 64 bits in the machine's order: a magic one, which tells this layout from any other, and
/// CLOCK_BOOTTIME in nanoseconds, 0 if the VIP was let go.
final class ResumeRecord {
  private static let magic: Int64 = 0x7669_7064_0000_0002
  private static let size = 16

  private let path: String
  /// -1 while the file has no room.
  private var descriptor: Int32 = -1

  /// Until when this run may go on; nil if the one before let go, or that is unknown.
  let previous: Instant?

  /// Reads the file at `path` and makes sure that it has room, without which the next run will listen first.
  init(_ path: String) {
    self.path = path
    previous = Self.read(path)
    write(previous)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Replaces what was remembered. If there is no room for it, the next call tries again.
  func write(_ end: Instant?) {
    if descriptor < 0 { descriptor = open(path, Self.flags | O_CREAT, 0o600) }
    guard descriptor >= 0 else { return }
    let record = (Self.magic, end?.sinceBoot.nanoseconds ?? 0)
    // The first time this takes a page of the tmpfs, which later calls write over: they need no room, and a call
    // that fails raises no signal, as a mapped page does that the kernel cannot fill.
    let written = withUnsafeBytes(of: record) { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    guard written != Self.size else { return }
    close(descriptor)
    descriptor = -1
  }

  /// Three of the longest intervals that can be advertised, 4095 cs.
  private static let longest = Duration.milliseconds(3 * 40_950)

  /// A FIFO that somebody put there does not block, and cannot be written at an offset.
  private static let flags = O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW

  private static func read(_ path: String) -> Instant? {
    let descriptor = open(path, flags)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var record: (Int64, Int64) = (0, 0)
    let count = withUnsafeMutableBytes(of: &record) { pread(descriptor, $0.baseAddress, $0.count, 0) }
    guard count == size, record.0 == magic, record.1 > 0 else { return nil }
    let end = Instant(sinceBoot: .nanoseconds(record.1))
    // Nobody has advertised in the future.
    return end <= Clock.now + longest ? end : nil
  }
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
