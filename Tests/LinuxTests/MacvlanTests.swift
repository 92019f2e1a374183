import Glibc
import Internet
import Netlink
import Testing

@testable import Linux

private let virtual = MACAddress(bits: 0x0000_5E00_01DB)
private let message: [UInt8] = [0x31, 219, 100, 1, 0, 10, 0xAB, 0xCD, 192, 0, 2, 219]

@Suite(.enabled(if: isRoot, "needs root"))
struct MacvlanTests {
  private func request(_ parent: Link, _ hardware: MACAddress = virtual) -> MacvlanRequest {
    MacvlanRequest(name: "vip219", parentIndex: parent.index, hardware: hardware)
  }

  /// Makes the macvlan in this thread's namespace, sets it up and gives it both VIPs.
  private func serve(_ parent: Link, confined: Bool = true) throws -> Link {
    let requests = try RouteRequests()
    let made = try requests.makeMacvlan(request(parent))
    if confined { try requests.confineARP(on: parent.index) }
    #expect(failure(of: try requests.setUp(true, linkIndex: made.index)) == nil)
    let link = try linkWithCarrier(named: "vip219")
    for (text, length) in [("192.0.2.219", 24), ("fd00::219", 64)] {
      let address = try #require(IPAddress(text))
      let network = try #require(IPNetwork(address, prefixLength: length))
      let addition = AddressRequest(
        network: network, linkIndex: link.index, validLifetime: .seconds(60), addsPrefixRoute: false)
      #expect(failure(of: try requests.add(addition)) == nil)
    }
    return link
  }

  @Test func linkIsMadeTakenUpAndRemoved() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let made = try requests.makeMacvlan(request(hosts.firstLink))
      #expect(made.name == "vip219" && made.kind == "macvlan" && !made.isUp)
      #expect(made.macAddress == virtual && made.parentIndex == hosts.firstLink.index)
      #expect(try shell("ip -d link show vip219").contains("macvlan mode bridge"))
      #expect(try requests.makeMacvlan(request(hosts.firstLink)).index == made.index)

