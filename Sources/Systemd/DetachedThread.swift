import Glibc

/// Starts threads that end by themselves.
enum DetachedThread {
  /// Room for libsystemd's own variables and for glibc's thread-local ones.
  private static let stackSize = 256 << 10

  private final class Body {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs `body` on a thread that blocks all signals, which are the event loop's. `isUrgent`: it keeps the realtime
  /// priority of the thread that starts it, if that has one.
  static func start(
    isUrgent: Bool = false, _ body: @escaping @Sendable () -> Void
  ) throws(SystemdError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackSize)
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    let context = Unmanaged.passRetained(
      Body {
        if !isUrgent { loseRealtimePriority() }
        body()
      })
    var thread = pthread_t()
    let failure = pthread_create(
      &thread, &attributes,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard failure == 0 else {
      context.release()
      throw SystemdError("starting a thread", -failure)
    }
  }

  /// Of the calling thread.
  private static func loseRealtimePriority() {
    var parameters = sched_param()
    sched_setscheduler(0, SCHED_OTHER, &parameters)
  }
}
