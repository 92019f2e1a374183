import CSystemd
import Glibc

/// Waits until systemd, which had no room for a notification, has read some.
///
/// The kernel wakes up who is connected with a socket that is full. Who tries again after a while finds it full again where
/// many wait: then others have been quicker.
final class NotificationRoom {
  private unowned let loop: EventLoop
  private var source: EventSource?

  init(on loop: EventLoop) { self.loop = loop }

  /// Calls `handler` from the loop once when there may be room, in place of any earlier one; false if that cannot be known.
  func wait(_ handler: @escaping () -> Void) -> Bool {
    source = nil
    guard let socket = Notification.connected() else { return false }
    defer { close(socket) }
    // Then it is something else that is missing, and would be again.
    var request = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
    guard poll(&request, 1, 0) == 0 else { return false }
    // The loop watches a descriptor of its own.
    source = try? loop.watch(fd: socket, priority: .timer) { [unowned self] in
      source?.remove()
      source = nil
      handler()
    }
    source?.wait(for: EPOLLOUT.rawValue)
    return source != nil
  }
}
