import CLab
import Glibc
package import Internet

/// rtnetlink(7) in one namespace, as much of it as the lab watches.
final class RouteSocket {
  /// What the kernel told.
  enum Message: Equatable {
    case address(AddressChange)
    /// An interface, and whether its daemon holds it down (IFLA_PROTO_DOWN).
    case link(UInt32, isHeldDown: Bool)
    case neighbour(NeighbourEntry)
    case endOfDump
  }

  let descriptor: Descriptor

  /// Opens a socket in `namespace` that hears `groups` (RTMGRP_…).
  init(in namespace: Namespace, groups: Int32 = 0) throws {
    descriptor = try namespace.run {
      let descriptor = try Descriptor(
        socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), NETLINK_ROUTE),
        "netlink socket")
      try descriptor.set(SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20)
      var address = sockaddr_nl()
      address.nl_family = sa_family_t(AF_NETLINK)
      address.nl_groups = UInt32(bitPattern: groups)
      try descriptor.bind(to: address)
      return descriptor
    }
  }

  /// Asks for all there is of `type` (RTM_GETADDR, RTM_GETNEIGH); the answers end with `endOfDump`.
  func requestDump(_ type: Int) {
    var request = [UInt8](repeating: 0, count: 28)
    request.store(UInt32(28), at: 0)
    request.store(UInt16(type), at: 4)
    request.store(UInt16(NLM_F_REQUEST | NLM_F_DUMP), at: 6)
    request[16] = UInt8(AF_UNSPEC)
    var kernel = sockaddr_nl()
    kernel.nl_family = sa_family_t(AF_NETLINK)
    descriptor.send(request, to: kernel)
  }

  /// The messages of one datagram; nil if none waits.
  func receive(wait: Bool = false) throws(LabError) -> [Message]? {
    var buffer = [UInt8](repeating: 0, count: 32768)
    let flags = wait ? 0 : Int32(MSG_DONTWAIT)
    let count = recv(descriptor.number, &buffer, buffer.count, flags)
    if count < 0 {
      if errno == EAGAIN || errno == EINTR { return nil }
      throw LabError("netlink receive", errno: errno)
    }
    return Self.messages(in: buffer[..<count])
  }

  static func messages(in datagram: ArraySlice<UInt8>) -> [Message] {
    var result: [Message] = []
    var rest = datagram
    while rest.count >= 16 {
      let length = Int(rest.load(UInt32.self, at: 0))
      guard length >= 16, length <= rest.count else { break }
      let body = rest.dropFirst(16).prefix(length - 16)
      switch Int(rest.load(UInt16.self, at: 4)) {
      case RTM_NEWADDR: AddressChange(body, isPresent: true).map { result.append(.address($0)) }
      case RTM_DELADDR: AddressChange(body, isPresent: false).map { result.append(.address($0)) }
      case RTM_NEWLINK: Self.link(body).map { result.append($0) }
      case RTM_NEWNEIGH: NeighbourEntry(body).map { result.append(.neighbour($0)) }
      case Int(NLMSG_DONE): result.append(.endOfDump)
      default: break
      }
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return result
  }

  private static func link(_ body: ArraySlice<UInt8>) -> Message? {
    guard body.count >= 16, let state = attributes(body.dropFirst(16))[IFLA_PROTO_DOWN] else { return nil }
    return .link(body.load(UInt32.self, at: 4), isHeldDown: state.first != 0)
  }

  /// The attributes behind a message's fixed part.
  fileprivate static func attributes(_ bytes: ArraySlice<UInt8>) -> [Int: ArraySlice<UInt8>] {
    var result: [Int: ArraySlice<UInt8>] = [:]
    var rest = bytes
    while rest.count >= 4 {
      let length = Int(rest.load(UInt16.self, at: 0))
      guard length >= 4, length <= rest.count else { break }
      result[Int(rest.load(UInt16.self, at: 2)) & 0x3FFF] = rest.dropFirst(4).prefix(length - 4)
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return result
  }
}

/// An address that an interface has got, or lost.
package struct AddressChange: Equatable, Sendable {
  package let isPresent: Bool
  package let address: IPAddress
  package let prefixLength: Int
  package let interfaceIndex: UInt32
  /// Empty for IPv6.
  package let label: String

  fileprivate init?(_ body: ArraySlice<UInt8>, isPresent: Bool) {
    guard body.count >= 8 else { return nil }
    let attributes = RouteSocket.attributes(body.dropFirst(8))
    // IFA_ADDRESS is the peer's address where there is one, and IPv6 has no IFA_LOCAL where there is none.
    guard let local = attributes[IFA_LOCAL] ?? attributes[IFA_ADDRESS], let address = IPAddress(octets: local)
    else { return nil }
    self.isPresent = isPresent
    self.address = address
    prefixLength = Int(body.load(UInt8.self, at: 1))
    interfaceIndex = body.load(UInt32.self, at: 4)
    label = String(decoding: (attributes[IFA_LABEL] ?? []).prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// One line of a neighbour table.
package struct NeighbourEntry: Equatable, Sendable {
  package let address: IPAddress
  /// Nil while the neighbour's answer is awaited, or after it did not come.
  package let hardwareAddress: MACAddress?
  package let interfaceIndex: UInt32

  fileprivate init?(_ body: ArraySlice<UInt8>) {
    guard body.count >= 12 else { return nil }
    let attributes = RouteSocket.attributes(body.dropFirst(12))
    guard let destination = attributes[NDA_DST], let address = IPAddress(octets: destination) else {
      return nil
    }
    self.address = address
    interfaceIndex = body.load(UInt32.self, at: 4)
    let isKnown = Int32(body.load(UInt16.self, at: 8)) & (NUD_INCOMPLETE | NUD_FAILED) == 0
    let link = attributes[NDA_LLADDR]
    hardwareAddress = isKnown ? link.flatMap { MACAddress(octets: $0) } : nil
  }
}
