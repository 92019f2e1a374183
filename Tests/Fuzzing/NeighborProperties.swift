import Internet
import Neighbor

/// What must hold for every Ethernet frame that may be ARP or neighbour discovery.
enum NeighborProperties {
  static func check(_ input: [UInt8]) throws(Violation) {
    try checkOne(input)
    try checkOne(repairARP(input))
    try checkOne(repairDiscovery(input))
  }

  private static func checkOne(_ frame: [UInt8]) throws(Violation) {
    guard let packet = NeighborPacket(decoding: frame.span) else { return }
    try demand(packet.sender.family == packet.target.family, "two families")
    let family = packet.sender.family
    let etherType =
      family == .ipv4 ? NeighborPacket.etherTypeOfARP : NeighborPacket.etherTypeOfIPv6
    try demand(frame[12] == etherType >> 8 && frame[13] == etherType & 255, "another EtherType")
    if let mark = packet.standby {
      try demand(packet.operation == .request, "a reply with a mark \(mark)")
    }
    for station in [MACAddress.broadcast, MACAddress(bits: 0x0200_0000_00DA)] {
      for isRouter in [false, true] {
        var again: [UInt8] = []
        packet.encode(to: station, isRouter: isRouter, into: &again)
        try demand(NeighborPacket(decoding: again.span) == packet, "\(packet), encoded again: \(again)")
        // Links pad to 60 octets.
        again += [UInt8](repeating: 0, count: max(0, 60 - again.count))
        try demand(NeighborPacket(decoding: again.span) == packet, "\(packet), padded: \(again)")
      }
    }
  }

  private static func repairARP(_ frame: [UInt8]) -> [UInt8] {
    guard frame.count >= 42 else { return frame }
    var repaired = frame
    repaired.replaceSubrange(12..<20, with: [8, 6, 0, 1, 8, 0, 6, 4])
    (repaired[20], repaired[21]) = (0, 1 + frame[21] & 1)
    return repaired
  }

  /// `frame` with EtherType, version, length, next header, hop limit, type, code and checksum made right.
  private static func repairDiscovery(_ frame: [UInt8]) -> [UInt8] {
    guard frame.count >= 78 else { return frame }
    var repaired = frame
    let length = frame.count - 54
    repaired.replaceSubrange(12..<15, with: [0x86, 0xDD, 0x60])
    repaired.replaceSubrange(18..<22, with: [UInt8(length >> 8 & 255), UInt8(length & 255), 58, 255])
    repaired.replaceSubrange(54..<58, with: [135 + frame[54] & 1, 0, 0, 0])
    var checksum = Checksum()
    checksum.add(repaired.span.extracting(22..<repaired.count))
    checksum.add(UInt16(truncatingIfNeeded: length))
    checksum.add(58)
    repaired[56] = UInt8(checksum.value >> 8)
    repaired[57] = UInt8(truncatingIfNeeded: checksum.value)
    return repaired
  }
}
