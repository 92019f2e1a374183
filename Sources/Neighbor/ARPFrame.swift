import Internet

/// ARP for IPv4 over Ethernet (RFC 826).
extension NeighborPacket {
  // Hardware type Ethernet, protocol type IPv4, address lengths 6 and 4.
  private static let fixedFields: [UInt8] = [0, 1, 8, 0, 6, 4]
  private static let arpEnd = 42

  func appendARP(_ sender: IPv4Address, _ target: IPv4Address, to frame: inout [UInt8]) {
    frame.append(contentsOf: Self.fixedFields)
    frame.append(word: operation.rawValue)
    frame.append(senderHardware)
    frame.append(IPAddress.ipv4(sender))
    frame.append(standby.map { .virtualRouter($0.virtualRouterID, .ipv4) } ?? targetHardware)
    frame.append(IPAddress.ipv4(target))
    standby?.appendDetail(to: &frame)
  }

  init?(arp frame: Span<UInt8>) {
    guard frame.count >= Self.arpEnd else { return nil }
    for (index, expected) in Self.fixedFields.enumerated() {
      guard frame[14 + index] == expected else { return nil }
    }
    guard let operation = Operation(rawValue: UInt16(frame, at: 20)) else { return nil }
    let targetHardware = MACAddress(frame, at: 32)
    let standby =
      operation == .request ? StandbyMark(targetHardware, .ipv4, frame, detail: Self.arpEnd) : nil
    self.init(
      operation: operation,
      senderHardware: MACAddress(frame, at: 22), sender: .ipv4(IPv4Address(frame, at: 28)),
      targetHardware: standby == nil ? targetHardware : .zero, target: .ipv4(IPv4Address(frame, at: 38)),
      standby: standby)
  }
}
