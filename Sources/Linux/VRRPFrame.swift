public import Internet

/// The Ethernet and IP headers of a VRRP message that is not sent from the link's own hardware address
/// (RFC 9568 §7.3), otherwise as ``VRRPSocket`` lets the kernel write them.
public struct VRRPFrame: Hashable, Sendable {
  /// Ethernet source: the virtual router's hardware address.
  public var hardwareSource: MACAddress
  /// Ethernet destination.
  public var hardwareDestination: MACAddress
  /// IP source.
  public var source: IPAddress
  /// IP destination, of the source's family.
  public var destination: IPAddress

  /// A frame to the group of VRRP routers.
  public init(source: IPAddress, hardwareSource: MACAddress) {
    self.hardwareSource = hardwareSource
    self.source = source
    destination = VRRPSocket.group(source.family)
    switch source.family {
    case .ipv4: hardwareDestination = MACAddress(bits: 0x0100_5E00_0012)
    case .ipv6: hardwareDestination = MACAddress(bits: 0x3333_0000_0012)
    }
  }

  /// Writes the frame that carries `message`, of at most 65515 octets, over what `frame` held.
  public func encode(_ message: Span<UInt8>, into frame: inout [UInt8]) {
    frame.removeAll(keepingCapacity: true)
    frame.append(hardwareDestination)
    frame.append(hardwareSource)
    switch source.family {
    case .ipv4: appendIPv4Header(length: 20 + message.count, to: &frame)
    case .ipv6: appendIPv6Header(length: message.count, to: &frame)
    }
    for index in message.indices { frame.append(message[index]) }
  }

  /// Service class CS6, not to be fragmented, and therefore without identification (RFC 6864 §4.1).
  private func appendIPv4Header(length: Int, to frame: inout [UInt8]) {
    frame += [0x08, 0x00]
    let start = frame.count
    frame += [0x45, 0xC0]
    frame.append(word: UInt16(length))
    frame += [0, 0, 0x40, 0]
    frame += [255, UInt8(VRRPSocket.protocolNumber), 0, 0]
    frame.append(source)
    frame.append(destination)
    var checksum = Checksum()
    checksum.add(frame.span.extracting(start..<frame.count))
    frame[start + 10] = UInt8(checksum.value >> 8)
    frame[start + 11] = UInt8(checksum.value & 255)
  }

  /// Traffic class CS6 and no flow label.
  private func appendIPv6Header(length: Int, to frame: inout [UInt8]) {
    frame += [0x86, 0xDD, 0x6C, 0, 0, 0]
    frame.append(word: UInt16(length))
    frame += [UInt8(VRRPSocket.protocolNumber), 255]
    frame.append(source)
    frame.append(destination)
  }
}
