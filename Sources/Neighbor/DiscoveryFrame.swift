import Internet

/// Neighbour discovery over Ethernet (RFC 4861, RFC 2464).
extension NeighborPacket {
  fileprivate enum ICMPv6 {
    static let nextHeader: UInt8 = 58
    static let solicitation: UInt8 = 135
    static let advertisement: UInt8 = 136
  }

  private enum Option {
    static let sourceLinkLayerAddress: UInt8 = 1
    static let targetLinkLayerAddress: UInt8 = 2
    static let nonce: UInt8 = 14
  }

  private enum Flag {
    static let router: UInt8 = 0x80
    static let solicited: UInt8 = 0x40
    static let override: UInt8 = 0x20
  }

  private static let hopLimit: UInt8 = 255
  private static let messageStart = 54
  /// Type, code, checksum, flags, target.
  private static let fixedLength = 24

  // MARK: Encoding

  func appendDiscovery(
    _ sender: IPv6Address, _ target: IPv6Address, _ station: MACAddress, isRouter: Bool,
    to frame: inout [UInt8]
  ) {
    let isToGroup = station == .broadcast
    let destination = operation == .request && isToGroup ? target.solicitedNode : target
    let message = discoveryMessage(sender, target, isToGroup: isToGroup, isRouter: isRouter)
    frame.appendEthernet(
      isToGroup ? destination.multicastHardware : station, senderHardware, Self.etherTypeOfIPv6)
    // Version 6, traffic class and flow label zero.
    frame.append(contentsOf: [0x60, 0, 0, 0])
    frame.append(word: UInt16(message.count))
    frame.append(ICMPv6.nextHeader)
    frame.append(Self.hopLimit)
    frame.append(.ipv6(sender))
    frame.append(.ipv6(destination))
    var checksum = Checksum()
    checksum.addDiscovery(message.span, from: sender, to: destination)
    frame.append(contentsOf: message)
    frame[Self.messageStart + 2] = UInt8(checksum.value >> 8)
    frame[Self.messageStart + 3] = UInt8(truncatingIfNeeded: checksum.value)
  }

  private func discoveryMessage(
    _ sender: IPv6Address, _ target: IPv6Address, isToGroup: Bool, isRouter: Bool
  ) -> [UInt8] {
    let isRequest = operation == .request
    var flags: UInt8 = 0
    if !isRequest {
      // Unasked it is not solicited, and overrides what neighbours believe (RFC 9568 §6.4.1).
      flags = (isRouter ? Flag.router : 0) | (isToGroup ? 0 : Flag.solicited) | Flag.override
    }
    var message = [isRequest ? ICMPv6.solicitation : ICMPv6.advertisement, 0, 0, 0, flags, 0, 0, 0]
    message.append(.ipv6(isRequest ? target : sender))
    message.append(isRequest ? Option.sourceLinkLayerAddress : Option.targetLinkLayerAddress)
    message.append(1)
    message.append(senderHardware)
    if let standby {
      // In units of eight octets: two for type and length, six, five, three of padding.
      message.append(contentsOf: [Option.nonce, 2])
      message.append(MACAddress.virtualRouter(standby.virtualRouterID, .ipv6))
      standby.appendDetail(to: &message)
      message.append(contentsOf: [0, 0, 0])
    }
    return message
  }

  // MARK: Decoding

  /// Checks of RFC 4861 §7.1.1 and §7.1.2.
  init?(discovery frame: Span<UInt8>) {
    guard frame.count >= Self.messageStart + Self.fixedLength, frame[14] >> 4 == 6,
      frame[20] == ICMPv6.nextHeader, frame[21] == Self.hopLimit
    else { return nil }
    let end = Self.messageStart + Int(UInt16(frame, at: 18))
    guard end >= Self.messageStart + Self.fixedLength, end <= frame.count else { return nil }
    let (source, destination) = (IPv6Address(frame, at: 22), IPv6Address(frame, at: 38))
    let message = frame.extracting(Self.messageStart..<end)
    var checksum = Checksum()
    checksum.addDiscovery(message, from: source, to: destination)
    let target = IPv6Address(message, at: 8)
    guard checksum.value == 0, message[1] == 0, !target.isMulticast else { return nil }
    guard let options = Options(message, ethernetSource: MACAddress(frame, at: 6)) else { return nil }
    switch message[0] {
    case ICMPv6.solicitation:
      self.init(
        operation: .request, senderHardware: options.source, sender: .ipv6(source), target: .ipv6(target),
        standby: options.standby)
    case ICMPv6.advertisement:
      self.init(
        operation: .reply, senderHardware: options.target, sender: .ipv6(target),
        target: .ipv6(destination))
    default: return nil
    }
  }

  /// What the options of a message say.
  private struct Options {
    var source: MACAddress
    var target: MACAddress
    var standby: StandbyMark?

    /// nil if an option is cut short or has no length.
    init?(_ message: Span<UInt8>, ethernetSource: MACAddress) {
      // Who sends no option must be reached where the frame came from.
      source = ethernetSource
      target = ethernetSource
      var offset = NeighborPacket.fixedLength
      while offset < message.count {
        guard offset + 2 <= message.count else { return nil }
        let length = 8 * Int(message[offset + 1])
        guard length > 0, offset + length <= message.count else { return nil }
        let hardware = MACAddress(message, at: offset + 2)
        switch message[offset] {
        case Option.sourceLinkLayerAddress: source = hardware
        case Option.targetLinkLayerAddress: target = hardware
        case Option.nonce:
          let option = message.extracting(first: offset + length)
          standby = StandbyMark(hardware, .ipv6, option, detail: offset + 8)
        default: break
        }
        offset += length
      }
    }
  }
}

extension Checksum {
  /// The pseudo-header of RFC 8200 §8.1 and an ICMPv6 `message`.
  fileprivate mutating func addDiscovery(
    _ message: Span<UInt8>, from source: IPv6Address, to destination: IPv6Address
  ) {
    addPseudoHeader(
      from: .ipv6(source), to: .ipv6(destination), protocolNumber: NeighborPacket.ICMPv6.nextHeader,
      length: message.count)
    add(message)
  }
}