      let other = MACAddress(bits: virtual.bits + 1)
      let remade = try requests.makeMacvlan(request(hosts.firstLink, other))
      #expect(remade.index != made.index && remade.macAddress == other)
      #expect(failure(of: try requests.removeLink(remade.index)) == nil)
      #expect(try !requests.links().contains { $0.name == "vip219" })
      #expect(failure(of: try requests.removeLink(remade.index))?.kind == .linkGone)
    }
  }

  @Test func foreignLinkIsLeftAlone() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      for kind in ["link add vip219 type bridge", "link add vip219 link eth0 type macvlan"] {
        try shell("ip \(kind)")
        let error = #expect(throws: LinuxError.self) {
          _ = try requests.makeMacvlan(request(hosts.firstLink))
        }
        #expect(error?.kind == .exists)
        try shell("ip link delete vip219")
      }
      let missing = #expect(throws: LinuxError.self) {
        _ = try requests.makeMacvlan(
          MacvlanRequest(name: "vip219", parentIndex: 9999, hardware: virtual))
      }
      #expect(missing?.kind == .linkGone)
    }
  }

  @Test func linkHasNoAddressOfItsOwn() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let link = try serve(hosts.firstLink)
      let addresses = try RouteRequests().addresses(on: link.index).map(\.network.address)
      #expect(addresses.map(\.description).sorted() == ["192.0.2.219", "fd00::219"])
      #expect(try shell("cat /proc/sys/net/ipv6/conf/vip219/accept_ra") == "0\n")
      #expect(try shell("cat /proc/sys/net/ipv4/conf/vip219/rp_filter") == "2\n")
      #expect(try shell("ip route show dev vip219").isEmpty)
      #expect(try !shell("ip -6 route show dev vip219").contains("fd00::/64"))
    }
  }

  /// What the second host heard while it, and then the first host, opened a connection between the VIP and
  /// the other: every ARP frame.
  private func conversation(confined: Bool) throws -> (frames: [[UInt8]], physical: MACAddress, cache: String)
  {
    let hosts = try TwoHosts()
    try hosts.addIPv6()
    let sniffer = try hosts.second.run {
      try PacketSocket(linkIndex: hosts.secondLink.index, etherType: 0x0806)
    }
    try hosts.first.run { _ = try serve(hosts.firstLink, confined: confined) }
    let cache = try hosts.second.run {
      for address in ["192.0.2.219", "fd00::219"] {
        // Nobody listens there: the refusal is the VIP's answer.
        let answer = try shell("timeout 3 bash -c '</dev/tcp/\(address)/9' || true")
        #expect(answer.contains("refused"), "\(answer)")
      }
      return try shell("ip neigh show")
    }
    try hosts.first.run {
      try shell("ip neigh flush all")
      try connect(from: "192.0.2.219", to: "192.0.2.218")
    }
    var frames: [[UInt8]] = []
    while try sniffer.receive({ frames.append([UInt8]($0)) }) {}
    return (frames, try #require(hosts.firstLink.macAddress), cache)
  }

  /// A connection that is refused.
  private func connect(from source: String, to destination: String) throws {
    let tcp = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(tcp) }
    let (own, other) = (try #require(IPAddress(source)), try #require(IPAddress(destination)))
    #expect(own.withSocketAddress(linkIndex: 0) { bind(tcp, $0, $1) } == 0)
    guard case .ipv4(let address) = other else { return }
    var peer = sockaddr_in()
    peer.sin_family = sa_family_t(AF_INET)
    peer.sin_addr = in_addr(address)
    peer.sin_port = UInt16(9).bigEndian
    let result = withUnsafeBytes(of: &peer) {
      Glibc.connect(tcp, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
    }
    #expect(result < 0 && errno == ECONNREFUSED)
  }

  private func tells(_ frame: [UInt8], _ hardware: MACAddress) -> Bool {
    let (sender, address) = (MACAddress(frame.span, at: 22), IPv4Address(frame.span, at: 28))
    return sender == hardware && address == IPv4Address("192.0.2.219")
  }

  @Test func virtualAddressIsToldAndThePhysicalOneIsNot() throws {
    let (frames, physical, cache) = try conversation(confined: true)
    #expect(frames.contains { tells($0, virtual) })
    #expect(!frames.contains { tells($0, physical) })
    #expect(frames.contains { $0[21] == 1 && MACAddress($0.span, at: 22) == physical })
    #expect(cache.contains("192.0.2.219 dev eth0 lladdr 00:00:5e:00:01:db"), "\(cache)")
    #expect(cache.contains("fd00::219 dev eth0 lladdr 00:00:5e:00:01:db"), "\(cache)")
  }

  /// What `confineARP` is for.
  @Test func unconfinedParentTellsItsOwn() throws {
    let (frames, physical, _) = try conversation(confined: false)
    #expect(frames.contains { tells($0, physical) && $0[21] == 1 })
    #expect(frames.contains { tells($0, physical) && $0[21] == 2 })
  }

  /// The other router uses the same hardware address.
  @Test func parentHearsAdvertisementsFromTheVirtualAddress() throws {
    let hosts = try TwoHosts()
    let source = IPAddress.ipv4(IPv4Address(bits: 0xC000_02D9))
    let receiver = try hosts.second.run {
      _ = try serve(hosts.secondLink)
      return try VRRPSocket(
        linkIndex: hosts.secondLink.index, source: .ipv4(IPv4Address(bits: 0xC000_02DA)))
    }
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    var frame: [UInt8] = []
    VRRPFrame(source: source, hardwareSource: virtual).encode(message.span, into: &frame)
    try sender.send(frame.span)
    #expect(try hear(receiver)?.message == message)
  }

  /// A standby asks the owner at the virtual address. The kernel hands a frame also to the sockets of the link
  /// that it came in by.
  @Test func parentHearsQuestionsToTheVirtualAddress() throws {
    let hosts = try TwoHosts()
    let filter = PacketSocket.arpFilter(for: [], answerers: [], mark: virtual)
    let receiver = try hosts.first.run {
      _ = try serve(hosts.firstLink)
      return try PacketSocket(linkIndex: hosts.firstLink.index, etherType: 0x0806, filter: filter)
    }
    let sender = try hosts.second.run { try PacketSocket(linkIndex: hosts.secondLink.index) }
    var question = (0..<6).map { virtual[$0] } + [2, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1]
    question += [2, 0, 0, 0, 0, 1, 192, 0, 2, 218] + (0..<6).map { virtual[$0] } + [192, 0, 2, 219]
    try sender.send(question.span)
    try #require(wait(for: receiver.fd))
    var heard: [[UInt8]] = []
    while try receiver.receive({ heard.append([UInt8]($0)) }) {}
    #expect(heard == [question])
  }

  @Test func changesAreQuick() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let requests = try RouteRequests()
      func time(_ body: () throws -> Void) rethrows -> Duration {
        let start = Clock.now
        try body()
        return Clock.now - start
      }
      var link: Link?
      let making = try time { link = try requests.makeMacvlan(request(hosts.firstLink)) }
      let index = try #require(link).index
      let up = try time { _ = failure(of: try requests.setUp(true, linkIndex: index)) }
      let down = try time { _ = failure(of: try requests.setUp(false, linkIndex: index)) }
      let removing = try time { _ = failure(of: try requests.removeLink(index)) }
      print("macvlan: made in \(making), up \(up), down \(down), removed \(removing)")
      #expect(making + up + down + removing < .seconds(5))
    }
  }
}

