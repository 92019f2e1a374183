public import Internet

extension Advertisement {
  /// Writes the VRRP message (without IP header) that lists `addresses` over what `message` held.
  ///
  /// `source` and `destination` are what the IP header will say; a checksum in the form of RFC 5798
  /// covers them.
  public func encode(
    addresses: [IPv4Address], from source: IPv4Address, to destination: IPv4Address = group,
    checksum form: ChecksumForm, into message: inout [UInt8]
  ) {
    message.removeAll(keepingCapacity: true)
    message.append(Self.version << 4 | Self.type)
    message.append(virtualRouterID)
    message.append(priority)
    message.append(UInt8(addresses.count))
    // The upper four bits are reserved: zero on transmission (§5.2.6).
    message.append(UInt8(interval.centiseconds >> 8))
    message.append(UInt8(truncatingIfNeeded: interval.centiseconds))
    message.append(0)
    message.append(0)
    for address in addresses {
      for shift: UInt32 in [24, 16, 8, 0] {
        message.append(UInt8(truncatingIfNeeded: address.bits >> shift))
      }
    }
    var checksum = Checksum()
    if form == .rfc5798 {
      checksum.addPseudoHeader(from: source, to: destination, length: message.count)
    }
    checksum.add(message.span)
    message[6] = UInt8(checksum.value >> 8)
    message[7] = UInt8(truncatingIfNeeded: checksum.value)
  }
}

extension Checksum {
  /// The pseudo-header of RFC 5798 §5.2.8, as RFC 793 has it: addresses, zero, protocol, length.
  mutating func addPseudoHeader(from source: IPv4Address, to destination: IPv4Address, length: Int) {
    add(source)
    add(destination)
    add(UInt16(Advertisement.ipProtocol))
    add(UInt16(truncatingIfNeeded: length))
  }
}
