import CLinux
import Glibc
public import Internet

/// A raw socket for VRRP on one link (RFC 9568 §5.1), over IPv4 or IPv6.
public struct VRRPSocket: ~Copyable {
  /// What the IP header of a received message says.
  public struct Origin: Hashable, Sendable {
    /// Who sent it.
    public let source: IPAddress
    /// Whom it was sent to.
    public let destination: IPAddress
    /// Time to live or hop limit; 255 unless it passed a router.
    public let ttl: UInt8
  }

  /// Whom a socket talks to.
  public enum Audience: Hashable, Sendable {
    /// The group of VRRP routers on the link.
    case group
    /// Peers, each by its own address and on whatever way the routes lead to it. What is sent to the group is
    /// not heard.
    case peers
  }

  /// The IP protocol number of VRRP.
  public static let protocolNumber: Int32 = 112

  /// Octets: an IP header with options and an advertisement of 255 IPv4 addresses take 1088; more than a
  /// hundred IPv6 addresses fit.
  private static let datagramSize = 2048

  private let socket: Descriptor
  private let buffer = DatagramBuffer(count: Self.datagramSize)
  private let linkIndex: Int32
  private let family: AddressFamily
  private let audience: Audience

  /// Opens a socket on the link with index `linkIndex` that sends from `source`, one of the link's
  /// addresses: for IPv6 and a group a link-local one. Hears messages of the virtual router `virtualRouterID`, or
  /// of all of them if it is nil. Needs CAP_NET_RAW.
  ///
  /// Throws an error of kind `addressMissing` if the host does not have `source`, or may not use it yet. An
  /// IPv4 socket for a group does not notice until it sends.
  public init(
    linkIndex: Int32, source: IPAddress, audience: Audience = .group, virtualRouterID: UInt8? = nil
  ) throws(LinuxError) {
    family = source.family
    self.audience = audience
    self.linkIndex = linkIndex
    let socket = try Descriptor(
      Glibc.socket(family.number, Descriptor.rawSocketType, Self.protocolNumber), "opening a VRRP socket")
    if let virtualRouterID { try socket.attach(Self.filter(virtualRouterID, family)) }
    // Not for peers: a socket that is bound to a link takes every address without a route for a neighbour.
    if audience == .group {
      try socket.set(SOL_SOCKET, SO_BINDTOIFINDEX, linkIndex, "binding the VRRP socket to its link")
    }
    try Self.setSource(of: socket, source, audience, linkIndex)
    try Self.setUp(socket, family)
    // Until it was bound, the socket heard every link.
    let nowhere = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    while try socket.receive(into: nowhere, "emptying the VRRP socket") != nil {}
    if audience == .group { try Self.joinGroup(socket, family, linkIndex) }
    self.socket = socket
  }

  /// Where advertisements of a family go: 224.0.0.18 or ff02::12.
  public static func group(_ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: .ipv4(IPv4Address(bits: 0xE000_0012))
    case .ipv6: .ipv6(IPv6Address(high: 0xFF02 << 48, low: 0x12))
    }
  }

  /// Becomes readable when messages wait.
  public var fd: Int32 { socket.number }

  /// From now on sends from `source`, an address of the same family. Throws as `init` does.
  public func setSource(_ source: IPAddress) throws(LinuxError) {
    guard source.family == family else {
      throw LinuxError("setting the VRRP socket's source", errno: EAFNOSUPPORT)
    }
    try Self.setSource(of: socket, source, audience, linkIndex)
  }

  /// Sends `message` to the group.
  ///
  /// Throws errors of kind `unreachable` and `overflow`, which may pass. The kernel says no more than
  /// `unreachable` of a link that is down, a link that is gone and a source that is no address of this host;
  /// from the latter it goes on sending IPv6.
  public func send(_ message: Span<UInt8>) throws(LinuxError) {
    try send(message, to: Self.group(family))
  }

  /// Sends `message` to `destination`, an address of the same family.
  ///
  /// Throws errors of kind `unreachable` (also where no route leads to a peer) and `overflow`, which may pass.
  public func send(_ message: Span<UInt8>, to destination: IPAddress) throws(LinuxError) {
    let sent = message.withUnsafeBytes { bytes in
      destination.withSocketAddress(linkIndex: linkIndex) {
        sendto(socket.number, bytes.baseAddress, bytes.count, 0, $0, $1)
      }
    }
    guard sent == message.count else { throw LinuxError("sending an advertisement", errno: errno) }
  }

  /// Hands the next waiting message to `body`, or returns false if none waits.
  ///
  /// The message is empty if the datagram is too long for any advertisement or contradicts its own header.
  public func receive(_ body: (Origin, Span<UInt8>) -> Void) throws(LinuxError) -> Bool {
    switch family {
    case .ipv4: try receiveIPv4(body)
    case .ipv6: try receiveIPv6(body)
    }
  }

  private func receiveIPv4(_ body: (Origin, Span<UInt8>) -> Void) throws(LinuxError) -> Bool {
    guard let count = try socket.receive(into: buffer.bytes, "receiving an advertisement") else {
      return false
    }
    buffer.withPrefix(min(count, Self.datagramSize)) { datagram in
      guard let header = IPv4Header(datagram) else {
        return body(
          Origin(source: .any(.ipv4), destination: .any(.ipv4), ttl: 0), datagram.extracting(first: 0))
      }
      let message = count == datagram.count ? header.payload : 0..<0
      body(
        Origin(source: .ipv4(header.source), destination: .ipv4(header.destination), ttl: header.ttl),
        datagram.extracting(message))
    }
    return true
  }

  /// The kernel keeps the IPv6 header and any extension headers to itself.
  private func receiveIPv6(_ body: (Origin, Span<UInt8>) -> Void) throws(LinuxError) -> Bool {
    var told = vip_ipv6_origin()
    let count = vip_receive_ipv6(socket.number, buffer.bytes.baseAddress, buffer.bytes.count, &told)
    guard count >= 0 else {
      if errno == EAGAIN { return false }
      throw LinuxError("receiving an advertisement", errno: errno)
    }
    let origin = Origin(
      source: .ipv6(IPv6Address(octets: told.source)),
      destination: .ipv6(IPv6Address(octets: told.destination)), ttl: UInt8(clamping: told.hop_limit))
    buffer.withPrefix(count <= Self.datagramSize ? count : 0) { body(origin, $0) }
    return true
  }
}

