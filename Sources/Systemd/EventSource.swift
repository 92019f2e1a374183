import CSystemd
import Glibc

/// A handler that an ``EventLoop`` calls. Releasing the source removes it at once, also inside its own handler: what
/// it watched may be closed then, and the descriptor's number used again.
public final class EventSource {
  /// It may outlive the source, for as long as it runs.
  private final class Handler {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
  }

  private let handler: Handler
  private var source: OpaquePointer?
  private let fd: Int32

  /// Takes over `fd`, the descriptor that is watched, if there is one.
  init(fd: Int32 = -1, _ handler: @escaping () -> Void) {
    self.fd = fd
    self.handler = Handler(handler)
  }

  deinit {
    sd_event_source_disable_unref(source)
    if fd >= 0 { close(fd) }
  }

  /// Lets `add` make the libsystemd source, with the handler as its user data.
  func make(
    _ priority: EventLoop.Priority, _ operation: String,
    _ add: (UnsafeMutablePointer<OpaquePointer?>, UnsafeMutableRawPointer) -> Int32
  ) throws(SystemdError) {
    // Unretained: the source never outlives this object, whose deinit removes it.
    let result = add(&source, Unmanaged.passUnretained(handler).toOpaque())
    try SystemdError.check(result, operation)
    try SystemdError.check(sd_event_source_set_priority(source, priority.rawValue), operation)
  }

  /// Whether a descriptor source is dispatched.
  var isEnabled = true {
    // Cannot fail: the source is of this process's loop.
    didSet { sd_event_source_set_enabled(source, Int32(isEnabled ? SD_EVENT_ON : SD_EVENT_OFF)) }
  }

  /// Waits for these events of epoll(7) on a descriptor source.
  func wait(for events: UInt32) {
    // Cannot fail: the source is a descriptor of this process's loop.
    sd_event_source_set_io_events(source, events)
  }

  /// Arms a timer source for one shot, at `microseconds` on its clock.
  func arm(at microseconds: UInt64) {
    // Neither can fail: the source is a timer of this process's loop.
    sd_event_source_set_time(source, microseconds)
    sd_event_source_set_enabled(source, Int32(SD_EVENT_ONESHOT))
  }

  func disarm() { sd_event_source_set_enabled(source, Int32(SD_EVENT_OFF)) }

  /// What libsystemd calls.
  static func call(_ userdata: UnsafeMutableRawPointer?) -> Int32 {
    guard let userdata else { return 0 }
    let handler = Unmanaged<Handler>.fromOpaque(userdata).takeUnretainedValue()
    // The handler may release the source, and that the last other reference.
    withExtendedLifetime(handler) { handler.run() }
    return 0
  }
}
