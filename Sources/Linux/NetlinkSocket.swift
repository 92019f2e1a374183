import CNetlink
import Glibc

/// A NETLINK_ROUTE socket of libnl.
final class NetlinkSocket {
  private let socket: OpaquePointer

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

  /// Completes `messages` and sends them in one datagram, which the kernel reads to its end; the sequence number of the
  /// first, which those of the others follow. What is done as it was asked the kernel says of the last one only.
  func send(_ messages: [NetlinkMessage], _ operation: String) throws(LinuxError) -> UInt32 {
    var datagram: [UInt8] = []
    var first: UInt32?
    for (index, message) in messages.enumerated() {
      nl_complete_msg(socket, message.pointer)
      guard let header = nlmsg_hdr(message.pointer) else { throw LinuxError(operation, errno: ENOMEM) }
      first = first ?? header.pointee.nlmsg_seq
      if index < messages.count - 1 { header.pointee.nlmsg_flags &= ~UInt16(NLM_F_ACK) }
      datagram += UnsafeRawBufferPointer(start: header, count: Int(header.pointee.nlmsg_len))
      datagram += repeatElement(0, count: -datagram.count & (Int(NLMSG_ALIGNTO) - 1))
    }
    let result = datagram.withUnsafeMutableBytes { nl_sendto(socket, $0.baseAddress, $0.count) }
    try LinuxError.check(result, operation)
    return first ?? 0
  }

  /// Hands each message of the next datagram to `body`; false if none waits on a non-blocking socket.
  func receive(
    _ operation: String, _ body: (UnsafeMutablePointer<nlmsghdr>) -> Void
  ) throws(LinuxError) -> Bool {
    var sender = sockaddr_nl()
    var buffer: UnsafeMutablePointer<UInt8>?
    let count = nl_recv(socket, &sender, &buffer, nil)
    if count == -NLE_AGAIN { return false }
    try LinuxError.check(count, operation)
    guard let buffer else { return false }
    defer { free(buffer) }
    // Only the kernel (port 0) speaks for the kernel.
    guard sender.nl_pid == 0 else { return true }
    var remaining = count
    var header = UnsafeMutableRawPointer(buffer).assumingMemoryBound(to: nlmsghdr.self)
    while nlmsg_ok(header, remaining) != 0 {
      body(header)
      header = nlmsg_next(header, &remaining)
    }
    return true
  }
}
