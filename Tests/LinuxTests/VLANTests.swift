import Internet
import Netlink
import Testing

@testable import Linux

/// A trunk's port: what is for a VLAN is another network's, whether this host takes part in it or not.
@Suite(.enabled(if: isRoot, "needs root"))
struct VLANTests {
  private let message: [UInt8] = [0x31, 219, 100, 1, 0, 10, 0xAB, 0xCD, 192, 0, 2, 219]
  private let station = MACAddress(bits: 0x0200_0000_0001)

  /// Whether the second host takes part: both, where the kernel has links of VLANs (CONFIG_VLAN_8021Q).
  private static let takingPart: [Bool] = {
    let attempt = try? NetworkNamespace().run { try shell("ip link add link lo name vlan type vlan id 2") }
    return attempt == nil ? [false] : [false, true]
  }()

  /// A VLAN's link `eth0.200` on the second host, which has its address there, too.
  private func takePart(_ hosts: borrowing TwoHosts) throws {
    try hosts.second.run {
      try shell("ip link add link eth0 name eth0.200 type vlan id 200 && ip link set eth0.200 up")
      try shell("ip address add 192.0.2.218/24 dev eth0.200")
    }
  }

  private func advertisement(from source: IPAddress, priority: UInt8) -> [UInt8] {
    var (message, frame) = (message, [UInt8]())
    message[2] = priority
    VRRPFrame(source: source, hardwareSource: station).encode(message.span, into: &frame)
    return frame
  }

  @Test(arguments: ["192.0.2.217", "fe80::217"], takingPart)
  func advertisementsOfOtherVLANsAreNotHeard(source: String, takesPart: Bool) throws {
    let hosts = try TwoHosts()
    try hosts.addIPv6()
    if takesPart { try takePart(hosts) }
    let source = try #require(IPAddress(source))
    let own = try #require(IPAddress(source.family == .ipv4 ? "192.0.2.218" : "fe80::218"))
    let receiver = try hosts.second.run { try VRRPSocket(linkIndex: hosts.secondLink.index, source: own) }
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    try sender.send(advertisement(from: source, priority: 1).tagged(vlan: 200).span)
    try sender.send(advertisement(from: source, priority: 2).tagged(0x88A8, vlan: 5).span)
    try sender.send(advertisement(from: source, priority: 3).tagged(vlan: 200).tagged(vlan: 0).span)
    // The link keeps them in order. A tag of VLAN 0 has a priority only (IEEE 802.1Q §6.9.1).
    try sender.send(advertisement(from: source, priority: 4).tagged(vlan: 0).span)
    try sender.send(advertisement(from: source, priority: 5).span)
    #expect(try hear(receiver)?.message[2] == 4)
    #expect(try hear(receiver)?.message[2] == 5)
  }

  /// As those of other stations that the VIP's daemon, and `vipctl check`, hear.
  @Test(arguments: takingPart)
  func claimsInOtherVLANsAreNotHeard(takesPart: Bool) throws {
    let hosts = try TwoHosts()
    if takesPart { try takePart(hosts) }
    let vip = IPv4Address(bits: 0xC000_02DB)
    let receiver = try hosts.second.run {
      try PacketSocket(
        linkIndex: hosts.secondLink.index, etherType: 0x0806,
        filter: PacketSocket.arpFilter(for: [vip], answerers: [], mark: .broadcast))
    }
    let sender = try hosts.first.run { try PacketSocket(linkIndex: hosts.firstLink.index) }
    let host = try #require(hosts.secondLink.macAddress)
    func claim(_ destination: MACAddress, number: UInt8) -> [UInt8] {
      let address = [UInt8(192), 0, 2, 219]
      var frame = (0..<6).map { destination[$0] } + (0..<6).map { station[$0] } + [0x08, 0x06]
      frame += [0, 1, 8, 0, 6, 4, 0, 2] + (0..<5).map { station[$0] } + [number] + address
      return frame + (0..<6).map { destination[$0] } + address + [UInt8](repeating: 0, count: 18)
    }
    for (index, destination) in [host, .broadcast].enumerated() {
      try sender.send(claim(destination, number: UInt8(10 + index)).tagged(vlan: 200).span)
      try sender.send(claim(destination, number: UInt8(20 + index)).tagged(0x88A8, vlan: 5).span)
      try sender.send(claim(destination, number: UInt8(30 + index)).tagged(vlan: 0).span)
      try sender.send(claim(destination, number: UInt8(40 + index)).span)
    }
    var heard: [UInt8] = []
    while heard.last != 41 {
      try #require(wait(for: receiver.fd))
      while try receiver.receive({ heard.append($0[27]) }) {}
    }
    #expect(heard == [30, 40, 31, 41])
  }
}
