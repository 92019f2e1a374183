import CSystemd
import Glibc

/// What a service tells systemd about itself (sd_notify(3)). Without NOTIFY_SOCKET nothing is sent.
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

  /// Sends `notifications` as one message. Returns whether there was anybody to send it to.
  @discardableResult
  public static func send(_ notifications: Notification...) throws(SystemdError) -> Bool {
    let result = sd_notify(0, notifications.map(\.assignments).joined(separator: "\n"))
    try SystemdError.check(result, "notifying systemd")
    return result > 0
  }

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
