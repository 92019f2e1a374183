import Internet
import Netlink
import Testing

@testable import Linux

@Suite(.enabled(if: isRoot, "needs root"))
struct NeighborFilterTests {
  private let vip = IPv6Address(high: 0xFD00 << 48, low: 0x219)
  private let gateway = IPv6Address(high: 0xFE80 << 48, low: 1)
  private let mark = MACAddress(bits: 0x0000_5E00_02DB)
  private let broadcast = MACAddress(bits: 0x3333_0000_0001)

  /// A neighbour solicitation or advertisement with the options that `tail` holds.
  private func frame(
    to destination: MACAddress, type: UInt8, target: IPv6Address, nextHeader: UInt8 = 58,
    for addressee: IPv6Address = .allNodes, _ tail: [UInt8] = []
  ) -> [UInt8] {
    var bytes = (0..<6).map { destination[$0] } + [2, 0, 0, 0, 0, 1, 0x86, 0xDD]
    bytes += [0x60, 0, 0, 0, 0, UInt8(24 + tail.count), nextHeader, 255]
    bytes += [0xFE, 0x80] + [UInt8](repeating: 0, count: 13) + [1]
    bytes += (0..<16).map { addressee[$0] }
    bytes += [type, 0, 0, 0, 0, 0, 0, 0] + (0..<16).map { target[$0] }
    return bytes + tail
  }

  private func options(nonce: MACAddress, type: UInt8 = 14) -> [UInt8] {
    [1, 1, 2, 0, 0, 0, 0, 1, type, 2] + (0..<6).map { nonce[$0] } + [UInt8](repeating: 0, count: 8)
  }

  /// Those of `frames` that arrive.
  private func heard(_ make: (_ host: MACAddress) -> [[UInt8]]) throws -> [[UInt8]] {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run {
      // Bound to another type than it sends.
      try PacketSocket(linkIndex: hosts.firstLink.index, etherType: 0x0806)
    }
    let other = IPv6Address(high: 1, low: 2)
    let receiver = try hosts.second.run {
      try PacketSocket(
        linkIndex: hosts.secondLink.index, etherType: 0x86DD,
        filter: PacketSocket.neighborFilter(for: [other, vip], answerers: [gateway], mark: mark))
    }
    let host = try #require(hosts.secondLink.macAddress)
    for frame in make(host) { try sender.send(frame.span) }
    let last = frame(to: host, type: 136, target: other)
    try sender.send(last.span)
    var frames: [[UInt8]] = []
    while frames.last != last {
      try #require(wait(for: receiver.fd))
      while try receiver.receive({ frames.append([UInt8]($0)) }) {}
    }
    // The kernels talk about their own addresses too, to groups: none of that passes.
    return frames.dropLast()
  }

  @Test func whatConcernsTheVIPPasses() throws {
    var expected: [[UInt8]] = []
    let frames = try heard { host in
      expected = [
        frame(to: host, type: 136, target: gateway),
        frame(to: host, type: 136, target: IPv6Address(high: 7, low: 7), for: vip),
        frame(to: broadcast, type: 136, target: vip),
        frame(to: broadcast, type: 136, target: vip, [2, 1, 2, 0, 0, 0, 0, 1]),
        frame(to: broadcast, type: 136, target: IPv6Address(high: 1, low: 2)),
        frame(to: broadcast, type: 135, target: vip, options(nonce: mark)),
      ]
      return expected
    }
    #expect(frames == expected)
  }

  @Test func theRestStaysOutside() throws {
    let frames = try heard { host in
      [
        frame(to: host, type: 128, target: vip),
        // What other instances ask, and are answered.
        frame(to: host, type: 135, target: vip),
        frame(to: host, type: 135, target: gateway),
        frame(to: host, type: 136, target: IPv6Address(high: 7, low: 7)),
        frame(to: broadcast, type: 136, target: gateway),
        frame(to: host, type: 136, target: vip, nextHeader: 17),
        frame(to: broadcast, type: 135, target: vip),
        frame(to: broadcast, type: 135, target: vip, options(nonce: MACAddress(bits: mark.bits + 1))),
        frame(to: broadcast, type: 135, target: vip, options(nonce: mark, type: 15)),
        frame(to: broadcast, type: 136, target: IPv6Address(high: vip.high, low: vip.low + 1)),
        frame(to: broadcast, type: 136, target: IPv6Address(high: vip.high + 1, low: vip.low)),
        Array(frame(to: broadcast, type: 136, target: vip).prefix(70)),
      ]
    }
    #expect(frames.isEmpty)
  }

