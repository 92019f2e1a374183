import CLinux
import Glibc
public import Internet

/// A raw socket for VRRP over IPv4 multicast on one link (RFC 9568 §5.1.1).
public struct VRRPSocket: ~Copyable {
  /// What the IP header of a received message says.
  public struct Origin: Hashable, Sendable {
    /// Who sent it.
    public let source: IPv4Address
    /// Whom it was sent to.
    public let destination: IPv4Address
    /// Time to live; 255 unless it passed a router.
    public let ttl: UInt8
  }

  /// The IP protocol number of VRRP.
  public static let protocolNumber: Int32 = 112
  /// Where advertisements go.
  public static let group = IPv4Address(bits: 0xE000_0012)

  /// Octets: an IP header with options and an advertisement of 255 addresses take 1088.
  private static let datagramSize = 2048

  private let socket: Descriptor
  private let buffer = DatagramBuffer(count: Self.datagramSize)
  private let linkIndex: Int32

  /// Opens a socket on the link with index `linkIndex` that sends from `source`, one of the link's
  /// addresses. Needs CAP_NET_RAW.
  public init(linkIndex: Int32, source: IPv4Address) throws(LinuxError) {
    let socket = try Descriptor(
      Glibc.socket(AF_INET, Descriptor.rawSocketType, Self.protocolNumber), "opening a VRRP socket")
    try socket.set(SOL_SOCKET, SO_BINDTOIFINDEX, linkIndex, "binding the VRRP socket to its link")
    // Until it was bound, the socket heard every link.
    let nowhere = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    while try socket.receive(into: nowhere, "emptying the VRRP socket") != nil {}
    try Self.setUp(socket)
    try Self.setSource(of: socket, source, linkIndex)
    try Self.joinGroup(socket, linkIndex)
    self.socket = socket
    self.linkIndex = linkIndex
  }

  /// Takes over `fd`, a socket that an earlier VRRPSocket made for the link with index `linkIndex`, and
  /// closes it in the end. If this throws, `fd` remains the caller's.
  public init(adopting fd: Int32, linkIndex: Int32) throws(LinuxError) {
    let operation = "adopting a VRRP socket"
    guard try Self.option(fd, SO_DOMAIN, operation) == AF_INET,
      try Self.option(fd, SO_TYPE, operation) == Int32(SOCK_RAW.rawValue),
      try Self.option(fd, SO_PROTOCOL, operation) == Self.protocolNumber
    else { throw LinuxError(operation, errno: EPROTOTYPE) }
    guard try Self.option(fd, SO_BINDTOIFINDEX, operation) == linkIndex else {
      throw LinuxError(operation, errno: ENODEV)
    }
    socket = try Descriptor(fd, operation)
    self.linkIndex = linkIndex
  }

  /// Becomes readable when messages wait.
  public var fd: Int32 { socket.number }

  /// From now on sends from `source`, one of the link's addresses.
  public func setSource(_ source: IPv4Address) throws(LinuxError) {
    try Self.setSource(of: socket, source, linkIndex)
  }

  /// Sends `message` to the group.
  ///
  /// Throws errors of kind `unreachable` and `overflow`, which may pass. The kernel says no more than
  /// `unreachable` of a link that is down, a link that is gone and a source that is no address of this host.
  public func send(_ message: Span<UInt8>) throws(LinuxError) {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr = in_addr(Self.group)
    let sent = message.withUnsafeBytes { bytes in
      withUnsafeBytes(of: &address) { raw in
        sendto(
          socket.number, bytes.baseAddress, bytes.count, 0,
          raw.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(raw.count))
      }
    }
    guard sent == message.count else { throw LinuxError("sending an advertisement", errno: errno) }
  }

  /// Hands the next waiting message to `body`, or returns false if none waits.
  ///
  /// The message is empty if the datagram is too long for any advertisement or contradicts its own header.
  public func receive(_ body: (Origin, Span<UInt8>) -> Void) throws(LinuxError) -> Bool {
    guard let count = try socket.receive(into: buffer.bytes, "receiving an advertisement") else {
      return false
    }
    buffer.withPrefix(min(count, Self.datagramSize)) { datagram in
      guard let header = IPv4Header(datagram) else {
        return body(Origin(source: .any, destination: .any, ttl: 0), datagram.extracting(first: 0))
      }
      let message = count == datagram.count ? header.payload : 0..<0
      body(
        Origin(source: header.source, destination: header.destination, ttl: header.ttl),
        datagram.extracting(message))
    }
    return true
  }
}

extension VRRPSocket {
  private static func option(_ fd: Int32, _ option: Int32, _ operation: String) throws(LinuxError) -> Int32 {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 else {
      throw LinuxError(operation, errno: errno)
    }
    return value
  }

  private static func setSource(
    of socket: borrowing Descriptor, _ source: IPv4Address, _ linkIndex: Int32
  ) throws(LinuxError) {
    let interface = ip_mreqn(
      imr_multiaddr: in_addr(), imr_address: in_addr(source), imr_ifindex: linkIndex)
    let operation = "setting the VRRP socket's source"
    do {
      try socket.set(Int32(IPPROTO_IP), IP_MULTICAST_IF, interface, operation)
    } catch {
      // The kernel does not look for the address until something is sent: it is the link that is missing.
      throw error.kind == .addressMissing ? LinuxError(operation, errno: ENODEV) : error
    }
  }

  private static func setUp(_ socket: borrowing Descriptor) throws(LinuxError) {
    let operation = "setting up the VRRP socket"
    let ip = Int32(IPPROTO_IP)
    try socket.set(ip, IP_MULTICAST_TTL, Int32(255), operation)
    try socket.set(ip, IP_MULTICAST_LOOP, Int32(0), operation)
    // Only groups that this socket joined, not those of every socket on the host.
    try socket.set(ip, IP_MULTICAST_ALL, Int32(0), operation)
    // Internetwork control (CS6), and the queue before interactive traffic: heartbeats go first.
    try socket.set(ip, IP_TOS, Int32(0xC0), operation)
    try socket.set(SOL_SOCKET, SO_PRIORITY, Int32(6), operation)
  }

  private static func joinGroup(
    _ socket: borrowing Descriptor, _ linkIndex: Int32
  ) throws(LinuxError) {
    let membership = ip_mreqn(
      imr_multiaddr: in_addr(group), imr_address: in_addr(), imr_ifindex: linkIndex)
    try socket.set(Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, membership, "joining 224.0.0.18")
  }
}

extension in_addr {
  init(_ address: IPv4Address) { self.init(s_addr: address.bits.bigEndian) }
}
