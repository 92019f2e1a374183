import CLinux
import Glibc

/// A connection between processes of one host (unix(7), SOCK_SEQPACKET): messages keep their bounds and their order, and
/// the kernel closes it when the process at either end is gone, however it ended.
public struct LocalConnection: ~Copyable {
  /// Why there is no connection.
  public enum Failure: Error {
    /// Nobody listens at the path.
    case nobodyListens
    /// Whoever listens is not to be trusted, or takes no more connections; or this process has no descriptor left.
    case refused
  }

  /// What became of a message.
  public enum Sending: Hashable, Sendable {
    /// The kernel has it.
    case sent
    /// The other end has read nothing for long.
    case full
    /// The other end is gone; what it sent may still wait.
    case ended
  }

  /// What a reading came to.
  public enum Reading: Hashable, Sendable {
    /// A message was handed over.
    case message
    /// None waits.
    case nothing
    /// None will come any more.
    case ended
  }

  /// Octets of the longest message that is read whole.
  private static let messageSize = 512

  private let socket: Descriptor

  init(_ socket: consuming Descriptor) { self.socket = socket }

  /// Connects to whoever listens at `path`, if that is a process of the same user or of root. Never blocks: who listens
  /// may be frozen, and finds out later.
  public init(to path: String) throws(Failure) {
    guard let address = UnixAddress(path: path) else { throw .nobodyListens }
    guard let socket = try? Descriptor(Glibc.socket(AF_UNIX, LocalListener.type, 0), "making a socket") else {
      throw .refused
    }
    guard address.connect(socket.number) == 0 else {
      throw [ENOENT, ECONNREFUSED, ENOTDIR].contains(errno) ? .nobodyListens : .refused
    }
    guard Self.isTrusted(socket) else { throw .refused }
    self.init(socket)
  }

  /// Becomes readable when messages wait, and when the other end is gone.
  public var fd: Int32 { socket.number }

  /// Whether the process at the other end is root's or of this process's own user. No other one can write to this
  /// process's own socket; but anybody may listen.
  private static func isTrusted(_ socket: borrowing Descriptor) -> Bool {
    // struct ucred of unix(7), which glibc hides from Swift.
    var peer: (pid: pid_t, uid: uid_t, gid: gid_t) = (0, 0, 0)
    var length = socklen_t(MemoryLayout.size(ofValue: peer))
    guard getsockopt(socket.number, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 else { return false }
    return peer.uid == 0 || peer.uid == getuid()
  }

  /// Sends `message`.
  public func send(_ message: Span<UInt8>) -> Sending {
    message.withUnsafeBytes { bytes in
      while true {
        let count = Glibc.send(socket.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        if count == bytes.count { return .sent }
        switch errno {
        case EINTR: continue
        case EAGAIN, ENOBUFS: return .full
        default: return .ended
        }
      }
    }
  }

  /// Hands the next message that waits to `body`, empty if it is too long.
  public func receive(_ body: (Span<UInt8>) -> Void) -> Reading {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.messageSize) { buffer in
      while true {
        let count = recv(socket.number, buffer.baseAddress, buffer.count, Int32(MSG_TRUNC))
        if count > 0 {
          body(buffer.span.extracting(first: count <= buffer.count ? count : 0))
          return .message
        }
        if count == 0 { return .ended }
        switch errno {
        // The other end had something unread when it closed. What it sent before comes now.
        case EINTR, ECONNRESET: continue
        case EAGAIN: return .nothing
        default: return .ended
        }
      }
    }
  }
}
