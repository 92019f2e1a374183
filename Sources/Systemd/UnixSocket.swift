import CSystemd
import Glibc
import Linux

/// Sockets of AF_UNIX: with a path and of streams, or in pairs.
enum UnixSocket {
  /// Listens at `path`, where everybody may connect who can reach it. Never blocks.
  static func listen(at path: String) throws(SystemdError) -> Int32 {
    let operation = "listening at \(path)"
    let temporary = path + ".new"
    let address = try Self.address(temporary, operation)
    unlink(temporary)
    let socket = try make()
    // Renamed into place when it listens: clients find the old one, or a new one that answers.
    guard
      address.bind(socket) == 0, chmod(temporary, 0o666) == 0,
      Glibc.listen(socket, 16) == 0, rename(temporary, path) == 0
    else {
      let code = errno
      close(socket)
      unlink(temporary)
      throw SystemdError(operation, -code)
    }
    return socket
  }

  /// The next client that waits on `listener`; nil if there is none, or no descriptor left for it.
  static func accept(_ listener: Int32) -> Int32? {
    let socket = Glibc.accept(listener, nil, nil)
    guard socket >= 0 else { return nil }
    // Nobody else forks between these: the daemon has one thread that does.
    guard fcntl(socket, F_SETFD, FD_CLOEXEC) == 0, fcntl(socket, F_SETFL, O_NONBLOCK) == 0 else {
      close(socket)
      return nil
    }
    return socket
  }

  /// Connects to whoever listens at `path`. Never blocks: a listener that is frozen has room for the first
  /// few, and those find out later.
  static func connect(to path: String) throws(SystemdError) -> Int32 {
    let operation = "connecting to \(path)"
    let address = try Self.address(path, operation)
    let socket = try make()
    guard address.connect(socket) == 0 else {
      let code = errno
      close(socket)
      throw SystemdError(operation, -code)
    }
    return socket
  }

  /// Whether the process at the other end of `socket` is root's or this process's own user's.
  static func isPrivileged(peerOf socket: Int32) -> Bool {
    // struct ucred of unix(7), which glibc hides from Swift.
    var peer: (pid: pid_t, uid: uid_t, gid: gid_t) = (0, 0, 0)
    var length = socklen_t(MemoryLayout.size(ofValue: peer))
    guard getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 else { return false }
    return peer.uid == 0 || peer.uid == getuid()
  }

  /// Undoes what sd-bus does to `socket`: 8 MiB for each client are too much for one that does not read.
  static func limitSending(on socket: Int32) {
    var size: CInt = 128 << 10
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
  }

  /// The ends of a connection of `type` within this process.
  static func pair(_ type: __socket_type) throws(SystemdError) -> (Int32, Int32) {
    var ends: (Int32, Int32) = (-1, -1)
    let result = withUnsafeMutableBytes(of: &ends) {
      socketpair(
        AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0,
        $0.assumingMemoryBound(to: Int32.self).baseAddress)
    }
    guard result == 0 else { throw SystemdError("making a pair of sockets", -errno) }
    return ends
  }

  private static func address(_ path: String, _ operation: String) throws(SystemdError) -> UnixAddress {
    guard let address = UnixAddress(path: path) else { throw SystemdError(operation, -ENAMETOOLONG) }
    return address
  }

  private static func make() throws(SystemdError) -> Int32 {
    let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let socket = Glibc.socket(AF_UNIX, Int32(type), 0)
    guard socket >= 0 else { throw SystemdError("making a socket", -errno) }
    return socket
  }
}
