import Glibc

/// The address of a Unix socket (unix(7)).
public struct UnixAddress {
  private var address = sockaddr_un()
  private let length: socklen_t

  /// Of the socket at `path` in the file system; nil if that is too long for an address.
  public init?(path: String) {
    // A path needs its NUL.
    guard path.utf8.count < Self.capacity else { return nil }
    length = socklen_t(MemoryLayout<sockaddr_un>.size)
    fill(with: path, at: 0)
  }

  /// Of the socket called `name` in the abstract namespace; nil if that is too long for an address.
  public init?(abstract name: String) {
    // A NUL comes before it, and none after it.
    guard name.utf8.count < Self.capacity else { return nil }
    length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
    fill(with: name, at: 1)
  }

  private static var capacity: Int { MemoryLayout.size(ofValue: sockaddr_un().sun_path) }

  private mutating func fill(with name: String, at start: Int) {
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      for (index, byte) in name.utf8.enumerated() { bytes[start + index] = byte }
    }
  }

  /// bind(2): 0, or -1 and errno.
  public func bind(_ socket: Int32) -> Int32 { lend { Glibc.bind(socket, $0, $1) } }

  /// connect(2): 0, or -1 and errno.
  public func connect(_ socket: Int32) -> Int32 { lend { Glibc.connect(socket, $0, $1) } }

  /// sendto(2), by `socket`: how many bytes, or -1 and errno.
  @discardableResult
  public func send(_ bytes: UnsafeRawBufferPointer, by socket: Int32, flags: Int32 = 0) -> Int {
    lend { sendto(socket, bytes.baseAddress, bytes.count, flags, $0, $1) }
  }

  func lend<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }
}