@Suite(.enabled(if: isRoot, "needs root"))
struct VRRPFrameTests {
  static let pairs: [(String, String)] = [("192.0.2.217", "192.0.2.218"), ("fe80::217", "fe80::218")]

  /// The next frame with a VRRP message that arrives. What `send` sends may be lost with the neighbour that it waits
  /// for, as long as the interface is new: sent again while nothing comes, ten times at most.
  private func frame(
    _ sniffer: borrowing PacketSocket, _ family: AddressFamily, sending send: () throws -> Void = {}
  ) throws -> [UInt8] {
    for _ in 0..<10 {
      try send()
      while wait(for: sniffer.fd, seconds: 2) {
        var frame: [UInt8] = []
        _ = try sniffer.receive { frame = [UInt8]($0) }
        if frame[family == .ipv4 ? 23 : 20] == 112 { return frame }
      }
    }
    throw LinuxError("waiting for a frame", errno: ETIMEDOUT)
  }

  @Test(arguments: pairs, [VRRPSocket.Audience.group, .peers])
  func isWhatTheKernelWouldSend(_ texts: (String, String), audience: VRRPSocket.Audience) throws {
    let hosts = try TwoHosts()
    try hosts.addIPv6()
    let (own, peer) = (try #require(IPAddress(texts.0)), try #require(IPAddress(texts.1)))
    let sniffer = try hosts.second.run {
      try PacketSocket(
        linkIndex: hosts.secondLink.index, etherType: own.family == .ipv4 ? 0x0800 : 0x86DD)
    }
    let usual = try hosts.first.run {
      try VRRPSocket(linkIndex: hosts.firstLink.index, source: own, audience: audience)
    }
    let receiver = try hosts.second.run {
      try VRRPSocket(linkIndex: hosts.secondLink.index, source: peer, audience: audience)
    }
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    var ours = VRRPFrame(source: own, hardwareSource: virtual)
    if audience == .peers {
      ours.destination = peer
      ours.hardwareDestination = try #require(hosts.secondLink.macAddress)
    }
    var encoded: [UInt8] = [9]
    ours.encode(message.span, into: &encoded)
    try sender.send(encoded.span)
    let origin = VRRPSocket.Origin(source: own, destination: ours.destination, ttl: 255)
    #expect(try hear(receiver) == HeardMessage(origin: origin, message: message))
    #expect(try frame(sniffer, own.family) == encoded)

    var expected = try frame(sniffer, own.family) { try usual.send(message.span, to: ours.destination) }
    let physical = try #require(hosts.firstLink.macAddress)
    #expect(MACAddress(expected.span, at: 6) == physical)
    for index in 0..<6 { expected[6 + index] = virtual[index] }
    switch own.family {
    case .ipv4:
      // The kernel chooses an identification, which the checksum follows.
      for field in [18..<20, 24..<26] { expected.replaceSubrange(field, with: encoded[field]) }
      var checksum = Checksum()
      checksum.add(encoded.span.extracting(14..<34))
      #expect(checksum.value == 0)
    case .ipv6:
      // The kernel chooses a flow label.
      expected.replaceSubrange(15..<18, with: [expected[15] & 0xF0, 0, 0])
    }
    #expect(expected == encoded)
  }
}
