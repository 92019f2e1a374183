import Internet
import Neighbor
import Testing

/// How neighbours learn where the VIP is (RFC 9568 §8); Wire.swift has what the kernel answers.
@Suite struct Neighbours {
  private func frame(_ packet: NeighborPacket, isRouter: Bool = false) -> [UInt8] {
    var frame: [UInt8] = []
    packet.encode(to: .broadcast, isRouter: isRouter, into: &frame)
    return frame
  }

  @Test(
    "37. Errata 7947, 7949: gratuitous ARP has the VIP as sender and as target, broadcast, request and reply")
  func gratuitousARP() {
    let virtual = MACAddress.virtualRouter(219, .ipv4)
    #expect(AddressFamily.ipv4.announcements == [.request, .reply])
    for operation in AddressFamily.ipv4.announcements {
      let bytes = frame(.announcement(operation, for: vip, at: virtual))
      #expect(bytes[0..<6] == [255, 255, 255, 255, 255, 255])
      #expect(bytes[20..<22] == [0, UInt8(operation.rawValue)])
      #expect(bytes[22..<28] == [0, 0, 0x5E, 0, 1, 219])
      #expect(bytes[28..<32] == [192, 168, 1, 219] && bytes[38..<42] == [192, 168, 1, 219])
    }
  }

  @Test(
    "38. §6.4.1: an unsolicited Neighbor Advertisement has R as the host forwards, S = 0, O = 1, the VIP as target",
    arguments: [false, true])
  func unsolicitedNeighborAdvertisement(isRouter: Bool) {
    let virtual = MACAddress.virtualRouter(219, .ipv6)
    #expect(AddressFamily.ipv6.announcements == [.reply])
    let bytes = frame(.announcement(.reply, for: vip6, at: virtual), isRouter: isRouter)
    let target = (0..<16).map { vip6[$0] }
    #expect(bytes[0..<6] == [0x33, 0x33, 0, 0, 0, 1])
    #expect(IPv6Address(bytes.span, at: 38) == .allNodes)
    #expect(bytes[54] == 136)
    #expect(bytes[58] == (isRouter ? 0xA0 : 0x20))
    #expect(bytes[62..<78] == target[...])
    #expect(bytes[78...] == [2, 1, 0, 0, 0x5E, 0, 2, 219])
  }
}