  @Test func otherVLANsStayOutside() throws {
    var native: [UInt8] = []
    let frames = try heard { host in
      native = frame(to: host, type: 136, target: vip)
      return [frame(to: host, type: 136, target: vip), frame(to: broadcast, type: 136, target: vip)].map {
        $0.tagged(vlan: 5)
      } + [native.tagged(vlan: 0)]
    }
    #expect(frames == [native])
  }

  /// What a macvlan or a VLAN's link gets, the kernel shows to the sockets of the link below, too.
  @Test func otherLinksOnTheSameStayOutside() throws {
    let hosts = try TwoHosts()
    let (container, router) = (MACAddress(bits: 0x0200_0000_0077), MACAddress(bits: 0x0000_5E00_0107))
    let receiver = try hosts.second.run {
      for (name, hardware) in [("container", container), ("router", router)] {
        try shell("ip link add \(name) link eth0 address \(hardware) type macvlan mode bridge")
        try shell("ip link set \(name) up")
      }
      return try PacketSocket(
        linkIndex: hosts.secondLink.index, etherType: 0x0806,
        filter: PacketSocket.arpFilter(for: [], answerers: [.any], mark: .broadcast))
    }
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    let frames = [container, router].map { destination in
      (0..<6).map { destination[$0] } + [2, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 2]
        + [UInt8](repeating: 0, count: 38)
    }
    for frame in frames { try sender.send(frame.span) }
    try #require(wait(for: receiver.fd))
    var heard: [[UInt8]] = []
    while try receiver.receive({ heard.append([UInt8]($0)) }) {}
    #expect(heard == [frames[1]])
  }

  @Test func everyMismatchedWordIsSeen() throws {
    let frames = try heard { _ in
      (0..<4).map { word in
        let bit: UInt64 = 1 << (word % 2 == 0 ? 40 : 8)
        let target =
          word < 2
          ? IPv6Address(high: vip.high ^ bit, low: vip.low) : IPv6Address(high: vip.high, low: vip.low ^ bit)
        return frame(to: broadcast, type: 136, target: target)
      }
    }
    #expect(frames.isEmpty)
  }
}

extension [UInt8] {
  /// This frame with a VLAN tag (IEEE 802.1Q) that has the highest priority.
  func tagged(_ etherType: UInt16 = 0x8100, vlan: UInt16) -> [UInt8] {
    let tag = 0xE000 | vlan
    return prefix(12) + [etherType, tag].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } + dropFirst(12)
  }
}

@Suite(.enabled(if: isRoot, "needs root"))
struct ARPFilterTests {
  private let vip = IPv4Address(bits: 0xC000_02DB)
  private let other = IPv4Address(bits: 0xC000_02DC)
  private let gateway = IPv4Address(bits: 0xC000_0201)
  private let host = IPv4Address(bits: 0xC000_02DA)
  private let mark = MACAddress(bits: 0x0000_5E00_01DB)
  private let station = MACAddress(bits: 0x0200_0000_0001)

  private func packet(
    to destination: MACAddress, _ operation: UInt8, of sender: IPv4Address, _ target: IPv4Address,
    at hardware: MACAddress = .zero
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(destination)
    bytes.append(station)
    bytes += [0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, operation]
    bytes.append(station)
    bytes.append(.ipv4(sender))
    bytes.append(hardware)
    bytes.append(.ipv4(target))
    return bytes + [UInt8](repeating: 0, count: 18)
  }

