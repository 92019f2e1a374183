import CLinux
import CNetlink
import Glibc

/// A NETLINK_ROUTE socket of libnl.
final class NetlinkSocket {
  private let socket: OpaquePointer
  /// Octets: what the kernel puts into a datagram at most where it has many to fill (netlink_dump()). Only what is used of
  /// it takes memory.
  private let buffer = DatagramBuffer(count: 32 << 10)

  init() throws(LinuxError) {
    guard let socket = nl_socket_alloc() else { throw LinuxError("opening a netlink socket", errno: ENOMEM) }
    self.socket = socket
    try LinuxError.check(nl_connect(socket, NETLINK_ROUTE), "opening a netlink socket")
  }

  deinit { nl_socket_free(socket) }

  var fd: Int32 { nl_socket_get_fd(socket) }

  func setNonBlocking() throws(LinuxError) {
    try LinuxError.check(nl_socket_set_nonblocking(socket), "setting up a netlink socket")
  }

  func join(_ group: rtnetlink_groups) throws(LinuxError) {
    try LinuxError.check(nl_socket_add_membership(socket, Int32(group.rawValue)), "joining a netlink group")
  }

  func set<Value: BitwiseCopyable>(_ level: Int32, _ option: Int32, _ value: Value) throws(LinuxError) {
    let result = withUnsafeBytes(of: value) {
      setsockopt(fd, level, option, $0.baseAddress, socklen_t($0.count))
    }
    guard result == 0 else { throw LinuxError("setting up a netlink socket", errno: errno) }
  }

  /// Completes and sends `message`; its sequence number.
  func send(_ message: NetlinkMessage, _ operation: String) throws(LinuxError) -> UInt32 {
    try LinuxError.check(nl_send_auto(socket, message.pointer), operation)
    return nlmsg_hdr(message.pointer).pointee.nlmsg_seq
  }

  /// Completes `message` and appends it to `datagram`.
  func append(_ message: NetlinkMessage, to datagram: inout NetlinkDatagram) throws(LinuxError) {
    nl_complete_msg(socket, message.pointer)
    try datagram.append(message)
  }

  /// Sends `datagram`.
  func send(_ datagram: NetlinkDatagram, _ operation: String) throws(LinuxError) {
    let result = datagram.withBytes { bytes in
      nl_sendto(socket, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }
    try LinuxError.check(result, operation)
  }

  /// Hands each message of the next datagram to `body`; false if none waits on a non-blocking socket, or none came in
  /// time on another one.
  func receive(
    _ operation: String, _ body: (UnsafeMutablePointer<nlmsghdr>) -> Void
  ) throws(LinuxError) -> Bool {
    var sender = sockaddr_nl()
    guard let count = try receive(from: &sender, operation) else { return false }
    // Only the kernel (port 0) speaks for the kernel.
    guard sender.nl_pid == 0 else { return true }
    guard count <= buffer.bytes.count, let base = buffer.bytes.baseAddress else {
      throw LinuxError(operation, errno: EMSGSIZE)
    }
    var remaining = Int32(count)
    var header = base.assumingMemoryBound(to: nlmsghdr.self)
    while nlmsg_ok(header, remaining) != 0 {
      body(header)
      header = nlmsg_next(header, &remaining)
    }
    return true
  }

  /// The length of the next datagram; nil if none comes. libnl would look for it first, with a call of its own.
  private func receive(from sender: inout sockaddr_nl, _ operation: String) throws(LinuxError) -> Int? {
    while true {
      var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
      let count = withUnsafeMutableBytes(of: &sender) { sender in
        recvfrom(
          fd, buffer.bytes.baseAddress, buffer.bytes.count, Int32(MSG_TRUNC),
          sender.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
      }
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN: return nil
      case let code: throw LinuxError(operation, errno: code)
      }
    }
  }
}
