/// Packets are written octet by octet, in network byte order.
extension [UInt8] {
  /// Appends the six octets of `address`.
  public mutating func append(_ address: MACAddress) {
    for index in 0..<6 { append(address[index]) }
  }

  /// Appends the octets of `address`.
  public mutating func append(_ address: IPAddress) {
    for index in 0..<address.octetCount { append(address[index]) }
  }

  /// Appends `word`, the more significant octet first.
  public mutating func append(word: UInt16) {
    append(UInt8(word >> 8))
    append(UInt8(truncatingIfNeeded: word))
  }
}
