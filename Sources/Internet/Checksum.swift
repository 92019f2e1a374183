/// The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words.
public struct Checksum: Sendable {
  private var sum: UInt32 = 0

  /// A checksum of nothing yet.
  public init() {}

  /// Adds one 16-bit word.
  public mutating func add(_ word: UInt16) {
    sum += UInt32(word)
    sum = (sum & 0xFFFF) + (sum >> 16)
  }

  /// Adds `address` as two or eight words.
  public mutating func add(_ address: IPAddress) {
    for index in stride(from: 0, to: address.octetCount, by: 2) {
      add(UInt16(address[index]) << 8 | UInt16(address[index + 1]))
    }
  }

  /// Adds `bytes`, padded with one zero octet if their number is odd.
  public mutating func add(_ bytes: Span<UInt8>) {
    var index = 0
    while index + 1 < bytes.count {
      add(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]))
      index += 2
    }
    if index < bytes.count { add(UInt16(bytes[index]) << 8) }
  }

  /// Adds the pseudo-header of a message of `length` octets: addresses, length and protocol, as RFC 793 and
  /// RFC 8200 §8.1 have them; zero octets add nothing.
  public mutating func addPseudoHeader(
    from source: IPAddress, to destination: IPAddress, protocolNumber: UInt8, length: Int
  ) {
    add(source)
    add(destination)
    add(UInt16(protocolNumber))
    add(UInt16(truncatingIfNeeded: length))
  }

  /// What goes into the packet; 0 when what was added held a correct checksum.
  public var value: UInt16 { ~UInt16(truncatingIfNeeded: sum) }
}
