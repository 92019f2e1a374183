import Internet

/// Who is plugged into the switch. A station's number is its port.
enum Station {
  /// Hosts are 0..<5.
  static let maxHosts = 5
  static let gateway = 5
  /// Two clients, 6 and 7.
  static let firstClient = 6
  /// Has the VIP without speaking VRRP.
  static let stranger = 8
  /// Only broadcasts now and then.
  static let bystander = 9
  /// Says what is not so.
  static let forger = 10
  static let count = 11

  private static let names = [
    "h1", "h2", "h3", "h4", "h5", "gw", "c1", "c2", "stranger", "bystander", "forger",
  ]

  static func name(_ station: Int) -> String { names[station] }

  static func number(_ name: some StringProtocol) -> Int? { names.firstIndex { $0 == name } }

  // MARK: Hardware addresses

  private static let firstHardware: UInt64 = 0x0200_0000_0100
  /// What a network card that is replaced has.
  private static let secondHardware: UInt64 = 0x0200_0000_0200

  static func hardware(_ station: Int, card: Int = 0) -> MACAddress {
    MACAddress(bits: (card == 0 ? firstHardware : secondHardware) + UInt64(station))
  }

  /// Whose hardware address it is, or was.
  static func number(_ hardware: MACAddress) -> Int? {
    let offset = Int(truncatingIfNeeded: (hardware.bits & ~0x300) &- (firstHardware & ~0x300))
    return (0..<count).contains(offset) ? offset : nil
  }

  // MARK: Addresses

  /// 192.168.1.11 and so on; the gateway is .1. The link-local addresses descend, so that the two families
  /// would break ties in opposite ways.
  static func address(_ station: Int, _ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: .ipv4(IPv4Address(bits: station == gateway ? 0xC0A8_0101 : 0xC0A8_010B + UInt32(station)))
    case .ipv6: .ipv6(IPv6Address(high: linkLocal, low: 0xFF - UInt64(station)))
    }
  }

  /// What a host gets that is given another address.
  static func otherAddress(_ station: Int, _ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: .ipv4(IPv4Address(bits: 0xC0A8_0147 + UInt32(station)))
    case .ipv6: .ipv6(IPv6Address(high: linkLocal, low: 0x9F - UInt64(station)))
    }
  }

  /// What else the gateway answers for.
  static func otherGateway(_ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: .ipv4(IPv4Address(bits: 0xC0A8_0102))
    case .ipv6: .ipv6(IPv6Address(high: linkLocal, low: 0x102))
    }
  }

  private static let linkLocal: UInt64 = 0xFE80 << 48

  // MARK: VIPs

  static let maxInstances = 4
  /// Addresses that a VIP may have, sooner or later.
  static let slotCount = 4
  /// Of the daemons, in the order of their VIPs.
  static let instanceNames = ["219", "227", "235", "243"]
  /// What is checked.
  static let unit = "database.service"

  static func virtualRouterID(_ vip: Int) -> UInt8 { 219 + 8 * UInt8(vip) }

  /// Which VIP has this number; nil for none.
  static func vip(_ virtualRouterID: UInt8) -> Int? {
    guard virtualRouterID >= 219, (virtualRouterID - 219) % 8 == 0 else { return nil }
    return Int(virtualRouterID - 219) / 8
  }

  /// 192.168.1.219, fe80::219 and so on.
  static func virtualAddress(_ vip: Int, _ slot: Int, _ family: AddressFamily) -> IPAddress {
    let offset = 8 * vip + slot
    return switch family {
    case .ipv4: .ipv4(IPv4Address(bits: 0xC0A8_01DB + UInt32(offset)))
    case .ipv6: .ipv6(IPv6Address(high: linkLocal, low: 0x219 + UInt64(offset)))
    }
  }

  /// The place of a VIP's address among all of them: eight times the VIP, plus its slot. Nil for others.
  static func place(_ address: IPAddress) -> Int? {
    let offset: UInt64
    switch address {
    case .ipv4(let address): offset = UInt64(address.bits) &- 0xC0A8_01DB
    case .ipv6(let address):
      guard address.high == linkLocal else { return nil }
      offset = address.low &- 0x219
    }
    guard offset < 8 * UInt64(maxInstances), offset & 7 < UInt64(slotCount) else { return nil }
    return Int(offset)
  }

  /// Tells virtual routers' hardware addresses apart, 1 to 8; 0 for others.
  static func virtualNumber(_ hardware: MACAddress) -> UInt8 {
    guard hardware.bits >> 16 == 0x5E00 else { return 0 }
    guard let vip = vip(UInt8(truncatingIfNeeded: hardware.bits)) else { return 0 }
    return UInt8(2 * vip) + (hardware.bits >> 8 & 255 == 2 ? 2 : 1)
  }
}

/// A set of stations.
struct Stations: OptionSet, Hashable, Sendable {
  let rawValue: UInt16

  static let hosts = Stations(rawValue: 0b1_1111)
  static let all = Stations(rawValue: 0b111_1111_1111)

  init(rawValue: UInt16) { self.rawValue = rawValue }

  init(_ station: Int) { rawValue = 1 << UInt16(station) }

  func has(_ station: Int) -> Bool { rawValue >> UInt16(station) & 1 == 1 }

  var count: Int { rawValue.nonzeroBitCount }

  /// Ascending.
  func forEach(_ body: (Int) -> Void) {
    var rest = rawValue
    while rest != 0 {
      body(rest.trailingZeroBitCount)
      rest &= rest - 1
    }
  }

  /// `h1+gw`; a dash for none.
  var text: String {
    var names: [String] = []
    forEach { names.append(Station.name($0)) }
    return names.isEmpty ? "-" : names.joined(separator: "+")
  }

  init?(text: some StringProtocol) {
    self = []
    if text == "-" { return }
    for name in text.split(separator: "+") {
      guard let station = Station.number(name) else { return nil }
      insert(Stations(station))
    }
  }
}
