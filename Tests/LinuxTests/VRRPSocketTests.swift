import CLinux
import Foundation
import Internet
import Netlink
import Testing

@testable import Linux

private let first = IPAddress.ipv4(IPv4Address(bits: 0xC000_02D9))
private let second = IPAddress.ipv4(IPv4Address(bits: 0xC000_02DA))

struct HeardMessage: Equatable {
  let origin: VRRPSocket.Origin
  let message: [UInt8]
}

/// The next message, within five seconds.
func hear(_ socket: borrowing VRRPSocket) throws -> HeardMessage? {
  var heard: HeardMessage?
  guard wait(for: socket.fd) else { return nil }
  let received = try socket.receive { origin, message in
    heard = HeardMessage(origin: origin, message: [UInt8](message))
  }
  #expect(received)
  return heard
}

extension [UInt8] {
  init(_ bytes: Span<UInt8>) {
    self.init()
    for index in 0..<bytes.count { append(bytes[index]) }
  }
}

private let message: [UInt8] = [0x31, 219, 100, 1, 0, 10, 0xAB, 0xCD, 192, 0, 2, 219]

@Suite(.enabled(if: isRoot, "needs root"))
struct VRRPSocketTests {
  @Test func messageCrossesTheLink() throws {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run { try VRRPSocket(linkIndex: hosts.firstLink.index, source: first) }
    let receiver = try hosts.second.run { try VRRPSocket(linkIndex: hosts.secondLink.index, source: second) }
    try sender.send(message.span)
    let origin = VRRPSocket.Origin(source: first, destination: VRRPSocket.group(.ipv4), ttl: 255)
    #expect(try hear(receiver) == HeardMessage(origin: origin, message: message))
    #expect(try !receiver.receive { _, _ in Issue.record("one message was sent") })
    #expect(try !sender.receive { _, _ in Issue.record("the sender heard itself") })
  }

  @Test func typeOfServiceIsInternetworkControl() throws {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run { try VRRPSocket(linkIndex: hosts.firstLink.index, source: first) }
    let sniffer = try hosts.second.run {
      try PacketSocket(linkIndex: hosts.secondLink.index, etherType: 0x0800)
    }
    try sender.send(message.span)
    try #require(wait(for: sniffer.fd))
    var frame: [UInt8] = []
    #expect(try sniffer.receive { for index in 0..<$0.count { frame.append($0[index]) } })
    #expect(frame.count >= 34 + message.count)
    #expect(Array(frame[0..<6]) == [0x01, 0x00, 0x5E, 0x00, 0x00, 0x12])
    #expect(frame[15] == 0xC0)
    #expect(frame[22] == 255)
    #expect(frame[23] == 112)
  }

