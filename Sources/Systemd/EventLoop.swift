import CSystemd
import Glibc
import Internet
import Linux

/// The daemon's loop: it sleeps until something happens and calls handlers, one after the other, on the
/// thread that runs it.
public final class EventLoop {
  /// Who goes first when several things wait; the order of the cases.
  public enum Priority: Int64, Sendable {
    /// Received packets go before timers: a heartbeat that already waits in the socket must be handled
    /// before the timer that would declare its sender dead, however late the loop is. Of a flood: UrgentSources.
    case packet = -20
    /// What the kernel says of links and addresses, for the same reason.
    case kernel = -10
    /// What it answers. Never before its news, also after all three have rested.
    case answer = -5
    /// What other instances tell, before the timer that would count them as silent.
    case sibling = -3
    /// Timers.
    case timer = 0
    /// Signals and what is not urgent.
    case signal = 10
  }

  private let event: OpaquePointer
  private let urgent = UrgentSources()
  private var rest: Timer?
  private var watchdog: Watchdog?
  private var watchdogTimer: Timer?
  private var watchdogRoom: NotificationRoom?

  /// A loop for the calling thread.
  public init() throws(SystemdError) {
    var event: OpaquePointer?
    let result = sd_event_new(&event)
    guard result >= 0, let event else { throw SystemdError("making an event loop", result) }
    self.event = event
    rest = try timer { [unowned self] in urgent.resume() }
  }

  deinit {
    watchdogTimer = nil
    watchdogRoom = nil
    rest = nil
    sd_event_unref(event)
  }

  /// Calls `handler` whenever `fd` is readable or has an error to be read, until the returned source is
  /// released. The handler must read, or it is called again at once. `fd` stays the caller's.
  public func watch(
    fd: Int32, priority: Priority, _ handler: @escaping () -> Void
  ) throws(SystemdError) -> EventSource {
    let isUrgent = priority.rawValue < Priority.timer.rawValue
    // A descriptor of its own: its owner may close the file, and the number be another's, before the source is removed;
    // and epoll(7) does not forget a closed file while somebody else holds it, as a process that was just forked may.
    let own = fcntl(fd, F_DUPFD_CLOEXEC, 0)
    guard own >= 0 else { throw SystemdError("watching a descriptor", -errno) }
    let source = EventSource(fd: own, isUrgent ? { [unowned self] in callUrgent(handler) } : handler)
    try source.make(priority, "watching a descriptor") { result, userdata in
      sd_event_add_io(event, result, own, UInt32(EPOLLIN.rawValue), { EventSource.call($3) }, userdata)
    }
    if isUrgent { urgent.add(source) }
    return source
  }

  private func callUrgent(_ handler: () -> Void) {
    handler()
    if urgent.restIfDue() { rest?.arm(at: Clock.now + UrgentSources.rest) }
  }

  /// Lets the loop drive `bus`, after everything that is urgent.
  func attach(_ bus: OpaquePointer) throws(SystemdError) {
    let operation = "attaching a D-Bus connection"
    // Or the end of the loop would wait until the other side has read everything.
    try SystemdError.check(sd_bus_set_close_on_exit(bus, 0), operation)
    try SystemdError.check(sd_bus_attach_event(bus, event, CInt(Priority.signal.rawValue)), operation)
  }

  /// A timer that calls `handler` once each time it was armed and its time has come. It is not armed yet.
  public func timer(_ handler: @escaping () -> Void) throws(SystemdError) -> Timer {
    let source = EventSource { [unowned self] in
      urgent.startTurn()
      feedWatchdog()
      handler()
    }
    try source.make(.timer, "making a timer") { result, userdata in
      // An accuracy of 0 would stand for 250 ms.
      sd_event_add_time(event, result, CLOCK_BOOTTIME, .max, 1, { EventSource.call($2) }, userdata)
    }
    return Timer(source)
  }

  /// Calls `handler` for each `signal` that arrives. Blocks the signal's default action in this thread, so
  /// it must be called before other threads start that do not block it.
  public func signal(_ signal: Int32, _ handler: @escaping () -> Void) throws(SystemdError) -> EventSource {
    try Self.block(signal)
    let source = EventSource(handler)
    try source.make(.signal, "watching a signal") { result, userdata in
      sd_event_add_signal(event, result, signal, { EventSource.call($2) }, userdata)
    }
    return source
  }

  /// Calls `handler` once when the child process `pid` has ended, and waits for it (waitid(2)) afterwards: until
  /// the handler returns, nobody else has its number. The source must be kept that long. Blocks SIGCHLD.
  public func child(_ pid: Int32, _ handler: @escaping () -> Void) throws(SystemdError) -> EventSource {
    try Self.block(SIGCHLD)
    let source = EventSource(handler)
    try source.make(.signal, "watching a process") { result, userdata in
      sd_event_add_child(event, result, pid, Int32(WEXITED), { EventSource.call($2) }, userdata)
    }
    return source
  }

  private static func block(_ signal: Int32) throws(SystemdError) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, signal)
    try SystemdError.check(-pthread_sigmask(SIG_BLOCK, &signals, nil), "blocking a signal")
  }

  /// Lets the loop itself tell systemd that it turns, as often as WatchdogSec= asks. Returns whether systemd asks.
  @discardableResult
  public func enableWatchdog() throws(SystemdError) -> Bool {
    var microseconds: UInt64 = 0
    let result = sd_watchdog_enabled(0, &microseconds)
    try SystemdError.check(result, "enabling the watchdog")
    guard result > 0 else { return false }
    watchdog = Watchdog(period: .microseconds(Int64(clamping: microseconds)))
    // What it is for is done for every timer.
    watchdogTimer = try timer {}
    watchdogRoom = NotificationRoom(on: self)
    feedWatchdog()
    return true
  }

  private func feedWatchdog() {
    let now = Clock.now
    guard let watchdog else { return }
    if watchdog.isDue(at: now) {
      let isSent = (try? Notification.send(.watchdog)) != nil
      self.watchdog?.note(wasSent: isSent, at: now)
      if !isSent { _ = watchdogRoom?.wait { [unowned self] in feedWatchdog() } }
    }
    if let deadline = self.watchdog?.deadline { watchdogTimer?.arm(at: deadline) }
  }

  /// Runs until ``exit(_:)``; the code given there.
  public func run() throws(SystemdError) -> Int32 {
    urgent.startTurn()
    let result = sd_event_loop(event)
    try SystemdError.check(result, "running the event loop")
    return result
  }

  /// Makes ``run()`` return `code`, 0 or more, after the handler that is running.
  public func exit(_ code: Int32) {
    // Cannot fail: the loop exists, was not finished, and belongs to this process.
    sd_event_exit(event, code)
  }
}
