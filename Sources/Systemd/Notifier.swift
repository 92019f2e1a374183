import Internet
import Linux

/// Tells systemd what it must learn: what it has no room for now, as while PID 1 hangs or is executed anew, is kept and
/// sent when it has. Nothing here waits or fails.
public final class Notifier {
  private static let firstPause = Duration.milliseconds(50)
  private static let longestPause = Duration.seconds(2)

  private var pending = PendingNotifications()
  private var pause = firstPause
  private var timer: Timer?
  private let room: NotificationRoom
  private let send: (Notification) -> Bool

  /// Sends by ``Notification/send(_:)``, again from `loop`.
  public convenience init(on loop: EventLoop) throws(SystemdError) {
    try self.init(on: loop) { notification in
      do throws(SystemdError) {
        try Notification.send(notification)
        return true
      } catch {
        return false
      }
    }
  }

  /// `send` says whether it was sent.
  init(on loop: EventLoop, send: @escaping (Notification) -> Bool) throws(SystemdError) {
    self.send = send
    room = NotificationRoom(on: loop)
    timer = try loop.timer { [unowned self] in sendPending() }
  }

  /// Sends `notification`, after all that was not sent yet and still matters.
  public func notify(_ notification: Notification) {
    let isWaiting = pending.first != nil
    pending.add(notification)
    if !isWaiting { sendPending() }
  }

  private func sendPending() {
    while let next = pending.first {
      guard send(next) else {
        if room.wait({ [unowned self] in sendPending() }) { return }
        timer?.arm(at: Clock.now + pause)
        pause = min(pause * 2, Self.longestPause)
        return
      }
      pending.removeFirst()
      pause = Self.firstPause
    }
  }
}

/// What systemd has yet to be told, in order. Bounded: later news replace earlier ones.
struct PendingNotifications: Hashable {
  private var states: [Notification] = []
  private var status: Notification?

  /// What is to be sent next.
  var first: Notification? { states.first ?? status }

  mutating func add(_ notification: Notification) {
    switch notification {
    case .status: status = notification
    case .watchdog: break
    case .reloading:
      // That start-up is finished must be told in any case.
      states.removeAll { $0 != .ready }
      states = states.suffix(1) + [notification]
    case .ready, .stopping: states = [notification]
    }
  }

  mutating func removeFirst() {
    if states.isEmpty { status = nil } else { states.removeFirst() }
  }
}
