import CLinux
import Glibc

/// A socket in the file system at which processes of one host connect to this one.
///
/// Only who may write to that file can connect: the same user, and root.
public struct LocalListener: ~Copyable {
  /// Connections that wait for a process that is held up: as many as it has siblings.
  private static let backlog: Int32 = 256

  static var type: Int32 {
    Int32(SOCK_SEQPACKET.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
  }

  private let socket: Descriptor
  private let path: String

  /// Listens at `path`, in place of an earlier process's socket that was left there.
  public init(path: String) throws(LinuxError) {
    let operation = "listening at \(path)"
    guard let address = UnixAddress(path: path) else { throw LinuxError(operation, errno: ENAMETOOLONG) }
    let socket = try Descriptor(Glibc.socket(AF_UNIX, Self.type, 0), operation)
    unlink(path)
    guard address.bind(socket.number) == 0, listen(socket.number, Self.backlog) == 0 else {
      throw LinuxError(operation, errno: errno)
    }
    self.socket = socket
    self.path = path
  }

  deinit { unlink(path) }

  /// Becomes readable when somebody has connected.
  public var fd: Int32 { socket.number }

  /// The next connection that waits; nil if there is none, or no descriptor left for it.
  public func accept() -> LocalConnection? {
    guard let accepted = try? Descriptor(Glibc.accept(socket.number, nil, nil), "accepting a connection")
    else { return nil }
    // A program that is spawned between these inherits nothing: vip_spawn() closes everything.
    guard fcntl(accepted.number, F_SETFD, FD_CLOEXEC) == 0,
      fcntl(accepted.number, F_SETFL, O_NONBLOCK) == 0
    else { return nil }
    return LocalConnection(accepted)
  }
}
