import CLinux
import Glibc
import Internet

/// One instruction of a classic BPF program, which decides in the kernel what a socket receives.
public struct FilterInstruction: Hashable, Sendable {
  /// The operation, `BPF_*` (linux/filter.h).
  public var code: UInt16
  /// Instructions to skip if the comparison holds.
  public var jumpIfTrue: UInt8
  /// Instructions to skip if it does not.
  public var jumpIfFalse: UInt8
  /// The operand.
  public var operand: UInt32

  /// One instruction, in the order of `struct sock_filter`.
  public init(code: UInt16, jumpIfTrue: UInt8 = 0, jumpIfFalse: UInt8 = 0, operand: UInt32) {
    self.code = code
    self.jumpIfTrue = jumpIfTrue
    self.jumpIfFalse = jumpIfFalse
    self.operand = operand
  }
}

extension FilterInstruction {
  // Operations of linux/bpf_common.h: class | size | mode, and class | comparison | constant.
  static func loadByte(at offset: UInt32) -> Self { Self(code: 0x30, operand: offset) }
  static func loadHalfWord(at offset: UInt32) -> Self { Self(code: 0x28, operand: offset) }
  static func loadWord(at offset: UInt32) -> Self { Self(code: 0x20, operand: offset) }
  /// `PACKET_HOST`, `PACKET_BROADCAST` …, which the kernel keeps beside the frame.
  static let loadPacketType = Self(code: 0x30, operand: UInt32(bitPattern: SKF_AD_OFF + SKF_AD_PKTTYPE))
  /// 1 if the frame had a VLAN tag, which the kernel keeps beside it, else 0.
  static let loadTagPresence = Self(
    code: 0x30, operand: UInt32(bitPattern: SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT))
  /// That tag: priority and VLAN.
  static let loadTag = Self(code: 0x28, operand: UInt32(bitPattern: SKF_AD_OFF + SKF_AD_VLAN_TAG))
  /// Index of the link that the frame is on its way to, which may be stacked on the one that it came in by.
  static let loadLinkIndex = Self(code: 0x20, operand: UInt32(bitPattern: SKF_AD_OFF + SKF_AD_IFINDEX))
  static func mask(_ bits: UInt32) -> Self { Self(code: 0x54, operand: bits) }
  /// The length of what the socket would receive.
  static let loadLength = Self(code: 0x80, operand: 0)
  /// Puts the length of the IPv4 header that begins at `offset` into the index register.
  static func noteHeaderLength(at offset: UInt32) -> Self { Self(code: 0xB1, operand: offset) }
  /// The number itself.
  static func load(_ value: UInt32) -> Self { Self(code: 0x00, operand: value) }
  /// The number itself, into the index register.
  static func loadIndex(_ value: UInt32) -> Self { Self(code: 0x01, operand: value) }
  /// Copies what was loaded into the index register.
  static let moveToIndex = Self(code: 0x07, operand: 0)
  static func loadByte(behindIndex offset: UInt32) -> Self { Self(code: 0x50, operand: offset) }
  static func loadWord(behindIndex offset: UInt32) -> Self { Self(code: 0x40, operand: offset) }
  /// Where the netlink attribute is whose type is in the index register, from where the number that was loaded points
  /// to; 0 if there is none.
  static let findAttribute = Self(code: 0x20, operand: UInt32(bitPattern: SKF_AD_OFF + SKF_AD_NLATTR))
  static func jump(_ count: UInt32) -> Self { Self(code: 0x05, operand: count) }
  static func ifEqual(_ value: UInt32, skip count: UInt8) -> Self {
    Self(code: 0x15, jumpIfTrue: count, operand: value)
  }
  static func unlessEqual(_ value: UInt32, skip count: UInt8) -> Self {
    Self(code: 0x15, jumpIfFalse: count, operand: value)
  }
  static func unlessAtLeast(_ value: UInt32, skip count: UInt8) -> Self {
    Self(code: 0x35, jumpIfFalse: count, operand: value)
  }
  /// Lets the first `length` octets through.
  static func accept(_ length: UInt32) -> Self { Self(code: 0x06, operand: length) }
  static let drop = Self(code: 0x06, operand: 0)
}

extension IPAddress {
  /// As a program loads it, four octets at a time.
  var words: [UInt32] {
    switch self {
    case .ipv4(let address): [address.bits]
    case .ipv6(let address):
      [address.high >> 32, address.high & 0xFFFF_FFFF, address.low >> 32, address.low & 0xFFFF_FFFF]
        .map { UInt32($0) }
    }
  }

  /// Does `action` if all words are the address's; `load` loads the one at an offset from the first.
  func ifFound(_ load: (UInt32) -> FilterInstruction, then action: FilterInstruction) -> [FilterInstruction] {
    let words = words
    return words.enumerated().flatMap { index, word -> [FilterInstruction] in
      [load(4 * UInt32(index)), .unlessEqual(word, skip: UInt8(2 * (words.count - index) - 1))]
    } + [action]
  }
}

extension FilterInstruction {
  /// Lets the kernel drop what `filter` does not accept, in place of any earlier filter of `socket`.
  static func attach(_ filter: [FilterInstruction], to socket: Int32) throws(LinuxError) {
    var program = filter.map {
      sock_filter(code: $0.code, jt: $0.jumpIfTrue, jf: $0.jumpIfFalse, k: $0.operand)
    }
    let result = program.withUnsafeMutableBufferPointer { instructions in
      var description = sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
      let length = socklen_t(MemoryLayout<sock_fprog>.size)
      return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &description, length)
    }
    guard result == 0 else { throw LinuxError("filtering a socket", errno: errno) }
  }
}

extension Descriptor {
  /// Lets the kernel drop what `filter` does not accept, in place of any earlier filter.
  func attach(_ filter: [FilterInstruction]) throws(LinuxError) {
    try FilterInstruction.attach(filter, to: number)
  }
}
