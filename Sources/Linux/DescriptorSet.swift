import CLinux

/// Many descriptors that are watched as one (epoll(7)).
public struct DescriptorSet: ~Copyable {
  private let epoll: Descriptor

  /// A set of none.
  public init() throws(LinuxError) {
    epoll = try Descriptor(vip_epoll_create(), "making a set of descriptors")
  }

  /// Becomes readable when one of them is.
  public var fd: Int32 { epoll.number }

  /// Adds a descriptor, which stays the caller's; whether there was room for it.
  public func add(_ descriptor: Int32) -> Bool { vip_epoll_add(epoll.number, descriptor) == 0 }

  /// Removes one of them, before it is closed: epoll(7) does not forget a file that somebody else still holds, as a process
  /// may that was just forked.
  public func remove(_ descriptor: Int32) { _ = vip_epoll_remove(epoll.number, descriptor) }

  /// One of them that is readable, the next one at each call; nil if none is.
  public func next() -> Int32? {
    let descriptor = vip_epoll_next(epoll.number)
    return descriptor < 0 ? nil : descriptor
  }
}
