import Internet
import Lab

/// A peer, and the ways in which it and vipd speak VRRP with each other.
struct Pairing: CustomStringConvertible, Sendable {
  var peer: DaemonKind
  var version = 3
  var families: [AddressFamily] = [.ipv4]
  var isUnicast = false
  /// Whose VIP has the virtual router's MAC address; FRR's always has.
  var virtualMAC: [DaemonKind] = []
  var authentication: String?
  /// vipd's `Checksum=`.
  var checksum: String?
  /// Whether keepalived's IPv6 addresses begin with a link-local one, as RFC 9568 demands.
  var listsLinkLocal = true
  /// Who is Active first; nil for either. Whoever it is, both are Active, resign and take over in turn.
  var activeFirst: [DaemonKind]?

  var description: String {
    var words = ["\(peer.rawValue) v\(version)", families.map { "\($0)" }.joined(separator: "+")]
    if isUnicast { words.append("unicast") }
    if !virtualMAC.isEmpty {
      words.append("virtual MAC on \(virtualMAC.map(\.rawValue).joined(separator: "+"))")
    }
    if authentication != nil { words.append("password") }
    if let checksum { words.append("checksum \(checksum)") }
    if !listsLinkLocal { words.append("no link-local address") }
    return words.joined(separator: " ")
  }

  /// Version 2 knows whole seconds only.
  var interval: Duration { version == 2 ? .seconds(1) : .milliseconds(200) }

  /// The VIPs of the segment that are shared.
  func virtualAddresses(of segment: Segment) -> [IPAddress] {
    segment.virtualAddresses.filter { families.contains($0.family) }
  }

  /// What `kind` is told on host `number`, one of .217 and .218.
  func configure(_ settings: inout DaemonSettings, for kind: DaemonKind, on number: Int) {
    settings.version = version
    settings.interval = interval
    settings.addresses = DaemonSettings.addresses(families)
    settings.authentication = authentication
    settings.checksum = checksum
    settings.listsLinkLocal = listsLinkLocal
    settings.usesVirtualMAC = virtualMAC.contains(kind)
    guard isUnicast else { return }
    func addresses(_ number: Int) -> [IPAddress] {
      families.map { $0 == .ipv4 ? .ipv4(Segment.address(number)) : .ipv6(Segment.address6(number)) }
    }
    settings.unicastSources = addresses(number)
    settings.peers = addresses(number == 217 ? 218 : 217)
  }

  static let all: [Pairing] = [
    Pairing(peer: .keepalived),
    Pairing(peer: .keepalived, virtualMAC: [.keepalived]),
    Pairing(peer: .frr),
    Pairing(peer: .keepalived, families: [.ipv6]),
    Pairing(peer: .keepalived, families: [.ipv4, .ipv6]),
    Pairing(peer: .frr, families: [.ipv4, .ipv6]),
    Pairing(peer: .keepalived, families: [.ipv4, .ipv6], isUnicast: true),
    Pairing(peer: .keepalived, families: [.ipv4, .ipv6], virtualMAC: [.vipd]),
    Pairing(peer: .keepalived, families: [.ipv4, .ipv6], virtualMAC: [.vipd, .keepalived]),
    Pairing(peer: .frr, families: [.ipv4, .ipv6], virtualMAC: [.vipd]),
    Pairing(peer: .keepalived, version: 2),
    Pairing(peer: .keepalived, version: 2, isUnicast: true, authentication: "secret12", activeFirst: [.vipd]),
    Pairing(peer: .frr, version: 2, activeFirst: [.frr]),
  ]

}

/// A pairing, and who of the two is Active first, on .217.
struct Encounter: CustomStringConvertible, Sendable {
  let pairing: Pairing
  let active: DaemonKind

  var backup: DaemonKind { active == .vipd ? pairing.peer : .vipd }

  var description: String { "\(pairing), \(active.rawValue) Active" }

  /// Either side of every pairing Active.
  static func each(of pairings: [Pairing] = Pairing.all) -> [Encounter] {
    pairings.flatMap { pairing in
      (pairing.activeFirst ?? [.vipd, pairing.peer]).map { Encounter(pairing: pairing, active: $0) }
    }
  }
}

extension DaemonSettings {
  /// The segment's VIP in each of `families`, with its prefix length.
  static func addresses(_ families: [AddressFamily]) -> [String] {
    families.map { $0 == .ipv4 ? "\(Segment.address(219))/24" : "\(Segment.address6(219))/64" }
  }
}
