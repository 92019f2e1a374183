/// An IPv6 address (RFC 4291).
public struct IPv6Address: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The first 64 bits, most significant octet first in the number.
  public let high: UInt64
  /// The last 64 bits.
  public let low: UInt64

  /// The address with these 128 bits.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The sixteen octets of `bytes` from `offset` on, which must be there.
  public init(_ bytes: Span<UInt8>, at offset: Int) {
    var (high, low): (UInt64, UInt64) = (0, 0)
    for index in 0..<8 { high = high << 8 | UInt64(bytes[offset + index]) }
    for index in 8..<16 { low = low << 8 | UInt64(bytes[offset + index]) }
    self.init(high: high, low: low)
  }

  /// Parses the text forms of RFC 4291 §2.2, as inet_pton(3) does; a zone index is none of them.
  public init?(_ text: some StringProtocol) {
    let colon = UInt8(ascii: ":")
    let bytes = Array(text.utf8)
    // "::" stands once for as many zero groups as are missing.
    let gap = bytes.indices.dropLast().first { bytes[$0] == colon && bytes[$0 + 1] == colon }
    guard let gap else {
      guard let groups = Self.groups(bytes[...]), groups.count == 8 else { return nil }
      self.init(groups: groups)
      return
    }
    guard let before = Self.groups(bytes[..<gap], mayEndInIPv4: false),
      let after = Self.groups(bytes[(gap + 2)...]), before.count + after.count < 8
    else { return nil }
    self.init(groups: before + Array(repeating: 0, count: 8 - before.count - after.count) + after)
  }

  private init(groups: [UInt16]) {
    var (high, low): (UInt64, UInt64) = (0, 0)
    for index in 0..<4 { high = high << 16 | UInt64(groups[index]) }
    for index in 4..<8 { low = low << 16 | UInt64(groups[index]) }
    self.init(high: high, low: low)
  }

  /// Groups of hexadecimal digits between colons, of which the last two may be a dotted quad.
  private static func groups(_ text: ArraySlice<UInt8>, mayEndInIPv4: Bool = true) -> [UInt16]? {
    if text.isEmpty { return [] }
    var groups: [UInt16] = []
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if mayEndInIPv4 && index == parts.count - 1 && part.contains(UInt8(ascii: ".")) {
        guard let quad = IPv4Address(String(decoding: part, as: UTF8.self)) else { return nil }
        groups += [UInt16(quad.bits >> 16), UInt16(quad.bits & 0xFFFF)]
      } else {
        guard (1...4).contains(part.count), let group = UInt16(hexadecimal: part) else { return nil }
        groups.append(group)
      }
    }
    return groups.count <= 8 ? groups : nil
  }

  /// The octet at `index` 0...15, in wire order.
  public subscript(index: Int) -> UInt8 {
    let half = index < 8 ? high : low
    return UInt8(truncatingIfNeeded: half >> UInt64(8 * (7 - index % 8)))
  }

  /// Unsigned comparison, as RFC 9568 §6.4.3 asks of the tie-break.
  public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }

  /// The canonical text of RFC 5952.
  public var description: String {
    let groups = (0..<8).map { UInt16(self[2 * $0]) << 8 | UInt16(self[2 * $0 + 1]) }
    // An IPv4-mapped address is written with a dotted quad (RFC 5952 §5), as the kernel's own tools do.
    if high == 0 && low >> 32 == 0xFFFF { return "::ffff:\(IPv4Address(bits: UInt32(low & 0xFFFF_FFFF)))" }
    let gap = Self.longestRunOfZeros(groups)
    func text(_ groups: ArraySlice<UInt16>) -> String {
      groups.map { String($0, radix: 16) }.joined(separator: ":")
    }
    guard let gap else { return text(groups[...]) }
    return text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
  }

  /// The first of the longest runs of at least two groups (RFC 5952 §4.2).
  private static func longestRunOfZeros(_ groups: [UInt16]) -> Range<Int>? {
    var longest: Range<Int>?
    var start = 0
    while start < groups.count {
      var end = start
      while end < groups.count && groups[end] == 0 { end += 1 }
      if end - start >= 2 && end - start > longest?.count ?? 0 { longest = start..<end }
      start = max(end, start + 1)
    }
    return longest
  }

  /// ::
  public static let any = IPv6Address(high: 0, low: 0)

  /// ff02::1
  public static let allNodes = IPv6Address(high: 0xFF02 << 48, low: 1)

  /// fe80::/10
  public var isLinkLocal: Bool { high >> 54 == 0xFE80 >> 6 }

  /// ff00::/8
  public var isMulticast: Bool { high >> 56 == 0xFF }

  /// Whether a host can have this address on an interface: not ::/127, multicast, or IPv4-mapped.
  public var isUsableByHost: Bool {
    !(high == 0 && (low <= 1 || low >> 32 == 0xFFFF)) && !isMulticast
  }

  /// The group whose members have an address that ends as this one does (RFC 4291 §2.7.1).
  public var solicitedNode: IPv6Address {
    IPv6Address(high: 0xFF02 << 48, low: 0x1_FF00_0000 | low & 0xFF_FFFF)
  }

  /// The Ethernet address of this multicast group (RFC 2464 §7).
  public var multicastHardware: MACAddress { MACAddress(bits: 0x3333_0000_0000 | low & 0xFFFF_FFFF) }
}

extension UInt16 {
  /// The value of one to four hexadecimal ASCII digits.
  fileprivate init?(hexadecimal digits: ArraySlice<UInt8>) {
    var value: UInt16 = 0
    for digit in digits {
      let nibble: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = digit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): nibble = digit - UInt8(ascii: "A") + 10
      default: return nil
      }
      value = value << 4 | UInt16(nibble)
    }
    self = value
  }
}
