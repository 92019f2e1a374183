import CSystemd
import Glibc

/// A handler that an ``EventLoop`` calls, until the source is removed or released.
public final class EventSource {
  private let handler: () -> Void
  private var source: OpaquePointer?
  private var fd: Int32
  /// When a timer source calls; nil if it does not.
  private var armed: UInt64?

  /// Takes over `fd`, the descriptor that is watched, if there is one.
  init(fd: Int32 = -1, _ handler: @escaping () -> Void) {
    self.fd = fd
    self.handler = handler
  }

  deinit { remove() }

  /// Removes the source now, also inside its own handler: that keeps a source which is only released until it returns, and
  /// with it the file that is watched.
  public func remove() {
    sd_event_source_disable_unref(source)
    source = nil
    if fd >= 0 { close(fd) }
    fd = -1
  }

  /// Lets `add` make the libsystemd source, with this object as its user data.
  func make(
    _ priority: EventLoop.Priority, _ operation: String,
    _ add: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutableRawPointer) -> Int32
  ) throws(SystemdError) {
    // Unretained: the source never outlives this object, whose deinit removes it.
    let result = add(&source, Unmanaged.passUnretained(self).toOpaque())
    try SystemdError.check(result, operation)
    try SystemdError.check(sd_event_source_set_priority(source, priority.rawValue), operation)
  }

  /// Whether the loop lets a descriptor source rest.
  var isResting = false {
    didSet {
      guard isResting != oldValue else { return }
      // Cannot fail: the source is of this process's loop.
      sd_event_source_set_enabled(source, Int32(isResting ? SD_EVENT_OFF : SD_EVENT_ON))
    }
  }

  /// Waits for these events of epoll(7) on a descriptor source.
  func wait(for events: UInt32) {
    // Cannot fail: the source is a descriptor of this process's loop.
    sd_event_source_set_io_events(source, events)
  }

  /// Arms a timer source for one shot, at `microseconds` on its clock.
  func arm(at microseconds: UInt64) {
    if microseconds == armed { return }
    armed = microseconds
    // Neither can fail: the source is a timer of this process's loop.
    sd_event_source_set_time(source, microseconds)
    sd_event_source_set_enabled(source, Int32(SD_EVENT_ONESHOT))
  }

  func disarm() {
    if armed == nil { return }
    armed = nil
    sd_event_source_set_enabled(source, Int32(SD_EVENT_OFF))
  }

  /// What libsystemd calls.
  static func call(_ userdata: UnsafeMutableRawPointer?) -> Int32 {
    guard let userdata else { return 0 }
    let source = Unmanaged<EventSource>.fromOpaque(userdata).takeUnretainedValue()
    // The handler may release the last other reference.
    withExtendedLifetime(source) {
      source.armed = nil
      source.handler()
    }
    return 0
  }
}