extension VRRPSocket {
  /// Every VRRP socket on a link hears every virtual router there: without a filter, a host with a hundred of them
  /// would wake up a hundred daemons for each message.
  private static func filter(_ virtualRouterID: UInt8, _ family: AddressFamily) -> [FilterInstruction] {
    // The VRID is a message's second octet. What is too short to have one is for the decoder to name.
    let header: UInt32
    var program: [FilterInstruction]
    switch family {
    case .ipv4:
      header = 20
      program = [.noteHeaderLength(at: 0), .loadByte(behindIndex: 1)]
    case .ipv6:
      header = 0
      program = [.loadByte(at: 1)]
    }
    program += [.ifEqual(UInt32(virtualRouterID), skip: 1), .drop, .accept(.max)]
    return [.loadLength, .unlessAtLeast(header + 2, skip: UInt8(program.count - 1))] + program
  }

  private static func setSource(
    of socket: borrowing Descriptor, _ source: IPAddress, _ audience: Audience, _ linkIndex: Int32
  ) throws(LinuxError) {
    let operation = "setting the VRRP socket's source"
    // An IPv4 socket that is bound to an address does not hear the group; one for IPv6 does.
    guard case .ipv4(let address) = source, audience == .group else {
      let result = source.withSocketAddress(linkIndex: linkIndex) { bind(socket.number, $0, $1) }
      guard result == 0 else { throw LinuxError(operation, errno: errno) }
      return
    }
    let interface = ip_mreqn(
      imr_multiaddr: in_addr(), imr_address: in_addr(address), imr_ifindex: linkIndex)
    do {
      try socket.set(Int32(IPPROTO_IP), IP_MULTICAST_IF, interface, operation)
    } catch {
      // The kernel does not look for the address until something is sent: it is the link that is missing.
      throw error.kind == .addressMissing ? LinuxError(operation, errno: ENODEV) : error
    }
  }

  private static func setUp(_ socket: borrowing Descriptor, _ family: AddressFamily) throws(LinuxError) {
    let operation = "setting up the VRRP socket"
    // Internetwork control (CS6), and the queue before interactive traffic: heartbeats go first.
    let networkControl: Int32 = 0xC0
    switch family {
    case .ipv4:
      let ip = Int32(IPPROTO_IP)
      try socket.set(ip, IP_TTL, Int32(255), operation)
      try socket.set(ip, IP_MULTICAST_TTL, Int32(255), operation)
      try socket.set(ip, IP_MULTICAST_LOOP, Int32(0), operation)
      // Only groups that this socket joined, not those of every socket on the host.
      try socket.set(ip, IP_MULTICAST_ALL, Int32(0), operation)
      try socket.set(ip, IP_TOS, networkControl, operation)
    case .ipv6:
      let ip = Int32(IPPROTO_IPV6)
      try socket.set(ip, IPV6_UNICAST_HOPS, Int32(255), operation)
      try socket.set(ip, IPV6_MULTICAST_HOPS, Int32(255), operation)
      try socket.set(ip, IPV6_MULTICAST_LOOP, Int32(0), operation)
      try socket.set(ip, IPV6_MULTICAST_ALL, Int32(0), operation)
      try socket.set(ip, IPV6_TCLASS, networkControl, operation)
      try socket.set(ip, IPV6_RECVHOPLIMIT, Int32(1), operation)
      try socket.set(ip, IPV6_RECVPKTINFO, Int32(1), operation)
    }
    // Setting the type of service sets a priority too.
    try socket.set(SOL_SOCKET, SO_PRIORITY, Int32(6), operation)
  }

  private static func joinGroup(
    _ socket: borrowing Descriptor, _ family: AddressFamily, _ linkIndex: Int32
  ) throws(LinuxError) {
    let operation = "joining \(group(family))"
    switch group(family) {
    case .ipv4(let group):
      let membership = ip_mreqn(
        imr_multiaddr: in_addr(group), imr_address: in_addr(), imr_ifindex: linkIndex)
      try socket.set(Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, membership, operation)
    case .ipv6(let group):
      let membership = ipv6_mreq(ipv6mr_multiaddr: in6_addr(group), ipv6mr_interface: UInt32(linkIndex))
      try socket.set(Int32(IPPROTO_IPV6), IPV6_JOIN_GROUP, membership, operation)
    }
  }
}

extension IPv6Address {
  /// The sixteen octets of a C array.
  fileprivate init<Octets: BitwiseCopyable>(octets: Octets) {
    self = withUnsafeBytes(of: octets) { IPv6Address($0.bindMemory(to: UInt8.self).span, at: 0) }
  }
}
