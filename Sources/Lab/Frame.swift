import CLab
import Glibc
package import Internet

/// Frames to inject, right or wrong as the test wants them.
package enum Frame {
  /// An ARP packet in an Ethernet frame.
  package static func arp(
    operation: UInt16, from source: MACAddress, sender: IPv4Address, to destination: MACAddress,
    targetHardware: MACAddress, target: IPv4Address
  ) -> [UInt8] {
    var frame = ethernet(from: source, to: destination, ethertype: 0x0806)
    frame += [0, 1, 8, 0, 6, 4]
    frame.appendNetworkOrder(operation)
    frame.append(source)
    frame.appendNetworkOrder(sender.bits)
    frame.append(targetHardware)
    frame.appendNetworkOrder(target.bits)
    return frame
  }

  /// The question by which a standby of `virtualRouterID` asks everybody for `target`, and is known.
  package static func standbysQuestion(
    virtualRouterID: UInt8, from source: MACAddress, sender: IPv4Address, target: IPv4Address
  ) -> [UInt8] {
    arp(
      operation: 1, from: source, sender: sender, to: .broadcast,
      targetHardware: MACAddress(bits: 0x0000_5E00_0100 | UInt64(virtualRouterID)), target: target)
  }

  /// `message` as VRRP's payload of an IPv4 packet to 224.0.0.18.
  package static func vrrp(
    _ message: [UInt8], from source: MACAddress, address: IPv4Address, timeToLive: UInt8 = 255
  ) -> [UInt8] {
    var header: [UInt8] = [0x45, 0xC0]
    header.appendNetworkOrder(UInt16(20 + message.count))
    header += [0, 0, 0, 0, timeToLive, 112, 0, 0]
    header.appendNetworkOrder(address.bits)
    header += [224, 0, 0, 18]
    var sum = Checksum()
    sum.add(header.span)
    header.replaceSubrange(10..<12, with: [UInt8(sum.value >> 8), UInt8(sum.value & 255)])
    let multicast = MACAddress(bits: 0x0100_5E00_0012)
    return ethernet(from: source, to: multicast, ethertype: 0x0800) + header + message
  }

  /// A VRRPv3 advertisement with a correct checksum, over the pseudo-header of RFC 5798 too, as deployed peers send
  /// it, or over the message alone, as RFC 9568 has it.
  package static func advertisement(
    virtualRouterID: UInt8, priority: UInt8, centiseconds: UInt16, addresses: [IPv4Address],
    source: IPv4Address, versionAndType: UInt8 = 0x31, coversPseudoHeader: Bool = true
  ) -> [UInt8] {
    var message: [UInt8] = [versionAndType, virtualRouterID, priority, UInt8(addresses.count)]
    message.appendNetworkOrder(centiseconds & 0xFFF)
    message += [0, 0]
    for address in addresses { message.appendNetworkOrder(address.bits) }
    var sum = Checksum()
    if coversPseudoHeader {
      sum.add(.ipv4(source))
      sum.add(.ipv4(IPv4Address(bits: 0xE000_0012)))
      sum.add(112)
      sum.add(UInt16(message.count))
    }
    sum.add(message.span)
    message.replaceSubrange(6..<8, with: [UInt8(sum.value >> 8), UInt8(sum.value & 255)])
    return message
  }

  private static func ethernet(
    from source: MACAddress, to destination: MACAddress, ethertype: UInt16
  ) -> [UInt8] {
    var frame: [UInt8] = []
    frame.append(destination)
    frame.append(source)
    frame.appendNetworkOrder(ethertype)
    return frame
  }
}
