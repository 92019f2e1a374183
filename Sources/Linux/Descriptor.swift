import CLinux
import Glibc

/// A file descriptor that is closed with its owner.
struct Descriptor: ~Copyable {
  let number: Int32

  /// Takes `number`, the result of a system call named by `operation`; throws errno if it is negative.
  init(_ number: Int32, _ operation: String) throws(LinuxError) {
    guard number >= 0 else { throw LinuxError(operation, errno: errno) }
    self.number = number
  }

  deinit { close(number) }

  /// setsockopt(2) with `value` as the option's C representation. (C structs with unions are not
  /// BitwiseCopyable to Swift.)
  func set<Value>(
    _ level: Int32, _ option: Int32, _ value: Value, _ operation: String
  ) throws(LinuxError) {
    let result = withUnsafeBytes(of: value) {
      setsockopt(number, level, option, $0.baseAddress, socklen_t($0.count))
    }
    guard result == 0 else { throw LinuxError(operation, errno: errno) }
  }

  /// getsockopt(2) of an `int`.
  func option(_ level: Int32, _ option: Int32, _ operation: String) throws(LinuxError) -> Int32 {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(number, level, option, &value, &length) == 0 else {
      throw LinuxError(operation, errno: errno)
    }
    return value
  }

  /// Reads one datagram into `buffer`: its true length, which may exceed the buffer's, or nil if none waits.
  func receive(into buffer: UnsafeMutableRawBufferPointer, _ operation: String) throws(LinuxError) -> Int? {
    while true {
      let count = recv(number, buffer.baseAddress, buffer.count, Int32(MSG_TRUNC))
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN: return nil
      case let code: throw LinuxError(operation, errno: code)
      }
    }
  }
}

extension Descriptor {
  /// The type of a raw socket that never blocks and is not inherited.
  static var rawSocketType: Int32 {
    Int32(SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
  }
}

/// Memory for one received datagram, made once and reused.
struct DatagramBuffer: ~Copyable {
  let bytes: UnsafeMutableRawBufferPointer

  init(count: Int) { bytes = .allocate(byteCount: count, alignment: 8) }

  deinit { bytes.deallocate() }

  /// Lends the first `count` bytes.
  func withPrefix(_ count: Int, _ body: (Span<UInt8>) -> Void) {
    UnsafeRawBufferPointer(bytes).withMemoryRebound(to: UInt8.self) {
      body($0.span.extracting(first: count))
    }
  }
}
