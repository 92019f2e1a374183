import CLinux
public import Internet

extension PacketSocket.FilterInstruction {
  // Operations of linux/bpf_common.h: class | size | mode, and class | comparison | constant.
  static func loadByte(at offset: UInt32) -> Self { Self(code: 0x30, operand: offset) }
  static func loadHalfWord(at offset: UInt32) -> Self { Self(code: 0x28, operand: offset) }
  static func loadWord(at offset: UInt32) -> Self { Self(code: 0x20, operand: offset) }
  /// `PACKET_HOST`, `PACKET_BROADCAST` …, which the kernel keeps beside the frame.
  static let loadPacketType = Self(code: 0x30, operand: UInt32(bitPattern: SKF_AD_OFF + SKF_AD_PKTTYPE))
  static func jump(_ count: UInt32) -> Self { Self(code: 0x05, operand: count) }
  static func ifEqual(_ value: UInt32, skip count: UInt8) -> Self {
    Self(code: 0x15, jumpIfTrue: count, operand: value)
  }
  static func unlessEqual(_ value: UInt32, skip count: UInt8) -> Self {
    Self(code: 0x15, jumpIfFalse: count, operand: value)
  }
  /// Lets the first `length` octets through.
  static func accept(_ length: UInt32) -> Self { Self(code: 0x06, operand: length) }
  static let drop = Self(code: 0x06, operand: 0)
}

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
}
