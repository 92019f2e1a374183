public import Internet

/// An Advertisement that passed every check of RFC 9568 §7.1.
public struct ReceivedAdvertisement: Hashable, Sendable {
  /// What it says.
  public let advertisement: Advertisement
  /// The sender's primary address; over IPv6 its link-local one.
  public let sender: IPAddress
  /// How its sender forms the checksum of version 3 over IPv4; nil where there is no choice.
  public let checksum: ChecksumForm?
  /// Whether it lists the same addresses as we do, in any order. A mismatch is worth a log line, never a
  /// reason to discard (§7.1).
  public let addressesMatch: Bool
  /// Whether it lists our derived address; nil where we have none, or it lists something else altogether.
  public let listsDerivedAddress: Bool?

  /// What a decoder found; tests and the simulator make them up.
  public init(
    _ advertisement: Advertisement, from sender: IPAddress, checksum: ChecksumForm? = .rfc5798,
    addressesMatch: Bool = true, listsDerivedAddress: Bool? = nil
  ) {
    self.advertisement = advertisement
    self.sender = sender
    self.checksum = checksum
    self.addressesMatch = addressesMatch
    self.listsDerivedAddress = listsDerivedAddress
  }
}

extension VirtualRouter {
  /// Checks and decodes the VRRP `message` of the packet whose IP header is `envelope`.
  ///
  /// - Throws: why the packet must be discarded, in the order of RFC 9568 §7.1.
  public func decode(
    _ message: Span<UInt8>, in envelope: Envelope
  ) throws(Discard) -> ReceivedAdvertisement {
    try checkOrigin(envelope)
    guard message.count >= Advertisement.headerLength else { throw .truncated }
    guard CARPAdvertisement(message) == nil else { throw .carp }
    guard message[0] >> 4 == version.rawValue else { throw .version }
    guard message[0] & 15 == Advertisement.type else { throw .type }
    let checksum = try checksumForm(of: message, in: envelope)
    guard message[1] == id else { throw .virtualRouterID }
    let count = Int(message[3])
    guard count > 0 else { throw .addressCount }
    let width = family.width / 8
    let listEnd = Advertisement.headerLength + width * count
    guard message.count >= listEnd else { throw .truncated }
    let heard =
      switch version {
      case .v3: try intervalOfVersion3(message)
      case .v2: try intervalOfVersion2(message, authenticationAt: listEnd)
      }
    let listsDerived = [true, false].first { isList(in: message, count, listed(includingDerived: $0)) }
    return ReceivedAdvertisement(
      Advertisement(virtualRouterID: id, priority: message[2], interval: heard),
      from: envelope.source, checksum: checksum, addressesMatch: listsDerived != nil,
      listsDerivedAddress: hasDerivedAddress ? listsDerived : nil)
  }

  /// Whether the `count` addresses in `message` are `ours`, in any order.
  private func isList(in message: Span<UInt8>, _ count: Int, _ ours: ArraySlice<IPAddress>) -> Bool {
    guard count == ours.count else { return false }
    // Mostly in our own order, too.
    if (0..<count).allSatisfy({ ours[ours.startIndex + $0] == address($0, in: message) }) { return true }
    return Set((0..<count).map { address($0, in: message) }) == Set(ours)
  }

  private func address(_ place: Int, in message: Span<UInt8>) -> IPAddress {
    IPAddress(message, at: Advertisement.headerLength + family.width / 8 * place, family)
  }

  private func checkOrigin(_ envelope: Envelope) throws(Discard) {
    guard let unicastPeers else {
      guard envelope.timeToLive == Advertisement.timeToLive else { throw .timeToLive }
      return
    }
    // Peers may be behind routers, so that the TTL proves nothing: their addresses must.
    guard unicastPeers.contains(envelope.source) else { throw .source }
  }

  private func intervalOfVersion3(_ message: Span<UInt8>) throws(Discard) -> AdvertisementInterval {
    // The upper four bits are reserved: ignored on reception (§5.2.6).
    let centiseconds = Int(message[4] & 15) << 8 | Int(message[5])
    guard let interval = AdvertisementInterval(centiseconds: centiseconds) else { throw .interval }
    return interval
  }

  /// The interval, which must be ours, after the authentication data at `offset` was found to be right.
  private func intervalOfVersion2(
    _ message: Span<UInt8>, authenticationAt offset: Int
  ) throws(Discard) -> AdvertisementInterval {
    guard message.count >= offset + Authentication.dataLength else { throw .truncated }
    guard message[4] == (password == nil ? Authentication.none : Authentication.simpleText) else {
      throw .authentication
    }
    if let password {
      let isRight = password.indices.allSatisfy { message[offset + $0] == password[$0] }
      guard isRight else { throw .authentication }
    }
    guard Int(message[5]) * 100 == Int(interval.centiseconds) else { throw .interval }
    return interval
  }

  /// The form in which the checksum of `message` is right; nil where there is only one.
  private func checksumForm(
    of message: Span<UInt8>, in envelope: Envelope
  ) throws(Discard) -> ChecksumForm? {
    var checksum = Checksum()
    checksum.add(message)
    let isRightAlone = checksum.value == 0
    checksum.addPseudoHeader(
      from: envelope.source, to: envelope.destination, protocolNumber: Advertisement.ipProtocol,
      length: message.count)
    let isRightWithPseudoHeader = checksum.value == 0
    switch (version, family) {
    case (.v2, _):
      guard isRightAlone else { throw .checksum }
      return nil
    case (.v3, .ipv6):
      guard isRightWithPseudoHeader else { throw .checksum }
      return nil
    case (.v3, .ipv4):
      guard isRightAlone || isRightWithPseudoHeader else { throw .checksum }
      return isRightAlone ? .rfc9568 : .rfc5798
    }
  }
}
