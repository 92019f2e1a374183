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

  static func hardware(_ station: Int) -> MACAddress { MACAddress(bits: 0x0200_0000_0100 + UInt64(station)) }

  static func number(_ hardware: MACAddress) -> Int? {
    let offset = Int(truncatingIfNeeded: hardware.bits &- 0x0200_0000_0100)
    return (0..<count).contains(offset) ? offset : nil
  }

  /// 192.168.1.11 and so on; the gateway is .1. The link-local addresses descend, so that the two families
  /// would break ties in opposite ways.
  static func address(_ station: Int, _ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: .ipv4(IPv4Address(bits: station == gateway ? 0xC0A8_0101 : 0xC0A8_010B + UInt32(station)))
    case .ipv6: .ipv6(IPv6Address(high: 0xFE80 << 48, low: 0xFF - UInt64(station)))
    }
  }

  static let virtualRouterID: UInt8 = 219
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
