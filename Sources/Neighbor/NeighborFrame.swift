public import Internet

extension NeighborPacket {
  /// EtherType of ARP.
  public static let etherTypeOfARP: UInt16 = 0x0806
  /// EtherType of IPv6.
  public static let etherTypeOfIPv6: UInt16 = 0x86DD

  static let ethernetLength = 14

  /// Writes the Ethernet frame that carries this packet to `destination` over what `frame` held. For IPv6,
  /// `.broadcast` stands for the multicast group that the packet is meant for, and `isRouter` tells whether
  /// this host forwards.
  public func encode(to destination: MACAddress, isRouter: Bool = false, into frame: inout [UInt8]) {
    frame.removeAll(keepingCapacity: true)
    switch (sender, target) {
    case (.ipv4(let sender), .ipv4(let target)):
      frame.appendEthernet(destination, senderHardware, Self.etherTypeOfARP)
      appendARP(sender, target, to: &frame)
    case (.ipv6(let sender), .ipv6(let target)):
      appendDiscovery(sender, target, destination, isRouter: isRouter, to: &frame)
    default: preconditionFailure("sender and target are of one family")
    }
  }

  /// The packet in an Ethernet frame; nil if it is none, is cut short, or is not valid.
  public init?(decoding frame: Span<UInt8>) {
    guard frame.count >= Self.ethernetLength else { return nil }
    switch UInt16(frame, at: 12) {
    case Self.etherTypeOfARP: self.init(arp: frame)
    case Self.etherTypeOfIPv6: self.init(discovery: frame)
    default: return nil
    }
  }
}

extension [UInt8] {
  mutating func appendEthernet(_ destination: MACAddress, _ source: MACAddress, _ etherType: UInt16) {
    append(destination)
    append(source)
    append(word: etherType)
  }
}

extension UInt16 {
  init(_ bytes: Span<UInt8>, at offset: Int) {
    self = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }
}
