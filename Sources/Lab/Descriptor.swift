import Glibc

/// A file descriptor that is closed with the last reference to it.
final class Descriptor: Sendable {
  let number: Int32

  /// Takes `number`, what the system call `operation` returned; throws errno if that is negative.
  init(_ number: Int32, _ operation: String) throws(LabError) {
    guard number >= 0 else { throw LabError(operation, errno: errno) }
    self.number = number
  }

  deinit { close(number) }

  /// setsockopt(2) of an `int`.
  func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(LabError) {
    var value = value
    guard setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
      throw LabError("setsockopt \(level)/\(option)", errno: errno)
    }
  }

  /// bind(2) to `address`, any of the sockaddr types.
  func bind<Address: BitwiseCopyable>(to address: Address) throws(LabError) {
    let result = Self.withSocketAddress(address) { Glibc.bind(number, $0, $1) }
    guard result == 0 else { throw LabError("bind", errno: errno) }
  }

  /// connect(2) to `address`; whether it succeeded at once.
  func connect<Address: BitwiseCopyable>(to address: Address) -> Bool {
    Self.withSocketAddress(address) { Glibc.connect(number, $0, $1) } == 0
  }

  /// sendto(2) without waiting; what could not be sent is lost, as it would be on a network.
  @discardableResult
  func send<Address: BitwiseCopyable>(_ bytes: [UInt8], to address: Address) -> Bool {
    Self.withSocketAddress(address) {
      sendto(number, bytes, bytes.count, Int32(MSG_DONTWAIT), $0, $1) == bytes.count
    }
  }

  /// Writes all of `bytes` to a file in memory and goes back to its start.
  func write(_ bytes: [UInt8]) {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
      if count <= 0 { break }
      done += count
    }
    lseek(number, 0, SEEK_SET)
  }

  /// All that a file in memory holds.
  func contents() -> [UInt8] {
    lseek(number, 0, SEEK_SET)
    var result: [UInt8] = []
    while let part = readAvailable(), !part.isEmpty { result += part }
    return result
  }

  /// What can be read now, empty at the end of file, nil if nothing waits.
  func readAvailable() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(number, &buffer, buffer.count)
      if count >= 0 { return Array(buffer[..<count]) }
      if errno != EINTR { return errno == EAGAIN ? nil : [] }
    }
  }

  private static func withSocketAddress<Address: BitwiseCopyable, Result>(
    _ address: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<Address>.size))
      }
    }
  }
}
