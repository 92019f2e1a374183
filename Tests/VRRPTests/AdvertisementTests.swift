import Internet
import Testing
import VRRP

/// VRID 219, priority 100, 100 ms, 192.168.1.219, from 192.168.1.217 to 224.0.0.18.
private let golden: [UInt8] = [
  0x31, 219, 100, 1, 0x00, 0x0A, 0x04, 0x85,
  192, 168, 1, 219,
]
private let vip = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DB))
private let source = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01D9))
private let group = Advertisement.group(.ipv4)
private let envelope = Envelope(source: source, destination: group, timeToLive: 255)
private let router = VirtualRouter(id: 219, addresses: [vip], interval: .standard)

private func decode(
  _ bytes: [UInt8], in envelope: Envelope = envelope, by router: VirtualRouter = router
) throws(Discard) -> ReceivedAdvertisement {
  try router.decode(bytes.span, in: envelope)
}

/// What `router` sends to the group.
private func encoded(
  _ advertisement: Advertisement, by router: VirtualRouter = router, checksum: ChecksumForm = .rfc9568
) -> [UInt8] {
  var message: [UInt8] = [1, 2, 3]
  router.encode(advertisement, from: source, to: group, in: Dialect(checksum: checksum), into: &message)
  return message
}

/// `bytes` with some replaced and the checksum made right again (RFC 9568 form).
private func altered(_ changes: [Int: UInt8], from bytes: [UInt8] = golden) -> [UInt8] {
  var result = bytes
  for (index, value) in changes { result[index] = value }
  result[6] = 0
  result[7] = 0
  var checksum = Checksum()
  checksum.add(result.span)
  result[6] = UInt8(checksum.value >> 8)
  result[7] = UInt8(truncatingIfNeeded: checksum.value)
  return result
}

@Suite struct AdvertisementTests {
  private let advertisement = Advertisement(virtualRouterID: 219, priority: 100, interval: .standard)

  @Test(arguments: ChecksumForm.allCases)
  func roundTrip(form: ChecksumForm) throws {
    let received = try decode(encoded(advertisement, checksum: form))
    #expect(received == ReceivedAdvertisement(advertisement, from: source, checksum: form))
  }

  @Test func bytesAreExact() {
    #expect(encoded(advertisement, checksum: .rfc5798) == golden)
  }

  @Test func everyFieldSurvives() throws {
    for priority in UInt8.min...UInt8.max {
      for centiseconds in [1, 255, 256, 4095] {
        let sent = Advertisement(
          virtualRouterID: 219, priority: priority,
          interval: try #require(AdvertisementInterval(centiseconds: centiseconds)))
        #expect(try decode(encoded(sent)).advertisement == sent)
      }
    }
  }

  @Test func everyFlippedBitBreaksTheChecksum() {
    for index in golden.indices where index != 0 {
      for bit in 0..<8 {
        var bytes = golden
        bytes[index] ^= 1 << UInt8(bit)
        #expect(throws: Discard.checksum) { try decode(bytes) }
      }
    }
  }

  /// As OpenBSD sends it every second: vhid 219, advskew 100, advbase 1; then counter and HMAC.
  private static let carp: [UInt8] = [0x21, 219, 100, 7, 0, 1, 0x9A, 0x3C] + (0..<28).map { 0xA5 ^ $0 }

  @Test func carpIsNamed() throws {
    #expect(CARPAdvertisement(Self.carp.span)?.virtualHostID == 219)
    var (version2, unicast) = (router, router)
    version2.version = .v2
    version2.interval = .second
    unicast.unicastPeers = [source]
    for router in [router, version2, unicast] {
      // Whether its checksum happens to be right for VRRP, too, or not.
      #expect(throws: Discard.carp) { try decode(Self.carp, by: router) }
      #expect(throws: Discard.carp) { try decode(altered([:], from: Self.carp), by: router) }
    }
    #expect(throws: Discard.truncated) { try decode(Array(Self.carp.prefix(7))) }
    #expect(throws: Discard.version) { try decode(Array(Self.carp.dropLast())) }
    #expect(throws: Discard.timeToLive) {
      try decode(Self.carp, in: Envelope(source: source, destination: group, timeToLive: 254))
    }
  }

  /// No message of VRRP is taken for CARP, however many addresses it lists.
  @Test(arguments: 1...20)
  func vrrpIsNoCARP(count: Int) throws {
    let addresses = (0..<UInt32(count)).map { IPAddress.ipv4(IPv4Address(bits: 0xC0A8_0100 + $0)) }
    for version in ProtocolVersion.allCases {
      let many = VirtualRouter(
        id: 219, addresses: addresses, version: version, interval: .second,
        password: version == .v2 ? Array("secret".utf8) : nil)
      let said = Advertisement(virtualRouterID: 219, priority: 100, interval: .second)
      let message = encoded(said, by: many)
      #expect(CARPAdvertisement(message.span) == nil)
      #expect(try decode(message, by: many).advertisement == said)
    }
  }

