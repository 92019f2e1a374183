import Internet
import Neighbor
import Testing

@Suite struct ARPFrameTests {
  private let vip = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DB))
  private let hardware = MACAddress(bits: 0x0200_0000_00D9)

  @Test func gratuitousRequestIsByteExact() {
    var frame: [UInt8] = [9]
    NeighborPacket.announcement(.request, for: vip, at: hardware).encode(to: .broadcast, into: &frame)
    #expect(
      frame == [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 0xD9, 0x08, 0x06,
        0, 1, 8, 0, 6, 4, 0, 1,
        2, 0, 0, 0, 0, 0xD9, 192, 168, 1, 219,
        0, 0, 0, 0, 0, 0, 192, 168, 1, 219,
      ])
  }

  @Test func gratuitousReplyRepeatsTheSender() {
    let reply = NeighborPacket.announcement(.reply, for: vip, at: hardware)
    #expect(reply.operation == .reply)
    #expect(reply.targetHardware == hardware)
    #expect(reply.sender == vip && reply.target == vip)
  }

  @Test(arguments: [NeighborPacket.Operation.request, .reply])
  func roundTrip(operation: NeighborPacket.Operation) {
    let packet = NeighborPacket(
      operation: operation, senderHardware: hardware, sender: vip,
      targetHardware: MACAddress(bits: 0xA1B2_C3D4_E5F6), target: .ipv4(IPv4Address(bits: 0x0102_0304)))
    var frame: [UInt8] = []
    packet.encode(to: .broadcast, into: &frame)
    #expect(NeighborPacket(decoding: frame.span) == packet)
    // Ethernet pads to 60 bytes.
    frame += [UInt8](repeating: 0, count: 18)
    #expect(NeighborPacket(decoding: frame.span) == packet)
  }

  /// A probe of a standby is an ordinary request to everybody but the owner's daemon.
  @Test(arguments: [
    StandbyMark(virtualRouterID: 219, priority: 100, isReady: true),
    StandbyMark(virtualRouterID: 1, priority: 255, isReady: false),
  ])
  func marks(mark: StandbyMark) {
    let probe = NeighborPacket.request(
      for: vip, from: .ipv4(IPv4Address(bits: 0xC0A8_01DA)), at: hardware, standby: mark)
    var frame: [UInt8] = []
    probe.encode(to: .broadcast, into: &frame)
    #expect(frame[32..<38] == [0, 0, 0x5E, 0, 1, mark.virtualRouterID])
    frame += [UInt8](repeating: 0, count: 60 - frame.count)
    #expect(NeighborPacket(decoding: frame.span) == probe)
    // Cut off by somebody on the way: it still stands by.
    let cut = NeighborPacket(decoding: Array(frame.prefix(42)).span)?.standby
    #expect(cut == StandbyMark(virtualRouterID: mark.virtualRouterID, priority: 0, isReady: true))
  }

  @Test func whatIsNoARPForIPv4OverEthernetIsRefused() {
    var frame: [UInt8] = []
    NeighborPacket.announcement(.request, for: vip, at: hardware).encode(to: .broadcast, into: &frame)
    for length in 0..<42 {
      #expect(NeighborPacket(decoding: Array(frame.prefix(length)).span) == nil)
    }
    for index in [12, 13, 14, 15, 16, 17, 18, 19, 20] {
      var wrong = frame
      wrong[index] ^= 0x40
      #expect(NeighborPacket(decoding: wrong.span) == nil)
    }
  }
}
