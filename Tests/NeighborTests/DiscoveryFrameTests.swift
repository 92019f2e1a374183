import Internet
import Neighbor
import Testing

@Suite struct DiscoveryFrameTests {
  /// fd00::219
  private let vip = IPAddress.ipv6(IPv6Address(high: 0xFD00 << 48, low: 0x219))
  /// fe80::217
  private let router = IPAddress.ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x217))
  private let hardware = MACAddress(bits: 0x0200_0000_00D9)

  private func frame(
    _ packet: NeighborPacket, to station: MACAddress = .broadcast, isRouter: Bool = false
  ) -> [UInt8] {
    var frame: [UInt8] = [9]
    packet.encode(to: station, isRouter: isRouter, into: &frame)
    return frame
  }

  @Test(arguments: [(false, 0x20), (true, 0xA0)] as [(Bool, UInt8)])
  func announcementIsByteExact(isRouter: Bool, flags: UInt8) {
    let bytes = frame(.announcement(.reply, for: vip, at: hardware), isRouter: isRouter)
    var expected: [UInt8] = [
      0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0xD9, 0x86, 0xDD,
      0x60, 0, 0, 0, 0, 32, 58, 255,
      0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x19,
      0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
      136, 0, 0, 0, flags, 0, 0, 0,
      0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x19,
      2, 1, 2, 0, 0, 0, 0, 0xD9,
    ]
    expected.replaceSubrange(56..<58, with: bytes[56..<58])
    #expect(bytes == expected)
    let heard = NeighborPacket(decoding: bytes.span)
    #expect(heard?.sender == vip && heard?.senderHardware == hardware && heard?.operation == .reply)
  }

  @Test func questionForEverybodyGoesToTheSolicitedNodeGroup() {
    let bytes = frame(.request(for: vip, from: router, at: hardware))
    #expect(bytes[0..<6] == [0x33, 0x33, 0xFF, 0, 0x02, 0x19])
    #expect(IPv6Address(bytes.span, at: 38).description == "ff02::1:ff00:219")
  }

  @Test func questionForOneStationGoesThere() {
    let station = MACAddress(bits: 0x0200_0000_00DA)
    let bytes = frame(.request(for: vip, from: router, at: hardware), to: station)
    #expect(MACAddress(bytes.span, at: 0) == station)
    #expect(IPAddress.ipv6(IPv6Address(bytes.span, at: 38)) == vip)
  }

  @Test(arguments: [nil, StandbyMark(virtualRouterID: 219, priority: 7, isReady: false)])
  func roundTrip(mark: StandbyMark?) {
    let probe = NeighborPacket.request(for: vip, from: router, at: hardware, standby: mark)
    #expect(NeighborPacket(decoding: frame(probe).span) == probe)
    let answer = NeighborPacket(operation: .reply, senderHardware: hardware, sender: vip, target: router)
    #expect(NeighborPacket(decoding: frame(answer, to: hardware).span) == answer)
  }

  @Test func whatIsNotValidIsRefused() {
    let good = frame(
      .request(
        for: vip, from: router, at: hardware,
        standby: StandbyMark(virtualRouterID: 219, priority: 7, isReady: true)))
    for length in good.indices {
      #expect(NeighborPacket(decoding: Array(good.prefix(length)).span) == nil)
    }
    // Version, next header, hop limit, and all that the checksum covers.
    for index in Array(14..<15) + Array(18..<good.count) {
      var wrong = good
      wrong[index] ^= 0x40
      #expect(NeighborPacket(decoding: wrong.span) == nil, "octet \(index)")
    }
  }

  @Test func optionsWithoutLengthAreRefused() {
    var bytes = frame(.request(for: vip, from: router, at: hardware))
    bytes[79] = 0
    // The checksum is made right again: one's complement, so what was taken away is added.
    let sum = UInt16(bytes[56]) << 8 | UInt16(bytes[57])
    bytes[56] = UInt8((sum &+ 1) >> 8)
    bytes[57] = UInt8(truncatingIfNeeded: sum &+ 1)
    #expect(NeighborPacket(decoding: bytes.span) == nil)
  }

  @Test func noByteStringTraps() {
    var random = SystemRandomNumberGenerator()
    let good = frame(.request(for: vip, from: router, at: hardware))
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let heard = NeighborPacket(decoding: Array(bytes.prefix(Int.random(in: 0...86, using: &random))).span)
      if let heard { #expect(heard.sender.family == heard.target.family) }
    }
  }
}
