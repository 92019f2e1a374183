import CLab
import Glibc
package import Internet

/// rtnetlink(7) in one namespace, as much of it as the lab watches.
final class RouteSocket {
  /// What the kernel told.
  enum Message: Equatable {
    case address(AddressChange)
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
    request[16] = UInt8(AF_INET)
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
      case RTM_NEWNEIGH: NeighbourEntry(body).map { result.append(.neighbour($0)) }
      case Int(NLMSG_DONE): result.append(.endOfDump)
      default: break
      }
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return result
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

/// An IPv4 address that an interface has got, or lost.
package struct AddressChange: Equatable, Sendable {
  package let isPresent: Bool
  package let address: IPv4Address
  package let prefixLength: Int
  package let interfaceIndex: UInt32
  package let label: String

  fileprivate init?(_ body: ArraySlice<UInt8>, isPresent: Bool) {
    guard body.count >= 8, body.load(UInt8.self, at: 0) == UInt8(AF_INET) else { return nil }
    let attributes = RouteSocket.attributes(body.dropFirst(8))
    guard let local = attributes[IFA_LOCAL], local.count == 4 else { return nil }
    self.isPresent = isPresent
    address = IPv4Address(bits: local.loadNetworkOrder(UInt32.self, at: 0))
    prefixLength = Int(body.load(UInt8.self, at: 1))
    interfaceIndex = body.load(UInt32.self, at: 4)
    label = String(decoding: (attributes[IFA_LABEL] ?? []).prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// One line of a neighbour table.
package struct NeighbourEntry: Equatable, Sendable {
  package let address: IPv4Address
  /// Nil while the neighbour's answer is awaited, or after it did not come.
  package let hardwareAddress: MACAddress?
  package let interfaceIndex: UInt32

  fileprivate init?(_ body: ArraySlice<UInt8>) {
    guard body.count >= 12, body.load(UInt8.self, at: 0) == UInt8(AF_INET) else { return nil }
    let attributes = RouteSocket.attributes(body.dropFirst(12))
    guard let destination = attributes[NDA_DST], destination.count == 4 else { return nil }
    address = IPv4Address(bits: destination.loadNetworkOrder(UInt32.self, at: 0))
    interfaceIndex = body.load(UInt32.self, at: 4)
    let isKnown = Int32(body.load(UInt16.self, at: 8)) & (NUD_INCOMPLETE | NUD_FAILED) == 0
    let link = attributes[NDA_LLADDR]
    hardwareAddress = isKnown ? link.flatMap { MACAddress(octets: $0) } : nil
  }
}
