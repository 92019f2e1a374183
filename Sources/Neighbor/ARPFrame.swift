public import Internet

extension ARPPacket {
  /// Length of the Ethernet header and the packet.
  public static let frameLength = 42
  /// EtherType of ARP.
  public static let etherType: UInt16 = 0x0806

  // Hardware type Ethernet, protocol type IPv4, address lengths 6 and 4.
  private static let fixedFields: [UInt8] = [0, 1, 8, 0, 6, 4]

  /// Writes the Ethernet frame that carries this packet to `destination` over what `frame` held.
  public func encode(to destination: MACAddress, into frame: inout [UInt8]) {
    frame.removeAll(keepingCapacity: true)
    frame.append(destination)
    frame.append(senderHardware)
    frame.append(UInt8(Self.etherType >> 8))
    frame.append(UInt8(truncatingIfNeeded: Self.etherType))
    frame.append(contentsOf: Self.fixedFields)
    frame.append(UInt8(operation.rawValue >> 8))
    frame.append(UInt8(truncatingIfNeeded: operation.rawValue))
    frame.append(senderHardware)
    frame.append(sender)
    frame.append(targetHardware)
    frame.append(target)
  }

  /// The ARP packet in an Ethernet frame; nil if it is none for IPv4 over Ethernet, or is cut short.
  public init?(decoding frame: Span<UInt8>) {
    guard frame.count >= Self.frameLength, UInt16(frame, at: 12) == Self.etherType else { return nil }
    for (index, expected) in Self.fixedFields.enumerated() {
      guard frame[14 + index] == expected else { return nil }
    }
    guard let operation = Operation(rawValue: UInt16(frame, at: 20)) else { return nil }
    self.init(
      operation: operation,
      senderHardware: MACAddress(frame, at: 22), sender: IPv4Address(frame, at: 28),
      targetHardware: MACAddress(frame, at: 32), target: IPv4Address(frame, at: 38))
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ address: MACAddress) {
    for index in 0..<6 { append(address[index]) }
  }

  fileprivate mutating func append(_ address: IPv4Address) {
    for shift: UInt32 in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: address.bits >> shift)) }
  }
}

extension UInt16 {
  fileprivate init(_ bytes: Span<UInt8>, at offset: Int) {
    self = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }
}
