import CSystemd
import Glibc

/// A thread that writes log records, and the bounded queue to it.
///
/// The queue is a socket pair that keeps records apart: its size is the bound, its end is the signal to
/// stop, and the two threads share nothing else.
final class JournalWriter {
  /// Where records go.
  enum Destination {
    /// To journald, as fields separated by NUL.
    case journal
    /// To a descriptor as they are.
    case descriptor(Int32)
  }

  /// Octets of a record; longer ones are refused.
  static let recordSize = 16 << 10
  /// Octets of kernel memory that waiting records may take: about a hundred records.
  private static let queueSize: Int32 = 64 << 10

  private let queue: Int32

  init(_ destination: Destination) throws(SystemdError) {
    let ends = try UnixSocket.pair(SOCK_SEQPACKET)
    queue = ends.0
    var size = Self.queueSize
    setsockopt(queue, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    let context = WriterContext(source: ends.1, destination: destination)
    do throws(SystemdError) {
      try DetachedThread.start { context.run() }
    } catch {
      Glibc.close(ends.1)
      throw error
    }
  }

  deinit {
    close(within: .zero)
    Glibc.close(queue)
  }

  /// Queues `record`, without blocking; whether there was room.
  func submit(_ record: String) -> Bool {
    var record = record
    return record.withUTF8 { bytes in
      guard bytes.count <= Self.recordSize else { return false }
      let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
      return Glibc.send(queue, bytes.baseAddress, bytes.count, flags) == bytes.count
    }
  }

  /// Lets the thread write what is queued and end, and waits for it at most `limit`; whether it did.
  @discardableResult
  func close(within limit: Duration) -> Bool {
    shutdown(queue, Int32(SHUT_WR))
    // The thread closes its end of the queue as the last thing it does.
    var request = pollfd(fd: queue, events: Int16(POLLIN), revents: 0)
    let (seconds, attoseconds) = limit.components
    let milliseconds = Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    while true {
      let result = poll(&request, 1, milliseconds)
      if result >= 0 { return result > 0 }
      if errno != EINTR { return false }
    }
  }
}

/// What the writing thread uses, and nobody else. It allocates nothing, so that malloc sets up no arena for it.
private final class WriterContext: @unchecked Sendable {
  private static let maximumFields = 64

  private let source: Int32
  private let destination: JournalWriter.Destination
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: JournalWriter.recordSize, alignment: 1)
  private let fields = UnsafeMutableBufferPointer<iovec>.allocate(capacity: maximumFields)

  init(source: Int32, destination: JournalWriter.Destination) {
    self.source = source
    self.destination = destination
  }

  deinit {
    buffer.deallocate()
    fields.deallocate()
  }

  func run() {
    while true {
      let count = recv(source, buffer.baseAddress, buffer.count, 0)
      if count > 0 { write(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
      if count == 0 || (count < 0 && errno != EINTR) { break }
    }
    close(source)
  }

  private func write(_ record: UnsafeRawBufferPointer) {
    switch destination {
    case .journal: sendFields(record)
    case .descriptor(let fd): writeAll(record, to: fd)
    }
  }

  private func sendFields(_ record: UnsafeRawBufferPointer) {
    var count = 0
    var start = 0
    while start <= record.count, count < Self.maximumFields {
      let end = record[start...].firstIndex(of: 0) ?? record.count
      let base = UnsafeMutableRawPointer(mutating: record.baseAddress?.advanced(by: start))
      fields[count] = iovec(iov_base: base, iov_len: end - start)
      count += 1
      start = end + 1
    }
    // Without journald there is nobody to tell of a failure.
    sd_journal_sendv(fields.baseAddress, Int32(count))
  }

  private func writeAll(_ record: UnsafeRawBufferPointer, to fd: Int32) {
    var rest = record[...]
    while !rest.isEmpty {
      let written = Glibc.write(fd, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written >= 0 {
        rest = rest.dropFirst(written)
      } else if errno == EAGAIN {
        // Somebody else made the descriptor non-blocking.
        var request = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
        poll(&request, 1, -1)
      } else if errno != EINTR {
        return
      }
    }
  }
}
