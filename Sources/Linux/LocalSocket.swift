import CLinux
import Glibc

/// A socket for datagrams between processes of one host (unix(7)), with a name in the file system.
///
/// Only who may write to that file can send to it: the same user, and root.
public struct LocalSocket: ~Copyable {
  /// Octets of the longest datagram that is read whole.
  private static let datagramSize = 512

  private let socket: Descriptor
  private let buffer = DatagramBuffer(count: Self.datagramSize)
  private let path: String

  /// Opens a socket at `path`, in place of one that an earlier process left there.
  public init(path: String) throws(LinuxError) {
    let operation = "opening \(path)"
    let type = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let socket = try Descriptor(Glibc.socket(AF_UNIX, type, 0), operation)
    unlink(path)
    guard let result = Self.withAddress(path, { bind(socket.number, $0, $1) }) else {
      throw LinuxError(operation, errno: ENAMETOOLONG)
    }
    guard result == 0 else { throw LinuxError(operation, errno: errno) }
    self.socket = socket
    self.path = path
  }

  deinit { unlink(path) }

  /// Becomes readable when datagrams wait.
  public var fd: Int32 { socket.number }

  /// Sends `datagram` to the socket at `path`, if somebody listens there and keeps up; who does not misses it.
  public func send(_ datagram: Span<UInt8>, to path: String) {
    datagram.withUnsafeBytes { bytes in
      _ = Self.withAddress(path) { sendto(socket.number, bytes.baseAddress, bytes.count, 0, $0, $1) }
    }
  }

  /// Hands the next waiting datagram to `body`, empty if it is too long; false if none waits.
  public func receive(_ body: (Span<UInt8>) -> Void) throws(LinuxError) -> Bool {
    guard let count = try socket.receive(into: buffer.bytes, "receiving from another instance") else {
      return false
    }
    buffer.withPrefix(count <= Self.datagramSize ? count : 0, body)
    return true
  }

  /// nil if `path` is too long for an address.
  private static func withAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result
  ) -> Result? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    return withUnsafeMutableBytes(of: &address) { raw in
      let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
      for (index, byte) in bytes.enumerated() { raw[offset + index] = byte }
      return body(raw.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(raw.count))
    }
  }
}
