import CSystemd
import Glibc

/// The daemon's log: structured records to the journal if standard error leads there, else lines of text to
/// standard error.
///
/// Writing to either can block, for as long as journald hangs or nobody reads a pipe, and the caller must
/// not. So records pass through a socket of bounded size to a thread that writes them; those that find it
/// full are dropped and counted.
public final class Journal {
  /// syslog(3) levels.
  public enum Severity: Int, Sendable {
    /// Somebody must act now.
    case alert = 1
    /// The daemon cannot go on.
    case critical
    /// Something failed.
    case error
    /// Something is not as it should be.
    case warning
    /// Normal, and worth knowing.
    case notice
    /// Normal.
    case info
    /// For developers.
    case debug
  }

  /// A field beside the message: an upper-case name of letters, digits and underscores, and its value.
  public typealias Field = (name: StaticString, value: String)

  private let identifier: String
  private let isStructured: Bool
  private let writer: JournalWriter
  /// Records dropped since the last that got through.
  private var unreported = 0

  /// Records dropped so far.
  public private(set) var dropped = 0

  /// A log whose records bear `identifier`, the program's name. Starts the writing thread.
  public convenience init(identifier: String) throws(SystemdError) {
    let stream = getenv("JOURNAL_STREAM").map { String(cString: $0) }
    try self.init(identifier: identifier, output: STDERR_FILENO, journalStream: stream)
  }

  init(identifier: String, output: Int32, journalStream: String?) throws(SystemdError) {
    self.identifier = identifier
    isStructured = Self.names(journalStream, output)
    writer = try JournalWriter(isStructured ? .journal : .descriptor(output))
  }

  /// Logs `message`. `id` is MESSAGE_ID, 32 hexadecimal digits that stand for one kind of event.
  public func send(
    _ severity: Severity, _ message: String, id: StaticString? = nil, fields: [Field] = []
  ) {
    if unreported > 0 {
      let report = record(.warning, "\(unreported) log records were dropped: writing them takes too long")
      if writer.submit(report) { unreported = 0 }
    }
    if !writer.submit(record(severity, message, id: id, fields: fields)) {
      dropped += 1
      unreported += 1
    }
  }

  /// Waits until everything is written, at most `limit`; then nothing is logged any more. Returns whether
  /// everything was written.
  @discardableResult
  public func close(within limit: Duration) -> Bool { writer.close(within: limit) && unreported == 0 }
}

extension Journal {
  /// Whether `fd` is the stream that systemd connected to the journal: JOURNAL_STREAM names its device and
  /// inode (systemd.exec(5)).
  private static func names(_ journalStream: String?, _ fd: Int32) -> Bool {
    var status = stat()
    guard let journalStream, fstat(fd, &status) == 0 else { return false }
    return journalStream == "\(status.st_dev):\(status.st_ino)"
  }

  private func record(
    _ severity: Severity, _ message: String, id: StaticString? = nil, fields: [Field] = []
  ) -> String {
    guard isStructured else { return "\(Self.time) \(identifier): \(severity): \(message)\n" }
    var record = "MESSAGE=\(Self.field(message))\0PRIORITY=\(severity.rawValue)"
    record += "\0SYSLOG_IDENTIFIER=\(identifier)"
    if let id { record += "\0MESSAGE_ID=\(id)" }
    for field in fields { record += "\0\(field.name)=\(Self.field(field.value))" }
    return record
  }

  /// NUL separates the fields of a record.
  private static func field(_ value: String) -> String {
    value.utf8.contains(0) ? String(value.unicodeScalars.filter { $0 != "\0" }.map(Character.init)) : value
  }

  /// The wall clock, as `2025-11-22 08:14:03.123`.
  private static var time: String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var parts = tm()
    guard localtime_r(&now.tv_sec, &parts) != nil else { return "?" }
    let milliseconds = String(1000 + now.tv_nsec / 1_000_000).dropFirst()
    return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { text in
      let start = text.assumingMemoryBound(to: CChar.self).baseAddress
      let length = strftime(start, text.count, "%Y-%m-%d %H:%M:%S.", &parts)
      return String(decoding: text[..<length], as: UTF8.self) + milliseconds
    }
  }
}
