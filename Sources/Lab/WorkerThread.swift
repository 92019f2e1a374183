import Glibc

/// A thread of its own for `body`, for what belongs to one thread: a namespace, a scheduling class.
final class WorkerThread {
  private var handle = pthread_t()

  /// Starts `body`, which must end before `join()` returns.
  init(_ body: @escaping () -> Void) throws(LabError) {
    let box = Unmanaged.passRetained(Box(body))
    let code = pthread_create(
      &handle, nil,
      { pointer in
        guard let pointer else { return nil }
        Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body()
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      box.release()
      throw LabError("pthread_create", errno: code)
    }
  }

  /// Waits until the body has returned.
  func join() { pthread_join(handle, nil) }

  private final class Box {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }
}

/// A lock for what the observing thread writes and others read.
final class Lock: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  /// Recursive: a condition that is waited for may itself ask a watch for its history. Priority inheritance:
  /// a reader that loses its processor while it holds the lock would make the observing thread late.
  init() {
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
    pthread_mutexattr_setprotocol(&attributes, Int32(PTHREAD_PRIO_INHERIT))
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func held<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }
}
