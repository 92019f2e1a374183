public import Internet

extension VirtualRouter {
  /// Writes the VRRP message (without IP header) that carries `advertisement` over what `message` held.
  ///
  /// `source` and `destination` are what the IP header will say; a checksum with a pseudo-header covers them.
  /// Version 2 has no other interval than the virtual router's.
  public func encode(
    _ advertisement: Advertisement, from source: IPAddress, to destination: IPAddress,
    in dialect: Dialect = .standard, into message: inout [UInt8]
  ) {
    message.removeAll(keepingCapacity: true)
    message.append(version.rawValue << 4 | Advertisement.type)
    message.append(advertisement.virtualRouterID)
    message.append(advertisement.priority)
    let listed = listed(includingDerived: dialect.listsDerivedAddress)
    message.append(UInt8(listed.count))
    switch version {
    case .v3:
      // The upper four bits are reserved: zero on transmission (§5.2.6).
      message.append(word: advertisement.interval.centiseconds)
    case .v2:
      message.append(password == nil ? Authentication.none : Authentication.simpleText)
      message.append(UInt8(interval.centiseconds / 100))
    }
    message.append(word: 0)
    for address in listed { message.append(address) }
    if version == .v2 {
      message.append(contentsOf: password ?? Array(repeating: 0, count: Authentication.dataLength))
    }
    var checksum = Checksum()
    if hasPseudoHeader(dialect.checksum) {
      checksum.addPseudoHeader(
        from: source, to: destination, protocolNumber: Advertisement.ipProtocol, length: message.count)
    }
    checksum.add(message.span)
    message[6] = UInt8(checksum.value >> 8)
    message[7] = UInt8(truncatingIfNeeded: checksum.value)
  }

  /// RFC 5798 §5.2.8 has one in both families.
  private func hasPseudoHeader(_ form: ChecksumForm) -> Bool {
    version == .v3 && (family == .ipv6 || form == .rfc5798)
  }
}
