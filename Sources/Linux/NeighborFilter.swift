import CLinux
public import Internet

extension PacketSocket {
  /// Accepts ARP frames whose sender address is one of `addresses`, or whose target hardware address is `mark`, and
  /// answers to this host alone that come from one of `answerers` (nil: from anybody) or are for one of `addresses`.
  /// Everything else, the bulk of ARP on a large segment and what other instances ask and are answered, stays outside.
  public static func arpFilter(
    for addresses: [IPv4Address], answerers: [IPv4Address]?, mark: MACAddress
  ) -> [FilterInstruction] {
    let (operation, sender, targetHardware, target): (UInt32, UInt32, UInt32, UInt32) = (20, 28, 32, 38)
    let accept = FilterInstruction.accept(60)
    func ifAmong(_ addresses: [IPv4Address]) -> [FilterInstruction] {
      addresses.flatMap { [.unlessEqual($0.bits, skip: 1), accept] }
    }
    let marked: [FilterInstruction] = [
      .loadWord(at: targetHardware), .unlessEqual(UInt32(mark.bits >> 16), skip: 3),
      .loadHalfWord(at: targetHardware + 4), .unlessEqual(UInt32(mark.bits & 0xFFFF), skip: 1), accept,
    ]
    let answers: [FilterInstruction] = [
      .loadHalfWord(at: operation), .ifEqual(2, skip: 1), .drop,
      .loadPacketType, .ifEqual(UInt32(PACKET_HOST), skip: 1), .drop,
    ]
    let heard = marked + [.loadWord(at: sender)] + ifAmong(addresses) + answers
    guard let answerers else { return heard + [accept] }
    return heard + [.loadWord(at: sender)] + ifAmong(answerers) + [.loadWord(at: target)] + ifAmong(addresses)
      + [.drop]
  }

  /// Accepts, of IPv6, neighbour advertisements (RFC 4861) of one of `addresses`, solicitations whose nonce is `mark`, and
  /// advertisements to this host alone that are of one of `answerers` (nil: of anybody) or for one of `addresses`.
  ///
  /// A marked solicitation has two options: the source link-layer address, then the nonce
  /// (RFC 3971 §5.3.2), which kernels ignore.
  public static func neighborFilter(
    for addresses: [IPv6Address], answerers: [IPv6Address]?, mark: MACAddress
  ) -> [FilterInstruction] {
    let (icmp, solicitation, advertisement): (UInt32, UInt32, UInt32) = (58, 135, 136)
    let (destination, target): (UInt32, UInt32) = (38, 62)
    func ifAmong(_ addresses: [IPv6Address], at offset: UInt32) -> [FilterInstruction] {
      addresses.flatMap { address in
        IPAddress.ipv6(address).ifFound({ .loadWord(at: offset + $0) }, then: .accept(256))
      }
    }
    let marked: [FilterInstruction] = [
      // Nonce option of two units of eight octets, which begins with the mark.
      .loadHalfWord(at: 86), .unlessEqual(14 << 8 | 2, skip: 4),
      .loadWord(at: 88), .unlessEqual(UInt32(mark.bits >> 16), skip: 2),
      .loadHalfWord(at: 92), .ifEqual(UInt32(mark.bits & 0xFFFF), skip: 1), .drop, .accept(256),
    ]
    let kinds: [FilterInstruction] = [
      .loadByte(at: 20), .ifEqual(icmp, skip: 1), .drop,
      .loadByte(at: 54), .ifEqual(advertisement, skip: UInt8(marked.count + 2)),
      .ifEqual(solicitation, skip: 1), .drop,
    ]
    let answers: [FilterInstruction] = [.loadPacketType, .ifEqual(UInt32(PACKET_HOST), skip: 1), .drop]
    let heard = kinds + marked + ifAmong(addresses, at: target) + answers
    guard let answerers else { return heard + [.accept(256)] }
    return heard + ifAmong(answerers, at: target) + ifAmong(addresses, at: destination) + [.drop]
  }
}
