import CLinux
public import Internet

extension PacketSocket {
  /// Accepts ARP frames that were sent to this host alone, those whose sender address is one of `addresses`,
  /// and those whose target hardware address is `mark`: broadcast questions of others, the bulk of ARP on a
  /// large segment, stay outside.
  public static func arpFilter(senders addresses: [UInt32], mark: MACAddress) -> [FilterInstruction] {
    var program: [FilterInstruction] = [
      .loadPacketType, .unlessEqual(UInt32(PACKET_HOST), skip: 1), .accept(60),
      .loadWord(at: 32), .unlessEqual(UInt32(mark.bits >> 16), skip: 3),
      .loadHalfWord(at: 36), .unlessEqual(UInt32(mark.bits & 0xFFFF), skip: 1), .accept(60),
      .loadWord(at: 28),
    ]
    for address in addresses { program += [.unlessEqual(address, skip: 1), .accept(60)] }
    return program + [.drop]
  }

  /// Accepts neighbour solicitations and advertisements (RFC 4861) of IPv6 that were sent to this host alone,
  /// advertisements of one of `targets`, and solicitations whose nonce is `mark`.
  ///
  /// A marked solicitation has two options: the source link-layer address, then the nonce
  /// (RFC 3971 §5.3.2), which kernels ignore.
  public static func neighborFilter(targets: [IPv6Address], mark: MACAddress) -> [FilterInstruction] {
    let (icmp, solicitation, advertisement): (UInt32, UInt32, UInt32) = (58, 135, 136)
    var program: [FilterInstruction] = [
      .loadByte(at: 20), .ifEqual(icmp, skip: 1), .drop,
      .loadByte(at: 54), .ifEqual(solicitation, skip: 2), .ifEqual(advertisement, skip: 1), .drop,
      .loadPacketType, .unlessEqual(UInt32(PACKET_HOST), skip: 1), .accept(256),
      .loadByte(at: 54), .ifEqual(advertisement, skip: 8),
      // Nonce option of two units of eight octets, which begins with the mark.
      .loadHalfWord(at: 86), .unlessEqual(14 << 8 | 2, skip: 4),
      .loadWord(at: 88), .unlessEqual(UInt32(mark.bits >> 16), skip: 2),
      .loadHalfWord(at: 92), .ifEqual(UInt32(mark.bits & 0xFFFF), skip: 1), .drop, .accept(256),
    ]
    for target in targets {
      program += [
        .loadWord(at: 62), .unlessEqual(UInt32(target.high >> 32), skip: 7),
        .loadWord(at: 66), .unlessEqual(UInt32(target.high & 0xFFFF_FFFF), skip: 5),
        .loadWord(at: 70), .unlessEqual(UInt32(target.low >> 32), skip: 3),
        .loadWord(at: 74), .unlessEqual(UInt32(target.low & 0xFFFF_FFFF), skip: 1), .accept(256),
      ]
    }
    return program + [.drop]
  }
}
