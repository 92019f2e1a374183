import CSystemd
import Glibc

/// Stream sockets with a path.
enum UnixSocket {
  /// Listens at `path`, where everybody may connect who can reach it. Never blocks.
  static func listen(at path: String) throws(SystemdError) -> Int32 {
    let temporary = path + ".new"
    unlink(temporary)
    let socket = try make()
    // Renamed into place when it listens: clients find the old one, or a new one that answers.
    guard
      with(temporary, { bind(socket, $0, $1) == 0 }), chmod(temporary, 0o666) == 0,
      Glibc.listen(socket, 16) == 0, rename(temporary, path) == 0
    else {
      let code = errno
      close(socket)
      unlink(temporary)
      throw SystemdError("listening at \(path)", -code)
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
    let socket = try make()
    guard with(path, { Glibc.connect(socket, $0, $1) == 0 }) else {
      let code = errno
      close(socket)
      throw SystemdError("connecting to \(path)", -code)
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

  private static func make() throws(SystemdError) -> Int32 {
    let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let socket = Glibc.socket(AF_UNIX, Int32(type), 0)
    guard socket >= 0 else { throw SystemdError("making a socket", -errno) }
    return socket
  }

  /// `body`'s answer; false and ENAMETOOLONG if the path does not fit.
  private static func with(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool
  ) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      errno = ENAMETOOLONG
      return false
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
