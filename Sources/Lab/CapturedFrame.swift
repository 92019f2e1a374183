package import Internet

/// An Ethernet frame as it was seen on the wire. The lab reads it with its own code, not the daemon's: what
/// the daemon writes must make sense to somebody else.
package struct CapturedFrame: Sendable {
  /// What the frame carries, as far as the lab cares.
  package enum Content: Sendable {
    case arp(CapturedArp)
    case neighbour(CapturedNeighbourMessage)
    case vrrp(CapturedAdvertisement)
    case other
  }
  /// When the kernel received it.
  package let time: Duration
  /// The index of the switch's port that it came in by.
  package let port: UInt32
  /// All of it.
  package let bytes: [UInt8]
  package let source: MACAddress
  package let destination: MACAddress
  package let content: Content

  init(_ bytes: [UInt8], at time: Duration, port: UInt32 = 0) {
    self.time = time
    self.port = port
    self.bytes = bytes
    destination = MACAddress(octets: bytes.prefix(6)) ?? .zero
    source = MACAddress(octets: bytes.dropFirst(6).prefix(6)) ?? .zero
    let ethertype = bytes.count >= 14 ? bytes.loadNetworkOrder(UInt16.self, at: 12) : 0
    content = Self.content(bytes.dropFirst(14), ethertype: ethertype)
  }

  private static func content(_ body: ArraySlice<UInt8>, ethertype: UInt16) -> Content {
    if ethertype == 0x0806, let arp = CapturedArp(body) { return .arp(arp) }
    guard let packet = CapturedPacket(body, ethertype: ethertype) else { return .other }
    if let advertisement = CapturedAdvertisement(packet) { return .vrrp(advertisement) }
    if let message = CapturedNeighbourMessage(packet) { return .neighbour(message) }
    return .other
  }
}

/// An IPv4 packet, or an IPv6 packet without extension headers.
struct CapturedPacket {
  let source: IPAddress
  let destination: IPAddress
  /// TTL or hop limit.
  let timeToLive: UInt8
  let `protocol`: UInt8
  let payload: ArraySlice<UInt8>

  init?(_ packet: ArraySlice<UInt8>, ethertype: UInt16) {
    let (addresses, addressSize): (Int, Int)
    switch ethertype {
    case 0x0800:
      guard packet.count >= 20 else { return nil }
      let headerLength = Int(packet.load(UInt8.self, at: 0) & 15) * 4
      guard headerLength >= 20 else { return nil }
      (addresses, addressSize) = (12, 4)
      timeToLive = packet.load(UInt8.self, at: 8)
      `protocol` = packet.load(UInt8.self, at: 9)
      payload = packet.dropFirst(headerLength)
    case 0x86DD:
      guard packet.count >= 40 else { return nil }
      (addresses, addressSize) = (8, 16)
      timeToLive = packet.load(UInt8.self, at: 7)
      `protocol` = packet.load(UInt8.self, at: 6)
      payload = packet.dropFirst(40)
    default: return nil
    }
    let octets = packet.dropFirst(addresses)
    guard let source = IPAddress(octets: octets.prefix(addressSize)),
      let destination = IPAddress(octets: octets.dropFirst(addressSize).prefix(addressSize))
    else { return nil }
    (self.source, self.destination) = (source, destination)
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

/// A neighbour solicitation or advertisement (RFC 4861 §4.3, §4.4).
package struct CapturedNeighbourMessage: Equatable, Sendable {
  package let isAdvertisement: Bool
  /// The addresses of the IPv6 header.
  package let source: IPAddress
  package let destination: IPAddress
  /// Router, Solicited, Override: the upper three bits of an advertisement; zero in a solicitation.
  package let flags: UInt8
  package let target: IPAddress
  /// The source or target link-layer address option; nil without one.
  package let hardwareAddress: MACAddress?

  /// Whether it announces its target without having been asked.
  package var isUnsolicited: Bool { isAdvertisement && flags & 0b010 == 0 }

  init?(_ packet: CapturedPacket) {
    guard packet.protocol == 58, packet.timeToLive == 255, packet.payload.count >= 24,
      let target = IPAddress(octets: packet.payload.dropFirst(8).prefix(16))
    else { return nil }
    switch packet.payload.load(UInt8.self, at: 0) {
    case 135: isAdvertisement = false
    case 136: isAdvertisement = true
    default: return nil
    }
    (source, destination) = (packet.source, packet.destination)
    flags = packet.payload.load(UInt8.self, at: 4) >> 5
    self.target = target
    hardwareAddress = Self.linkLayerAddress(packet.payload.dropFirst(24), type: isAdvertisement ? 2 : 1)
  }

  private static func linkLayerAddress(_ options: ArraySlice<UInt8>, type: UInt8) -> MACAddress? {
    var rest = options
    while rest.count >= 8 {
      let length = Int(rest.load(UInt8.self, at: 1)) * 8
      guard length > 0, length <= rest.count else { return nil }
      if rest.load(UInt8.self, at: 0) == type { return MACAddress(octets: rest.dropFirst(2).prefix(6)) }
      rest = rest.dropFirst(length)
    }
    return nil
  }
}

/// A VRRP advertisement.
package struct CapturedAdvertisement: Equatable, Sendable {
  package let source: IPAddress
  package let destination: IPAddress
  /// The hop limit in an IPv6 packet.
  package let timeToLive: UInt8
  package let version: UInt8
  package let type: UInt8
  package let virtualRouterID: UInt8
  package let priority: UInt8
  /// Centiseconds in version 3, seconds in version 2.
  package let interval: UInt16
  package let addresses: [IPAddress]

  init?(_ packet: CapturedPacket) {
    let message = packet.payload
    guard packet.protocol == 112, message.count >= 8 else { return nil }
    timeToLive = packet.timeToLive
    source = packet.source
    destination = packet.destination
    version = message.load(UInt8.self, at: 0) >> 4
    type = message.load(UInt8.self, at: 0) & 15
    virtualRouterID = message.load(UInt8.self, at: 1)
    priority = message.load(UInt8.self, at: 2)
    let count = Int(message.load(UInt8.self, at: 3))
    let intervalMask: UInt16 = version == 2 ? 0xFF : 0xFFF
    interval = message.loadNetworkOrder(UInt16.self, at: 4) & intervalMask
    let size = source.octetCount
    guard message.count >= 8 + size * count else { return nil }
    addresses = (0..<count).compactMap {
      IPAddress(octets: message.dropFirst(8 + size * $0).prefix(size))
    }
  }
}