  /// A hundred instances on a host ask the same gateway and the same peers.
  @Test func onlyWhatConcernsThisInstancePasses() throws {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    let receiver = try hosts.second.run {
      try PacketSocket(
        linkIndex: hosts.secondLink.index, etherType: 0x0806,
        filter: PacketSocket.arpFilter(for: [other, vip], answerers: [gateway], mark: mark))
    }
    let own = try #require(hosts.secondLink.macAddress)
    let expected = [
      // A claim, a standby's question to whomever, a gateway's answer to this host and to the VIP.
      packet(to: .broadcast, 1, of: vip, vip), packet(to: own, 2, of: vip, host),
      packet(to: .broadcast, 1, of: host, vip, at: mark), packet(to: own, 1, of: host, vip, at: mark),
      packet(to: own, 2, of: gateway, host), packet(to: own, 2, of: host, vip),
    ]
    let foreign = [
      packet(to: .broadcast, 1, of: gateway, host), packet(to: own, 1, of: gateway, host),
      packet(to: .broadcast, 2, of: gateway, host), packet(to: own, 2, of: host, gateway),
      packet(to: own, 1, of: host, vip),
      packet(to: own, 1, of: host, vip, at: MACAddress(bits: mark.bits + 1)),
    ]
    for frame in foreign + expected { try sender.send(frame.span) }
    var heard: [[UInt8]] = []
    while heard.count < expected.count {
      try #require(wait(for: receiver.fd))
      while try receiver.receive({ heard.append([UInt8]($0)) }) {}
    }
    #expect(heard == expected)
  }
}

@Suite(.enabled(if: isRoot, "needs root"))
struct EvidenceSocketTests {
  private let station = MACAddress(bits: 0x0200_0000_0001)
  private let peer = MACAddress(bits: 0x0200_0000_0002)

  /// For local experiments, which nobody listens to.
  private let last: UInt16 = 0x88B5

  private func frame(from source: MACAddress, etherType: UInt16, transport: UInt8 = 17) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xFF, count: 6) + (0..<6).map { source[$0] }
    bytes += [UInt8(etherType >> 8), UInt8(etherType & 255)] + [UInt8](repeating: 0, count: 46)
    bytes[etherType == 0x0800 ? 23 : 20] = transport
    return bytes
  }

  /// Whether `frame` was heard, and nothing of what the kernels say by themselves.
  private func isHeard(_ frame: [UInt8], ofTypeOnly type: UInt16? = nil) throws -> Bool {
    let hosts = try TwoHosts()
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    let receiver = try hosts.second.run {
      try EvidenceSocket(linkIndex: hosts.secondLink.index, etherType: type)
    }
    let fromTest: [FilterInstruction] = [
      .loadWord(at: 6), .ifEqual(UInt32(station.bits >> 16), skip: 1), .drop, .accept(60),
    ]
    let arrival = try hosts.second.run {
      try PacketSocket(linkIndex: hosts.secondLink.index, etherType: last, filter: fromTest)
    }
    let own = try #require(hosts.firstLink.macAddress)
    try receiver.listen(excluding: [peer, own])
    try sender.send(frame.span)
    // The link keeps frames in order; this one is no evidence itself.
    let next = self.frame(from: station, etherType: last)
    try sender.send(next.span)
    try #require(wait(for: arrival.fd))
    guard wait(for: receiver.fd, seconds: 0) else { return false }
    #expect(try receiver.receive() == station)
    #expect(try receiver.receive() == nil)
    return true
  }

  @Test(arguments: [0x0806, 0x0800, 0x86DD] as [UInt16])
  func aThirdStationIsHeard(etherType: UInt16) throws {
    #expect(try isHeard(frame(from: station, etherType: etherType)))
    #expect(try !isHeard(frame(from: peer, etherType: etherType)))
  }

  @Test(arguments: [0x0800, 0x86DD] as [UInt16])
  func advertisementsAreNoEvidence(etherType: UInt16) throws {
    #expect(try !isHeard(frame(from: station, etherType: etherType, transport: 112)))
  }

  /// As a trunk's port carries it; the kernel strips the tag before any socket sees the frame.
  @Test(arguments: [0x0806, 0x0800, 0x86DD] as [UInt16], [0x8100, 0x88A8] as [UInt16])
  func otherVLANsAreNoEvidence(etherType: UInt16, tag: UInt16) throws {
    #expect(try !isHeard(frame(from: station, etherType: etherType).tagged(tag, vlan: 5)))
    #expect(try isHeard(frame(from: station, etherType: etherType).tagged(tag, vlan: 0)))
  }

  @Test func whoListensForAnswersHearsNothingElse() throws {
    #expect(try isHeard(frame(from: station, etherType: 0x0806), ofTypeOnly: 0x0806))
    #expect(try !isHeard(frame(from: station, etherType: 0x0800), ofTypeOnly: 0x0806))
  }

  @Test func otherProtocolsAreNoEvidence() throws {
    #expect(try !isHeard(frame(from: station, etherType: 0x88B5)))
  }
}
