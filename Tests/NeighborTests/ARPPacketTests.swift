import Internet
import Neighbor
import Testing

@Suite struct ARPPacketTests {
  private let vip = IPv4Address(bits: 0xC0A8_01DB)
  private let hardware = MACAddress(bits: 0x0200_0000_00D9)

  @Test func gratuitousRequestIsByteExact() {
    var frame: [UInt8] = [9]
    ARPPacket.gratuitous(.request, for: vip, at: hardware).encode(to: .broadcast, into: &frame)
    #expect(
      frame == [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 0xD9, 0x08, 0x06,
        0, 1, 8, 0, 6, 4, 0, 1,
        2, 0, 0, 0, 0, 0xD9, 192, 168, 1, 219,
        0, 0, 0, 0, 0, 0, 192, 168, 1, 219,
      ])
  }

  @Test func gratuitousReplyRepeatsTheSender() {
    let reply = ARPPacket.gratuitous(.reply, for: vip, at: hardware)
    #expect(reply.operation == .reply)
    #expect(reply.targetHardware == hardware)
    #expect(reply.sender == vip && reply.target == vip)
  }

  @Test(arguments: [ARPPacket.Operation.request, .reply])
  func roundTrip(operation: ARPPacket.Operation) {
    let packet = ARPPacket(
      operation: operation, senderHardware: hardware, sender: vip,
      targetHardware: MACAddress(bits: 0xA1B2_C3D4_E5F6), target: IPv4Address(bits: 0x0102_0304))
    var frame: [UInt8] = []
    packet.encode(to: .broadcast, into: &frame)
    #expect(ARPPacket(decoding: frame.span) == packet)
    // Ethernet pads to 60 bytes.
    frame += [UInt8](repeating: 0, count: 18)
    #expect(ARPPacket(decoding: frame.span) == packet)
  }

  @Test func whatIsNoARPForIPv4OverEthernetIsRefused() {
    var frame: [UInt8] = []
    ARPPacket.gratuitous(.request, for: vip, at: hardware).encode(to: .broadcast, into: &frame)
    for length in 0..<ARPPacket.frameLength {
      #expect(ARPPacket(decoding: Array(frame.prefix(length)).span) == nil)
    }
    for index in [12, 13, 14, 15, 16, 17, 18, 19, 20] {
      var wrong = frame
      wrong[index] ^= 0x40
      #expect(ARPPacket(decoding: wrong.span) == nil)
    }
  }
}
