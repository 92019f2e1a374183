import Glibc
import Internet
import Netlink
import Testing

@testable import Linux

private let first = IPAddress.ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x217))
private let second = IPAddress.ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x218))
private let message: [UInt8] = [0x31, 219, 100, 1, 0, 10, 0xAB, 0xCD] + [UInt8](repeating: 0xFD, count: 16)

@Suite(.enabled(if: isRoot, "needs root"))
struct VRRPSocketIPv6Tests {
  private let hosts: TwoHosts

  init() throws {
    hosts = try TwoHosts()
    try hosts.addIPv6()
  }

  private func sender(_ source: IPAddress = first) throws -> VRRPSocket {
    try hosts.first.run { try VRRPSocket(linkIndex: hosts.firstLink.index, source: source) }
  }

  private func receiver(_ source: IPAddress = second) throws -> VRRPSocket {
    try hosts.second.run { try VRRPSocket(linkIndex: hosts.secondLink.index, source: source) }
  }

  @Test func messageCrossesTheLink() throws {
    let sender = try sender()
    let receiver = try receiver()
    try sender.send(message.span)
    let origin = VRRPSocket.Origin(source: first, destination: VRRPSocket.group(.ipv6), ttl: 255)
    #expect(try hear(receiver) == HeardMessage(origin: origin, message: message))
    #expect(try !receiver.receive { _, _ in Issue.record("one message was sent") })
    #expect(try !sender.receive { _, _ in Issue.record("the sender heard itself") })
  }

  @Test func hearsOnlyItsVirtualRouter() throws {
    let sender = try sender()
    let receiver = try hosts.second.run {
      try VRRPSocket(linkIndex: hosts.secondLink.index, source: second, virtualRouterID: 219)
    }
    var other = message
    other[1] = 218
    // No VRID: the decoder will say so.
    let short: [UInt8] = [0x31]
    for bytes in [other, short, message] { try sender.send(bytes.span) }
    #expect(try hear(receiver)?.message == short)
    #expect(try hear(receiver)?.message == message)
  }

  @Test func headerIsAsRFC9568WantsIt() throws {
    let sender = try sender()
    let sniffer = try hosts.second.run {
      try PacketSocket(
        linkIndex: hosts.secondLink.index, etherType: 0x86DD,
        // Next header 112 only: the kernels talk about neighbours and groups.
        filter: [.loadByte(at: 20), .ifEqual(112, skip: 1), .drop, .accept(2048)])
    }
    try sender.send(message.span)
    try #require(wait(for: sniffer.fd))
    var frame: [UInt8] = []
    #expect(try sniffer.receive { frame = [UInt8]($0) })
    try #require(frame.count == 54 + message.count)
    #expect(Array(frame[0..<6]) == [0x33, 0x33, 0x00, 0x00, 0x00, 0x12])
    #expect(frame[14] == 0x6C && frame[15] & 0xF0 == 0, "traffic class CS6")
    #expect(frame[21] == 255)
    #expect(Array(frame[54...]) == message, "the kernel leaves the checksum alone")
  }

  @Test func groupIsNotHeardWithoutMembershipNorOtherTraffic() throws {
    let sender = try sender()
    let peers = try hosts.second.run {
      try VRRPSocket(linkIndex: hosts.secondLink.index, source: second, audience: .peers)
    }
    let group = try receiver()
    try sender.send(message.span)
    #expect(try hear(group)?.message == message)
    #expect(try !peers.receive { _, _ in Issue.record("heard the group") })
  }

  @Test func sourceCanChange() throws {
    let sender = try sender()
    let receiver = try receiver()
    let other = try #require(IPAddress("fe80::77"))
    let missing = #expect(throws: LinuxError.self) { try sender.setSource(other) }
    #expect(missing?.kind == .addressMissing)
    try hosts.first.run {
      try shell("ip address add fe80::77/64 dev eth0 nodad")
      try sender.setSource(other)
    }
    try sender.send(message.span)
    #expect(try hear(receiver)?.origin.source == other)
    #expect(throws: LinuxError.self) { try sender.setSource(.any(.ipv4)) }
  }

  @Test func tentativeSourceIsRefused() throws {
    let error = #expect(throws: LinuxError.self) {
      try hosts.first.run {
        try shell("ip address add fe80::99/64 dev eth0")
        let source = try #require(IPAddress("fe80::99"))
        _ = try VRRPSocket(linkIndex: hosts.firstLink.index, source: source)
      }
    }
    #expect(error?.kind == .addressMissing)
  }

  @Test func forwardedAndOversizeAreTold() throws {
    let sender = try sender()
    let receiver = try receiver()
    var hops: Int32 = 64
    #expect(setsockopt(sender.fd, Int32(IPPROTO_IPV6), IPV6_MULTICAST_HOPS, &hops, 4) == 0)
    try sender.send(message.span)
    #expect(try hear(receiver)?.origin.ttl == 64)
    try sender.send([UInt8](repeating: 7, count: 4000).span)
    let oversize = try #require(try hear(receiver))
    #expect(oversize.origin.source == first)
    #expect(oversize.message.isEmpty)
    try sender.send([UInt8]().span)
    #expect(try hear(receiver)?.message == [])
  }

  @Test func linkDownIsToldAndPasses() throws {
    let sender = try sender()
    try hosts.first.run { try shell("ip link set eth0 down") }
    let down = #expect(throws: LinuxError.self) { try sender.send(message.span) }
    #expect(down?.kind == .unreachable)
    _ = try hosts.first.run {
      try shell("ip link set eth0 up")
      try shell("ip address replace fe80::217/64 dev eth0 nodad")
      return try linkWithCarrier(named: "eth0")
    }
    _ = try hosts.second.run { try linkWithCarrier(named: "eth0") }
    let receiver = try receiver()
    try sender.send(message.span)
    #expect(try hear(receiver)?.message == message)
    try receiver.send(message.span)
    #expect(try hear(sender)?.message == message, "the membership outlives a link that went down")
    try hosts.first.run { try shell("ip link delete eth0") }
    let gone = #expect(throws: LinuxError.self) { try sender.send(message.span) }
    #expect([.unreachable, .linkGone].contains(gone?.kind))
  }
}