  @Test func checksumWithAnotherHostsPseudoHeaderIsWrong() {
    var other = envelope
    other.source = .ipv4(IPv4Address(bits: 0xC0A8_01DA))
    #expect(throws: Discard.checksum) { try decode(golden, in: other) }
  }

  @Test func addressListsAreComparedAsSets() throws {
    let second = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DC))
    var (both, other, reversed) = (router, router, router)
    both.addresses = [vip, second]
    reversed.addresses = [second, vip]
    other.addresses = [second]
    let message = encoded(advertisement, by: reversed)
    #expect(try decode(message, by: both).addressesMatch)
    #expect(try !decode(message).addressesMatch)
    #expect(try !decode(golden, by: other).addressesMatch)
  }

  @Test func noByteStringTraps() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let length = Int.random(in: 0...64, using: &random)
      var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      if length >= 8 && Bool.random(using: &random) {
        bytes[0] = 0x31
        bytes[1] = 219
        bytes = altered([:], from: bytes)
      }
      // Whatever it is: an answer, not a trap, and never another virtual router's.
      if let received = try? decode(bytes) {
        #expect(received.advertisement.virtualRouterID == 219)
        #expect(bytes.count >= 8 + 4 * Int(bytes[3]))
      }
    }
  }
}

@Suite struct AdvertisementIntervalTests {
  @Test func onlyTwelveBitsOfWholeCentiseconds() {
    #expect(AdvertisementInterval(centiseconds: 0) == nil)
    #expect(AdvertisementInterval(centiseconds: 4096) == nil)
    #expect(AdvertisementInterval(exactly: .milliseconds(15)) == nil)
    #expect(AdvertisementInterval(exactly: .milliseconds(40_960)) == nil)
    #expect(AdvertisementInterval(exactly: .zero) == nil)
    #expect(AdvertisementInterval(exactly: .milliseconds(40_950))?.centiseconds == 4095)
    #expect(AdvertisementInterval(exactly: .milliseconds(100)) == .standard)
  }
}

/// A link-local address that no configuration names: RFC 9568 demands it, keepalived knows nothing of it.
@Suite struct DerivedAddressTests {
  private let vip6 = IPAddress.ipv6(IPv6Address(high: 0xFD00 << 48, low: 0x219))
  private let source6 = IPAddress.ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x217))
  private let advertisement = Advertisement(virtualRouterID: 219, priority: 100, interval: .standard)

  private func router(hasDerivedAddress: Bool) -> VirtualRouter {
    VirtualRouter(
      id: 219, addresses: [.ipv6(VirtualRouter.linkLocalAddress(id: 219)), vip6],
      hasDerivedAddress: hasDerivedAddress, interval: .standard)
  }

  private func exchange(
    _ dialect: Dialect, from sender: VirtualRouter, to receiver: VirtualRouter
  ) throws -> ReceivedAdvertisement {
    var message: [UInt8] = []
    let group = Advertisement.group(.ipv6)
    sender.encode(advertisement, from: source6, to: group, in: dialect, into: &message)
    #expect(message.count == 8 + 16 * Int(message[3]))
    return try receiver.decode(
      message.span, in: Envelope(source: source6, destination: group, timeToLive: 255))
  }

  @Test(arguments: [true, false])
  func itIsHeardWhetherTheOthersListIt(isListed: Bool) throws {
    let own = router(hasDerivedAddress: true)
    let dialect = Dialect(checksum: .rfc5798, listsDerivedAddress: isListed)
    let heard = try exchange(dialect, from: own, to: own)
    #expect(heard.addressesMatch && heard.listsDerivedAddress == isListed && heard.checksum == nil)
  }

  @Test func aConfiguredOneIsAlwaysListed() throws {
    let own = router(hasDerivedAddress: false)
    let dialect = Dialect(checksum: .rfc5798, listsDerivedAddress: false)
    let heard = try exchange(dialect, from: own, to: own)
    #expect(heard.addressesMatch && heard.listsDerivedAddress == nil)
  }

  @Test func anotherListIsNoDialect() throws {
    var other = router(hasDerivedAddress: true)
    other.addresses = [vip6]
    other.hasDerivedAddress = false
    other.addresses = [.ipv6(IPv6Address(high: 0xFD00 << 48, low: 0x220))]
    let heard = try exchange(.standard, from: other, to: router(hasDerivedAddress: true))
    #expect(!heard.addressesMatch && heard.listsDerivedAddress == nil)
  }
}