  @Test func sourceCanChange() throws {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run {
      try shell("ip address add 198.51.100.7/24 dev eth0")
      return try VRRPSocket(linkIndex: hosts.firstLink.index, source: first)
    }
    let receiver = try hosts.second.run { try VRRPSocket(linkIndex: hosts.secondLink.index, source: second) }
    try hosts.first.run { try sender.setSource(try #require(IPAddress("198.51.100.7"))) }
    try sender.send(message.span)
    #expect(try hear(receiver)?.origin.source == IPAddress("198.51.100.7"))
    try hosts.first.run { try shell("ip address delete 198.51.100.7/24 dev eth0") }
    let error = #expect(throws: LinuxError.self) { try sender.send(message.span) }
    #expect(error?.kind == .unreachable)
  }

  @Test func hearsOnlyItsOwnLink() throws {
    let hosts = try TwoHosts()
    let peer = hosts.second.path
    try hosts.first.run {
      try shell("ip link add eth1 type veth peer name eth1 netns \(peer)")
      try shell("ip address add 198.51.100.1/24 dev eth1 && ip link set eth1 up")
    }
    let secondLinks = try hosts.second.run {
      try shell("ip address add 198.51.100.2/24 dev eth1 && ip link set eth1 up")
      return (try link(named: "eth0"), try linkWithCarrier(named: "eth1"))
    }
    let onFirst = try hosts.second.run { try VRRPSocket(linkIndex: secondLinks.0.index, source: second) }
    let onSecond = try hosts.second.run {
      try VRRPSocket(linkIndex: secondLinks.1.index, source: try #require(IPAddress("198.51.100.2")))
    }
    let sender = try hosts.first.run {
      try VRRPSocket(
        linkIndex: try linkWithCarrier(named: "eth1").index, source: try #require(IPAddress("198.51.100.1"))
      )
    }
    try sender.send(message.span)
    #expect(try hear(onSecond)?.message == message)
    #expect(try !onFirst.receive { _, _ in Issue.record("heard another link") })
  }

  @Test(arguments: [false, true])
  func hearsOnlyItsVirtualRouter(hasOptions: Bool) throws {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run {
      let socket = try VRRPSocket(linkIndex: hosts.firstLink.index, source: first)
      if hasOptions { try addOptions(to: socket) }
      return socket
    }
    let receiver = try hosts.second.run {
      try VRRPSocket(linkIndex: hosts.secondLink.index, source: second, virtualRouterID: 219)
    }
    var other = message
    other[1] = 218
    // No VRID: the decoder will say so.
    let short: [UInt8] = [0x31]
    for bytes in hasOptions ? [other, message] : [other, short, message] { try sender.send(bytes.span) }
    if !hasOptions { #expect(try hear(receiver)?.message == short) }
    #expect(try hear(receiver)?.message == message)
  }

  /// Four no-operation options: an IP header of 24 octets.
  private func addOptions(to socket: borrowing VRRPSocket) throws {
    var options: UInt32 = 0x0101_0101
    try #require(setsockopt(socket.fd, Int32(IPPROTO_IP), IP_OPTIONS, &options, 4) == 0)
  }

  @Test func ipOptionsAndOversizeAreHandled() throws {
    let hosts = try TwoHosts()
    let receiver = try hosts.second.run { try VRRPSocket(linkIndex: hosts.secondLink.index, source: second) }
    let sender = try hosts.first.run {
      let socket = try VRRPSocket(linkIndex: hosts.firstLink.index, source: first)
      try addOptions(to: socket)
      return socket
    }
    try sender.send(message.span)
    #expect(try hear(receiver)?.message == message)
    // Fragmented on the way, and longer than any advertisement.
    try sender.send([UInt8](repeating: 7, count: 4000).span)
    let oversize = try #require(try hear(receiver))
    #expect(oversize.origin.source == first)
    #expect(oversize.message.isEmpty)
    try sender.send([UInt8]().span)
    #expect(try hear(receiver)?.message == [])
  }

  @Test func linkDownAndLinkGoneAreTold() throws {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run { try VRRPSocket(linkIndex: hosts.firstLink.index, source: first) }
    let packets = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    let frame = [UInt8](repeating: 0xFF, count: 60)
    try hosts.first.run { try shell("ip link set eth0 down") }
    #expect(#expect(throws: LinuxError.self) { try packets.send(frame.span) }?.kind == .linkDown)
    let down = #expect(throws: LinuxError.self) { try sender.send(message.span) }
    #expect(down?.kind == .unreachable)
    _ = try hosts.first.run {
      try shell("ip link set eth0 up")
      return try linkWithCarrier(named: "eth0")
    }
    _ = try hosts.second.run { try linkWithCarrier(named: "eth0") }
    let receiver = try hosts.second.run { try VRRPSocket(linkIndex: hosts.secondLink.index, source: second) }
    #expect(throws: Never.self) { try sender.send(message.span) }
    #expect(try hear(receiver)?.message == message)
    try receiver.send(message.span)
    #expect(try hear(sender)?.message == message, "the membership outlives a link that went down")
    try hosts.first.run { try shell("ip link delete eth0") }
    #expect(#expect(throws: LinuxError.self) { try packets.send(frame.span) }?.kind == .linkGone)
    let gone = #expect(throws: LinuxError.self) { try sender.send(message.span) }
    #expect(gone?.kind == .unreachable)
  }

  @Test func missingLinkIsRefused() throws {
    let namespace = try NetworkNamespace()
    try namespace.run {
      let error = #expect(throws: LinuxError.self) { _ = try VRRPSocket(linkIndex: 9999, source: first) }
      #expect(error?.kind == .linkGone)
      let other = #expect(throws: LinuxError.self) { _ = try PacketSocket(linkIndex: 9999) }
      #expect(other?.kind == .linkGone)
    }
  }
}

struct IPv4HeaderTests {
  private func datagram(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes: [UInt8] = [0x45, 0xC0, 0, 28, 0, 0, 0, 0, 255, 112, 0, 0, 192, 0, 2, 217, 224, 0, 0, 18]
    bytes += [1, 2, 3, 4, 5, 6, 7, 8]
    change(&bytes)
    return bytes
  }

  @Test func readsTheFields() throws {
    let parsed = IPv4Header(datagram { _ in }.span)
    let header = try #require(parsed)
    #expect(header.source == first.ipv4)
    #expect(header.destination == VRRPSocket.group(.ipv4).ipv4)
    #expect(header.ttl == 255)
    #expect(header.payload == 20..<28)
  }

  @Test func excessIsNotPayload() throws {
    #expect(IPv4Header(datagram { $0 += [9, 9] }.span)?.payload == 20..<28)
  }

  @Test func impossibleLengthsAreRefused() {
    #expect(IPv4Header([UInt8]().span) == nil)
    for count in 0..<20 { #expect(IPv4Header(datagram { $0 = Array($0[..<count]) }.span) == nil) }
    #expect(IPv4Header(datagram { $0[0] = 0x44 }.span) == nil)
    #expect(IPv4Header(datagram { $0[0] = 0x65 }.span) == nil)
    #expect(IPv4Header(datagram { $0[3] = 19 }.span) == nil)
    #expect(IPv4Header(datagram { $0[0] = 0x4F }.span) == nil)
    for count in 20..<28 {
      #expect(IPv4Header(datagram { $0 = Array($0[..<count]) }.span)?.payload.isEmpty == true)
    }
  }
}
