package import Internet

extension Collection<UInt8> where Self: RandomAccessCollection, Index == Int {
  /// The number at `offset` from the first octet, in the machine's byte order.
  func load<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
    Number(littleEndian: loadOctets(type, at: offset, mostSignificantFirst: false))
  }

  /// The number at `offset` from the first octet, most significant octet first.
  func loadNetworkOrder<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
    loadOctets(type, at: offset, mostSignificantFirst: true)
  }

  private func loadOctets<Number: FixedWidthInteger>(
    _ type: Number.Type, at offset: Int, mostSignificantFirst: Bool
  ) -> Number {
    let size = Number.bitWidth / 8
    var value: Number = 0
    for position in 0..<size {
      let index = mostSignificantFirst ? position : size - 1 - position
      value = value &<< 8 | Number(truncatingIfNeeded: self[startIndex + offset + index])
    }
    return value
  }
}

extension [UInt8] {
  /// Puts `number` at `offset` in the machine's byte order.
  mutating func store(_ number: some FixedWidthInteger, at offset: Int) {
    Swift.withUnsafeBytes(of: number) { replaceSubrange(offset..<offset + $0.count, with: $0) }
  }

  /// Adds `number`, most significant octet first.
  package mutating func appendNetworkOrder(_ number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
  }

  /// Adds the six octets of `address`.
  package mutating func append(_ address: MACAddress) { for index in 0..<6 { append(address[index]) } }
}

extension MACAddress {
  /// The address of six octets; nil if they are not six.
  init?(octets: some Collection<UInt8>) {
    guard octets.count == 6 else { return nil }
    self.init(bits: octets.reduce(0) { $0 << 8 | UInt64($1) })
  }
}

extension IPAddress {
  /// The address of 4 or 16 octets in network order; nil if they are of another number.
  init?(octets: some Collection<UInt8>) {
    func number(_ octets: some Sequence<UInt8>) -> UInt64 { octets.reduce(0) { $0 << 8 | UInt64($1) } }
    switch octets.count {
    case 4: self = .ipv4(IPv4Address(bits: UInt32(number(octets))))
    case 16: self = .ipv6(IPv6Address(high: number(octets.prefix(8)), low: number(octets.dropFirst(8))))
    default: return nil
    }
  }
}
