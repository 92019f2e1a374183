import Internet
import VRRP

/// What must hold for every VRRP message, read by a virtual router of every kind.
enum VRRPProperties {
  /// How a virtual router's messages are written.
  struct Dialect: CaseIterable, Sendable {
    let version: ProtocolVersion
    let family: AddressFamily
    let form: ChecksumForm
    var password: [UInt8]?
    var isUnicast = false

    static let allCases = [
      Dialect(version: .v3, family: .ipv4, form: .rfc5798),
      Dialect(version: .v3, family: .ipv4, form: .rfc9568, isUnicast: true),
      Dialect(version: .v3, family: .ipv6, form: .rfc5798),
      Dialect(version: .v2, family: .ipv4, form: .rfc5798),
      Dialect(version: .v2, family: .ipv4, form: .rfc5798, password: Array("secret".utf8)),
    ]

    var source: IPAddress {
      family == .ipv4
        ? .ipv4(IPv4Address(bits: 0xC0A8_01D9)) : .ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x217))
    }

    var vip: IPAddress {
      family == .ipv4
        ? .ipv4(IPv4Address(bits: 0xC0A8_01DB)) : .ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x219))
    }

    var envelope: Envelope {
      Envelope(source: source, destination: Advertisement.group(family), timeToLive: isUnicast ? 3 : 255)
    }

    func router(
      id: UInt8 = 219, addresses: [IPAddress]? = nil, interval: AdvertisementInterval = .second
    ) -> VirtualRouter {
      VirtualRouter(
        id: id, addresses: addresses ?? [vip], version: version, interval: interval, password: password,
        unicastPeers: isUnicast ? [source] : nil)
    }
  }

  static func check(_ input: [UInt8]) throws(Violation) {
    for dialect in Dialect.allCases {
      // A VIP's router, as the bytes are.
      try check(input, dialect, dialect.router())
      // The router that they may be meant for, after what no mutation gets right.
      let repaired = repair(input, dialect)
      try check(repaired, dialect, meant(by: repaired, dialect))
    }
  }

  private static func check(
    _ message: [UInt8], _ dialect: Dialect, _ router: VirtualRouter
  ) throws(Violation) {
    let heard: ReceivedAdvertisement
    do throws(Discard) {
      heard = try router.decode(message.span, in: dialect.envelope)
    } catch {
      let isCARP = CARPAdvertisement(message.span) != nil
      try demand((error == .carp) == isCARP, "\(error), and CARP: \(isCARP)")
      return try demand(message.count >= 8 || error == .truncated, "\(message.count) octets: \(error)")
    }
    let advertisement = heard.advertisement
    try demand(advertisement.virtualRouterID == router.id, "another virtual router's")
    try demand(heard.sender == dialect.source, "another sender")
    try demand(advertisement.priority == message[2], "another priority")
    let listed = addresses(in: message, dialect)
    try demand(!listed.isEmpty && listed.count == Int(message[3]), "the list is cut short")
    try demand(
      heard.addressesMatch
        == (listed.count == router.addresses.count && router.addresses.allSatisfy(listed.contains)),
      "addressesMatch is \(heard.addressesMatch)")
    try checkRoundTrip(of: heard, message, listed, dialect)
  }

  /// What was understood, said again, is understood in the same way, and is what was there.
  private static func checkRoundTrip(
    of heard: ReceivedAdvertisement, _ message: [UInt8], _ listed: [IPAddress], _ dialect: Dialect
  ) throws(Violation) {
    let said = heard.advertisement
    let router = dialect.router(id: said.virtualRouterID, addresses: listed, interval: said.interval)
    let form = heard.checksum ?? dialect.form
    var again: [UInt8] = []
    let envelope = dialect.envelope
    router.encode(
      said, from: envelope.source, to: envelope.destination, in: VRRP.Dialect(checksum: form), into: &again)
    let expected = ReceivedAdvertisement(said, from: heard.sender, checksum: heard.checksum)
    let result = Result { () throws(Discard) in try router.decode(again.span, in: envelope) }
    try demand(result == .success(expected), "encoded again it is \(result)")
    // Reserved bits, what follows the list, and authentication data that nobody reads may differ.
    let isPlain = again.count == message.count && (dialect.version == .v2 || message[4] < 16)
    if isPlain && (dialect.version == .v3 || message.suffix(8) == again.suffix(8)) {
      try demand(again == message, "encoded again: \(again)")
    }
  }

  private static func meant(by message: [UInt8], _ dialect: Dialect) -> VirtualRouter {
    guard message.count >= 8 else { return dialect.router() }
    let seconds = AdvertisementInterval(centiseconds: Int(message[5]) * 100)
    return dialect.router(id: message[1], interval: seconds ?? .second)
  }

  private static func addresses(in message: [UInt8], _ dialect: Dialect) -> [IPAddress] {
    let width = dialect.family.width / 8
    let starts = (0..<Int(message[3])).map { 8 + width * $0 }
    return starts.filter { $0 + width <= message.count }.map {
      IPAddress(message.span, at: $0, dialect.family)
    }
  }

  /// `message` with version, type, password and checksum made right.
  static func repair(_ message: [UInt8], _ dialect: Dialect) -> [UInt8] {
    guard message.count >= 8 else { return message }
    var repaired = message
    repaired[0] = dialect.version.rawValue << 4 | 1
    if dialect.version == .v2 { repairAuthentication(&repaired, dialect) }
    (repaired[6], repaired[7]) = (0, 0)
    var checksum = Checksum()
    checksum.add(repaired.span)
    if dialect.version == .v3 && (dialect.family == .ipv6 || dialect.form == .rfc5798) {
      checksum.add(dialect.envelope.source)
      checksum.add(dialect.envelope.destination)
      checksum.add(UInt16(Advertisement.ipProtocol))
      checksum.add(UInt16(truncatingIfNeeded: repaired.count))
    }
    repaired[6] = UInt8(checksum.value >> 8)
    repaired[7] = UInt8(truncatingIfNeeded: checksum.value)
    return repaired
  }

  private static func repairAuthentication(_ message: inout [UInt8], _ dialect: Dialect) {
    message[4] = dialect.password == nil ? 0 : 1
    guard let password = dialect.router().password else { return }
    for (index, octet) in password.enumerated() {
      let place = 8 + 4 * Int(message[3]) + index
      if place < message.count { message[place] = octet }
    }
  }
}
