package import Internet

/// An Ethernet frame as it was seen on the wire. The lab reads it with its own code, not the daemon's: what
/// the daemon writes must make sense to somebody else.
package struct CapturedFrame: Sendable {
  /// What the frame carries, as far as the lab cares.
  package enum Content: Sendable {
    case arp(CapturedArp)
    case vrrp(CapturedAdvertisement)
    case other
  }
  /// When the kernel received it.
  package let time: Duration
  package let source: MACAddress
  package let destination: MACAddress
  package let content: Content

  init(_ bytes: [UInt8], at time: Duration) {
    self.time = time
    destination = MACAddress(octets: bytes.prefix(6)) ?? .zero
    source = MACAddress(octets: bytes.dropFirst(6).prefix(6)) ?? .zero
    let ethertype = bytes.count >= 14 ? bytes.loadNetworkOrder(UInt16.self, at: 12) : 0
    content = Self.content(bytes.dropFirst(14), ethertype: ethertype)
  }

  private static func content(_ body: ArraySlice<UInt8>, ethertype: UInt16) -> Content {
    if ethertype == 0x0806, let arp = CapturedArp(body) { return .arp(arp) }
    if ethertype == 0x0800, let advertisement = CapturedAdvertisement(body) { return .vrrp(advertisement) }
    return .other
  }
}

/// An ARP packet (RFC 826) for IPv4 over Ethernet.
package struct CapturedArp: Equatable, Sendable {
  /// 1 request, 2 reply.
  package let operation: UInt16
  package let senderHardwareAddress: MACAddress
  package let senderAddress: IPv4Address
  package let targetHardwareAddress: MACAddress
  package let targetAddress: IPv4Address

  /// Whether it announces the sender's own address.
  package var isGratuitous: Bool { senderAddress == targetAddress }

  init?(_ body: ArraySlice<UInt8>) {
    guard body.count >= 28, body.load(UInt8.self, at: 4) == 6,
      let sender = MACAddress(octets: body.dropFirst(8).prefix(6)),
      let target = MACAddress(octets: body.dropFirst(18).prefix(6))
    else { return nil }
    operation = body.loadNetworkOrder(UInt16.self, at: 6)
    senderHardwareAddress = sender
    senderAddress = IPv4Address(bits: body.loadNetworkOrder(UInt32.self, at: 14))
    targetHardwareAddress = target
    targetAddress = IPv4Address(bits: body.loadNetworkOrder(UInt32.self, at: 24))
  }
}

/// A VRRP advertisement in an IPv4 packet.
package struct CapturedAdvertisement: Equatable, Sendable {
  package let source: IPv4Address
  package let destination: IPv4Address
  package let timeToLive: UInt8
  package let version: UInt8
  package let type: UInt8
  package let virtualRouterID: UInt8
  package let priority: UInt8
  /// Centiseconds in version 3, seconds in version 2.
  package let interval: UInt16
  package let addresses: [IPv4Address]

  init?(_ packet: ArraySlice<UInt8>) {
    guard packet.count >= 28, packet.load(UInt8.self, at: 9) == 112 else { return nil }
    let headerLength = Int(packet.load(UInt8.self, at: 0) & 15) * 4
    let message = packet.dropFirst(headerLength)
    guard headerLength >= 20, message.count >= 8 else { return nil }
    timeToLive = packet.load(UInt8.self, at: 8)
    source = IPv4Address(bits: packet.loadNetworkOrder(UInt32.self, at: 12))
    destination = IPv4Address(bits: packet.loadNetworkOrder(UInt32.self, at: 16))
    version = message.load(UInt8.self, at: 0) >> 4
    type = message.load(UInt8.self, at: 0) & 15
    virtualRouterID = message.load(UInt8.self, at: 1)
    priority = message.load(UInt8.self, at: 2)
    let count = Int(message.load(UInt8.self, at: 3))
    let intervalMask: UInt16 = version == 2 ? 0xFF : 0xFFF
    interval = message.loadNetworkOrder(UInt16.self, at: 4) & intervalMask
    guard message.count >= 8 + 4 * count else { return nil }
    addresses = (0..<count).map {
      IPv4Address(bits: message.loadNetworkOrder(UInt32.self, at: 8 + 4 * $0))
    }
  }
}
