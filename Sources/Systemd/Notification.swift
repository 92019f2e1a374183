import CSystemd
import Glibc

/// What a service tells systemd about itself (sd_notify(3)). Without NOTIFY_SOCKET nothing is sent.
///
/// libsystemd's function waits when the manager's queue is full, for as long as a hung or busy PID 1 reads
/// nothing, and with it would the heartbeats. So this speaks the protocol itself, which is declared stable.
public enum Notification: Hashable, Sendable {
  /// Start-up is finished, or a reload.
  case ready
  /// A line for `systemctl status`.
  case status(String)
  /// The service is about to end.
  case stopping
  /// The configuration is being read again; followed by `ready`.
  case reloading
  /// The watchdog's deadline has been met; ``EventLoop/enableWatchdog()`` does this by itself.
  case watchdog
  /// The service found that it no longer works: systemd acts as if the watchdog's deadline was missed.
  case watchdogTrigger

  /// Sends `notifications` as one message, without blocking. Returns whether there was anybody to send it to.
  ///
  /// Throws EAGAIN if systemd has no room for it now.
  @discardableResult
  public static func send(_ notifications: Notification...) throws(SystemdError) -> Bool {
    let operation = "notifying systemd"
    guard let name = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), !name.isEmpty else { return false }
    let socket = Glibc.socket(AF_UNIX, socketType, 0)
    guard socket >= 0 else { throw SystemdError(operation, -errno) }
    defer { close(socket) }
    let text = notifications.map(\.assignments).joined(separator: "\n")
    guard let failure = transmit(text, to: try SocketName(name, operation), by: socket) else { return true }
    throw SystemdError(operation, -failure)
  }

  /// Of a datagram socket that is not inherited.
  static let socketType = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

  private var assignments: String {
    switch self {
    case .ready: "READY=1"
    // A line break would begin another assignment.
    case .status(let text): "STATUS=" + text.split(whereSeparator: \.isNewline).joined(separator: " ")
    case .stopping: "STOPPING=1"
    case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)"
    case .watchdog: "WATCHDOG=1"
    case .watchdogTrigger: "WATCHDOG=trigger"
    }
  }

  private static var monotonicMicroseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }
}

extension Notification {
  /// Sends `text` as a datagram if there is room; errno on failure.
  private static func transmit(_ text: String, to name: SocketName, by socket: Int32) -> Int32? {
    var text = text
    return text.withUTF8 { bytes in
      withUnsafeBytes(of: name.address) { raw in
        let address = raw.assumingMemoryBound(to: sockaddr.self).baseAddress
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        let sent = sendto(socket, bytes.baseAddress, bytes.count, flags, address, name.length)
        return sent == bytes.count ? nil : errno
      }
    }
  }
}

/// The address of a Unix socket, from a path or from an abstract name that begins with `@`.
private struct SocketName {
  private(set) var address = sockaddr_un()
  let length: socklen_t

  init(_ name: String, _ operation: String) throws(SystemdError) {
    guard let first = name.utf8.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@") else {
      throw SystemdError(operation, -EAFNOSUPPORT)
    }
    // A path needs its NUL.
    guard name.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw SystemdError(operation, -ENAMETOOLONG)
    }
    address.sun_family = sa_family_t(AF_UNIX)
    let isAbstract = first == UInt8(ascii: "@")
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      path.copyBytes(from: name.utf8)
      if isAbstract { path[0] = 0 }
    }
    let used = MemoryLayout<sa_family_t>.size + name.utf8.count + (isAbstract ? 0 : 1)
    length = socklen_t(used)
  }
}
