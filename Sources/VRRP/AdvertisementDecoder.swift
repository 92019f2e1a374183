public import Internet

/// An Advertisement that passed every check of RFC 9568 §7.1.
public struct ReceivedAdvertisement: Hashable, Sendable {
  /// What it says.
  public let advertisement: Advertisement
  /// The sender's primary address.
  public let sender: IPv4Address
  /// How its sender forms the checksum.
  public let checksum: ChecksumForm
  /// Whether it lists the same addresses as we do, in any order. A mismatch is worth a log line, never a
  /// reason to discard (§7.1).
  public let addressesMatch: Bool

  /// What a decoder found; tests and the simulator make them up.
  public init(
    _ advertisement: Advertisement, from sender: IPv4Address, checksum: ChecksumForm = .rfc5798,
    addressesMatch: Bool = true
  ) {
    self.advertisement = advertisement
    self.sender = sender
    self.checksum = checksum
    self.addressesMatch = addressesMatch
  }

  /// Checks and decodes the VRRP `message` of the packet whose IP header is `envelope`.
  ///
  /// - Throws: why the packet must be discarded, in the order of RFC 9568 §7.1.
  public init(
    decoding message: Span<UInt8>, in envelope: Envelope, virtualRouterID: UInt8, addresses: [IPv4Address]
  ) throws(Discard) {
    guard envelope.timeToLive == Advertisement.timeToLive else { throw .timeToLive }
    guard message.count >= Advertisement.headerLength else { throw .truncated }
    guard message[0] >> 4 == Advertisement.version else { throw .version }
    guard message[0] & 15 == Advertisement.type else { throw .type }
    guard let checksum = ChecksumForm(of: message, in: envelope) else { throw .checksum }
    guard message[1] == virtualRouterID else { throw .virtualRouterID }
    let count = Int(message[3])
    guard count > 0 else { throw .addressCount }
    guard message.count >= Advertisement.headerLength + 4 * count else { throw .truncated }
    // The upper four bits are reserved: ignored on reception (§5.2.6).
    let centiseconds = Int(message[4] & 15) << 8 | Int(message[5])
    guard let interval = AdvertisementInterval(centiseconds: centiseconds) else { throw .interval }
    self.init(
      Advertisement(virtualRouterID: virtualRouterID, priority: message[2], interval: interval),
      from: envelope.source, checksum: checksum,
      addressesMatch: Self.lists(exactly: addresses, message, count: count))
  }

  private static func lists(exactly addresses: [IPv4Address], _ message: Span<UInt8>, count: Int) -> Bool {
    guard count == addresses.count else { return false }
    return addresses.allSatisfy { address in
      (0..<count).contains { IPv4Address(message, at: Advertisement.headerLength + 4 * $0) == address }
    }
  }
}

extension ChecksumForm {
  /// The form in which the checksum of `message` is right; nil if it is in none.
  init?(of message: Span<UInt8>, in envelope: Envelope) {
    var checksum = Checksum()
    checksum.add(message)
    if checksum.value == 0 {
      self = .rfc9568
      return
    }
    checksum.addPseudoHeader(from: envelope.source, to: envelope.destination, length: message.count)
    guard checksum.value == 0 else { return nil }
    self = .rfc5798
  }
}
