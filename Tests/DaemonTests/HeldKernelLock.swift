import Glibc
import Testing

/// RTNL, held as by a process that is in the kernel for long.
///
/// The kernel reads the option of IP_ADD_MEMBERSHIP with the lock taken; here from a page that nobody provides
/// (userfaultfd(2)) before the lock is released.
final class HeldKernelLock: @unchecked Sendable {
  private static let pageSize = 4096
  // Of linux/userfaultfd.h, which Swift cannot see.
  private static let (new, api, register, zeroPage) = (
    UInt(0xAA00), UInt(0xC018_AA3F), UInt(0xC020_AA00), UInt(0xC020_AA04)
  )

  private let faults: Int32
  private let socket: Int32
  private let page: UnsafeMutableRawPointer
  private var thread = pthread_t()

  /// Takes the lock.
  init() throws {
    let device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC)
    faults = ioctl(device, Self.new, O_CLOEXEC | O_NONBLOCK)
    close(device)
    socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    let memory = mmap(nil, Self.pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    page = try #require(memory)
    var version: (UInt64, UInt64, UInt64) = (0xAA, 0, 0)
    try #require(ioctl(faults, Self.api, &version) == 0)
    // Pages that are missing.
    var range = (UInt64(UInt(bitPattern: page)), UInt64(Self.pageSize), UInt64(1), UInt64(0))
    try #require(ioctl(faults, Self.register, &range) == 0)
    let result = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        let lock = Unmanaged<HeldKernelLock>.fromOpaque(context).takeUnretainedValue()
        setsockopt(lock.socket, Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, lock.page, 12)
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
    try #require(result == 0)
    // It waits for the page now.
    var event = pollfd(fd: faults, events: Int16(POLLIN), revents: 0)
    try #require(poll(&event, 1, 5000) == 1)
  }

  func release() {
    var range = (UInt64(UInt(bitPattern: page)), UInt64(Self.pageSize), UInt64(0), UInt64(0))
    _ = ioctl(faults, Self.zeroPage, &range)
    pthread_join(thread, nil)
  }

  deinit {
    close(socket)
    close(faults)
    munmap(page, Self.pageSize)
  }
}