@Suite(.enabled(if: isRoot, "needs root"))
struct UnicastVRRPSocketTests {
  static let pairs: [(String, String)] = [
    ("192.0.2.217", "192.0.2.218"), ("fd00::217", "fd00::218"), ("fe80::217", "fe80::218"),
  ]

  private func pair(_ texts: (String, String)) throws -> (IPAddress, IPAddress) {
    (try #require(IPAddress(texts.0)), try #require(IPAddress(texts.1)))
  }

  private func socket(_ host: NetworkNamespace, _ link: Link, _ source: IPAddress) throws -> VRRPSocket {
    try host.run { try VRRPSocket(linkIndex: link.index, source: source, audience: .peers) }
  }

  @Test(arguments: pairs)
  func peersHearEachOther(_ texts: (String, String)) throws {
    let hosts = try TwoHosts()
    try hosts.addIPv6()
    let (one, other) = try pair(texts)
    let sender = try socket(hosts.first, hosts.firstLink, one)
    let receiver = try socket(hosts.second, hosts.secondLink, other)
    let origin = VRRPSocket.Origin(source: one, destination: other, ttl: 255)
    #expect(try deliver(from: sender, to: other, receiver) == HeardMessage(origin: origin, message: message))
    #expect(try deliver(from: receiver, to: one, sender)?.origin.source == other)
  }

  /// What `receiver` hears. A new interface may still be joining the group of its solicited-node address, or forget
  /// neighbours, and with one the datagram that waits for it: sent again until it is heard, ten times at most.
  private func deliver(
    from sender: borrowing VRRPSocket, to destination: IPAddress, _ receiver: borrowing VRRPSocket
  ) throws -> HeardMessage? {
    for _ in 0..<10 {
      try sender.send(message.span, to: destination)
      if wait(for: receiver.fd, seconds: 2) { return try hear(receiver) }
    }
    return nil
  }

  @Test func multicastIsNotHeard() throws {
    let hosts = try TwoHosts()
    let (one, other) = try pair(Self.pairs[0])
    let receiver = try socket(hosts.second, hosts.secondLink, other)
    let group = try hosts.second.run { try VRRPSocket(linkIndex: hosts.secondLink.index, source: other) }
    let sender = try hosts.first.run { try VRRPSocket(linkIndex: hosts.firstLink.index, source: one) }
    try sender.send(message.span)
    #expect(try hear(group)?.message == message)
    #expect(try !receiver.receive { _, _ in Issue.record("heard the group") })
  }

  @Test(arguments: [("192.0.2.217", "198.51.100.7"), ("fd00::217", "fd99::7")])
  func missingRouteIsUnreachable(_ texts: (String, String)) throws {
    let hosts = try TwoHosts()
    try hosts.addIPv6()
    let (own, peer) = try pair(texts)
    try hosts.first.run {
      let sender = try VRRPSocket(linkIndex: hosts.firstLink.index, source: own, audience: .peers)
      let error = #expect(throws: LinuxError.self) { try sender.send(message.span, to: peer) }
      #expect(error?.kind == .unreachable)
      try shell("ip route add unreachable \(peer)")
      let refused = #expect(throws: LinuxError.self) { try sender.send(message.span, to: peer) }
      #expect(refused?.kind == .unreachable)
      try shell("ip route delete unreachable \(peer) && ip route add \(peer) dev eth0")
      try sender.send(message.span, to: peer)
    }
  }

  @Test func linkDownIsUnreachable() throws {
    let hosts = try TwoHosts()
    let (own, peer) = try pair(Self.pairs[0])
    try hosts.first.run {
      let sender = try VRRPSocket(linkIndex: hosts.firstLink.index, source: own, audience: .peers)
      try shell("ip link set eth0 down")
      let error = #expect(throws: LinuxError.self) { try sender.send(message.span, to: peer) }
      #expect(error?.kind == .unreachable)
    }
  }

  @Test func missingSourceIsTold() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    for text in ["192.0.2.1", "fd00::1"] {
      let source = try #require(IPAddress(text))
      let error = #expect(throws: LinuxError.self) {
        _ = try socket(hosts.first, hosts.firstLink, source)
      }
      #expect(error?.kind == .addressMissing)
    }
  }
}
