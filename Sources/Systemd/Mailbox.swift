import CSystemd
import Glibc

/// What one thread leaves for another, in order.
final class Mailbox<Element>: @unchecked Sendable {
  /// Readable while something is there.
  let fd: Int32
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  /// Only with the lock.
  private var elements: [Element] = []

  /// `waits`: whoever takes waits until there is something.
  init(waits: Bool) throws(SystemdError) {
    let flags = waits ? Int32(EFD_CLOEXEC) : Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)
    fd = eventfd(0, flags)
    guard fd >= 0 else { throw SystemdError("making an event descriptor", -errno) }
    lock = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
    close(fd)
  }

  /// Leaves `element`, after all others. Whoever it is for is woken, unless `wakes` is false.
  func post(_ element: Element, wakes: Bool = true) {
    pthread_mutex_lock(lock)
    elements.append(element)
    pthread_mutex_unlock(lock)
    if wakes { signal() }
  }

  /// Whether nothing is there.
  var isEmpty: Bool {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return elements.isEmpty
  }

  /// Makes `fd` readable.
  func signal() {
    // Cannot fail before it has been done 2^64 - 2 times.
    eventfd_write(fd, 1)
  }

  /// All that is there, oldest first.
  func take() -> [Element] {
    var count: eventfd_t = 0
    while eventfd_read(fd, &count) < 0, errno == EINTR {}
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    let taken = elements
    elements = []
    return taken
  }
}
