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
    guard let address = UnixAddress(path: path) else { throw LinuxError(operation, errno: ENAMETOOLONG) }
    guard address.bind(socket.number) == 0 else {
      throw LinuxError(operation, errno: errno)
    }
    self.socket = socket
    self.path = path
  }

  deinit { unlink(path) }

  /// Becomes readable when datagrams wait.
  public var fd: Int32 { socket.number }

  /// Sends `datagram` to the socket at `path`, if somebody listens there and keeps up; who does not misses it.
  public func send(_ datagram: Span<UInt8>, to path: String) {
    datagram.withUnsafeBytes { bytes in
      _ = UnixAddress(path: path)?.send(bytes, by: socket.number)
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
}
