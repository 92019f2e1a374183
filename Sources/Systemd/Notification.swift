import CSystemd
import Glibc
import Linux

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

  /// Sends `notifications` as one message, without blocking. Returns whether there was anybody to send it to.
  ///
  /// Throws EAGAIN if systemd has no room for it now.
  @discardableResult
  public static func send(_ notifications: Notification...) throws(SystemdError) -> Bool {
    let operation = "notifying systemd"
    guard let address = try manager(operation) else { return false }
    let socket = Glibc.socket(AF_UNIX, socketType, 0)
    guard socket >= 0 else { throw SystemdError(operation, -errno) }
    defer { close(socket) }
    let text = notifications.map(\.assignments).joined(separator: "\n")
    guard let failure = transmit(text, to: address, by: socket) else { return true }
    throw SystemdError(operation, -failure)
  }

  /// A socket that is connected with systemd's; nil if there is none. The caller closes it.
  static func connected() -> Int32? {
    guard let address = try? manager("reaching systemd") else { return nil }
    let socket = Glibc.socket(AF_UNIX, socketType, 0)
    guard socket >= 0 else { return nil }
    if address.connect(socket) == 0 { return socket }
    close(socket)
    return nil
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
    }
  }

  private static var monotonicMicroseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }
}

extension Notification {
  /// Where systemd listens; nil if nobody does.
  private static func manager(_ operation: String) throws(SystemdError) -> UnixAddress? {
    guard let name = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), !name.isEmpty else { return nil }
    return try address(name, operation)
  }

  /// Of a path, or of an abstract name, which begins with `@`.
  private static func address(_ name: String, _ operation: String) throws(SystemdError) -> UnixAddress {
    let isAbstract = name.hasPrefix("@")
    guard isAbstract || name.hasPrefix("/") else { throw SystemdError(operation, -EAFNOSUPPORT) }
    let address = isAbstract ? UnixAddress(abstract: String(name.dropFirst())) : UnixAddress(path: name)
    guard let address else { throw SystemdError(operation, -ENAMETOOLONG) }
    return address
  }

  /// Sends `text` as a datagram if there is room; errno on failure.
  private static func transmit(_ text: String, to address: UnixAddress, by socket: Int32) -> Int32? {
    var text = text
    return text.withUTF8 { bytes in
      let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
      let sent = address.send(UnsafeRawBufferPointer(bytes), by: socket, flags: flags)
      return sent == bytes.count ? nil : errno
    }
  }
}
