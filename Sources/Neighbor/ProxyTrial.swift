public import Internet

/// Asks a station for addresses that nobody should have: one that answers for all of them is a proxy (proxy ARP,
/// RFC 1027; a proxy for neighbour discovery, RFC 4389), and its answer for the VIP says nothing about an owner.
///
/// The questions go to the station's own hardware address, so that their owners, if there are any, do not answer.
public struct ProxyTrial: Hashable, Sendable {
  /// How many addresses are tried. A station that really has many of the subnet's addresses has all of these by a
  /// chance of less than one in a hundred, even if a fifth of the subnet is its own.
  public static let count = 3
  /// Of a subnet that has not even two free addresses nothing can be said.
  private static let leastCount = 2

  /// Whom the questions go to.
  public let station: MACAddress
  /// What to ask it for; fewer than `count` in a subnet that is full.
  public let questions: [IPAddress]
  /// Those that it did not answer for yet: to ask again, in case that a frame was lost.
  public private(set) var unanswered: [IPAddress]

  /// A trial of `station` with addresses of `subnet` other than `known`: the VIP, the host's own, the peers', the
  /// gateway's. The same `seed` draws the same addresses.
  public init(of station: MACAddress, in subnet: IPNetwork, avoiding known: [IPAddress], seed: UInt64) {
    self.station = station
    questions = Self.draw(in: subnet, avoiding: known + [subnet.address], seed: seed)
    unanswered = questions
  }

  /// `hardware` answered for `address`. Returns whether that was an answer to one of the questions.
  @discardableResult
  public mutating func hear(_ hardware: MACAddress, for address: IPAddress) -> Bool {
    guard hardware == station, questions.contains(address) else { return false }
    unanswered.removeAll { $0 == address }
    return true
  }

  /// Whether the station answered for every address that it was asked for.
  public var isProxy: Bool { questions.count >= Self.leastCount && unanswered.isEmpty }

  private static func draw(in subnet: IPNetwork, avoiding known: [IPAddress], seed: UInt64) -> [IPAddress] {
    var random = SplitMix64(state: seed)
    var drawn: [IPAddress] = []
    // In a small subnet most draws are in vain; in one without free addresses all of them.
    for _ in 0..<256 where drawn.count < count {
      let address = subnet.host(random.next())
      if subnet.hasHost(address) && !known.contains(address) && !drawn.contains(address) {
        drawn.append(address)
      }
    }
    return drawn
  }
}

extension IPNetwork {
  /// The address with the host part `bits`. Of an IPv6 address the network part is at least 64 bits (RFC 4291 §2.5.1).
  fileprivate func host(_ bits: UInt64) -> IPAddress {
    switch address {
    case .ipv4(let address):
      let mask = prefixLength == 32 ? 0 : UInt32.max >> UInt32(prefixLength)
      return .ipv4(IPv4Address(bits: address.bits & ~mask | UInt32(truncatingIfNeeded: bits) & mask))
    case .ipv6(let address):
      let length = max(prefixLength, 64)
      let mask = length == 128 ? 0 : UInt64.max >> UInt64(length - 64)
      return .ipv6(IPv6Address(high: address.high, low: address.low & ~mask | bits & mask))
    }
  }

  /// Whether a host may have `other`: it names neither the subnet, nor all of its hosts or routers.
  fileprivate func hasHost(_ other: IPAddress) -> Bool {
    let isPair = prefixLength == address.family.width - 1
    return other.isUsableByHost && (isPair || other != subnet) && other.ipv4.map { $0 != broadcast } ?? true
  }
}
