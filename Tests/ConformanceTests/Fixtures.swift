import Internet
import Linux
import Neighbor
import Ownership
import Testing
import VRRP

@testable import Configuration

// The hosts of the examples: .217 and .218 share 192.168.1.219 and fd00::219, VRID 219.

let vip = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DB))
let own = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DA))
let lower = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01D9))
/// Greater than `own` if compared as unsigned numbers only: its first bit is set as that of `own` is, 240 > 192.
let greater = IPAddress.ipv4(IPv4Address(bits: 0xF000_0001))
/// Lower than `own` if compared as unsigned numbers only: 10 < 192, but as signed numbers 192 is negative.
let unsignedLower = IPAddress.ipv4(IPv4Address(bits: 0x0A00_0001))
let linkLocalVIP = IPAddress.ipv6(VirtualRouter.linkLocalAddress(id: 219))
let vip6 = IPAddress.ipv6(IPv6Address(high: 0xFD00 << 48, low: 0x219))
let own6 = IPAddress.ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x218))
let ownGlobal6 = IPAddress.ipv6(IPv6Address(high: 0xFD00 << 48, low: 0x218))
let peer6 = IPAddress.ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x217))
let ownHardware = MACAddress(bits: 0x0200_0000_00DA)

func at(_ milliseconds: Double) -> Instant {
  Instant(sinceBoot: .nanoseconds(Int64(milliseconds * 1_000_000)))
}

func interval(_ centiseconds: Int) throws -> AdvertisementInterval {
  try #require(AdvertisementInterval(centiseconds: centiseconds))
}

func advertisement(
  _ priority: UInt8, _ interval: AdvertisementInterval = .standard
) -> Advertisement { Advertisement(virtualRouterID: 219, priority: priority, interval: interval) }

// MARK: Packets

let router4 = VirtualRouter(id: 219, addresses: [vip], interval: .standard)
let router6 = VirtualRouter(id: 219, addresses: [linkLocalVIP, vip6], interval: .standard)
let version2 = VirtualRouter(id: 219, addresses: [vip], version: .v2, interval: .second)

/// Both families in version 3.
let routers = [router4, router6]

extension VirtualRouter {
  /// Where a peer's packets come from.
  var peer: IPAddress { family == .ipv4 ? lower : peer6 }

  /// Octets of version, type, VRID, … as a peer sends them.
  func message(
    _ priority: UInt8 = 100, checksum: ChecksumForm = .rfc5798, listsDerivedAddress: Bool = true
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    let sent = Advertisement(virtualRouterID: id, priority: priority, interval: interval)
    let dialect = Dialect(checksum: checksum, listsDerivedAddress: listsDerivedAddress)
    encode(sent, from: peer, to: Advertisement.group(family), in: dialect, into: &bytes)
    return bytes
  }

  /// What becomes of `message` from a peer.
  func receive(
    _ message: [UInt8], timeToLive: UInt8 = 255
  ) throws(Discard) -> ReceivedAdvertisement {
    let group = Advertisement.group(family)
    return try decode(
      message.span, in: Envelope(source: peer, destination: group, timeToLive: timeToLive))
  }

  /// `message` with some octets replaced and its checksum made right again.
  func altered(_ changes: [Int: UInt8], in message: [UInt8]? = nil) -> [UInt8] {
    var bytes = message ?? self.message()
    for (index, value) in changes { bytes[index] = value }
    bytes[6...7] = [0, 0]
    let sum = internetChecksum(bytes + (version == .v3 ? pseudoHeader(length: bytes.count) : []))
    bytes[6...7] = [UInt8(sum >> 8), UInt8(sum & 255)]
    return bytes
  }

  /// Source, destination, length and next header 112 (RFC 8200 §8.1); for IPv4 as RFC 5798 §5.2.8 was read.
  func pseudoHeader(length: Int) -> [UInt8] {
    let addresses = [peer, Advertisement.group(family)].flatMap { address in
      (0..<address.octetCount).map { address[$0] }
    }
    return addresses + [0, 0, UInt8(length >> 8), UInt8(length & 255), 0, 0, 0, 112]
  }
}

/// RFC 1071's, written once more: the daemon's own must agree with it. `bytes` are even in number.
func internetChecksum(_ bytes: [UInt8]) -> UInt16 {
  var sum: UInt32 = 0
  for index in stride(from: 0, to: bytes.count, by: 2) {
    sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
  }
  while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
  return ~UInt16(sum)
}

// MARK: The election alone

extension Election {
  /// A router at `own` with an interval of 100 ms.
  static func router(
    priority: UInt8 = 100, preempts: Bool = true, interval: AdvertisementInterval = .standard,
    primary: IPAddress = own, version: ProtocolVersion = .v3
  ) -> Election {
    Election(
      Parameters(
        priority: priority, interval: interval, preempts: preempts, preemptDelay: .zero, primary: primary,
        version: version))
  }

  /// The same, a Backup router since 0 ms.
  static func backup(
    priority: UInt8 = 100, preempts: Bool = true, interval: AdvertisementInterval = .standard,
    version: ProtocolVersion = .v3
  ) -> Election {
    var election = router(priority: priority, preempts: preempts, interval: interval, version: version)
    _ = election.handle(.startup, at: at(0))
    return election
  }

  /// The same, an Active router since Active_Down_Interval; 361 ms at priority 100.
  static func active(
    priority: UInt8 = 100, preempts: Bool = true, primary: IPAddress = own
  ) -> Election {
    var election = router(priority: priority, preempts: preempts, primary: primary)
    _ = election.handle(.startup, at: at(0))
    if let deadline = election.deadline, election.state == .backup {
      _ = election.handle(.timer, at: deadline)
    }
    return election
  }

  mutating func hear(
    _ priority: UInt8, from sender: IPAddress = lower, _ interval: AdvertisementInterval = .standard,
    at now: Instant
  ) -> Outcome { handle(.advertisement(advertisement(priority, interval), from: sender), at: now) }
}

// MARK: The whole instance

/// An instance on a link that is ready, and what it wants done.
struct Router {
  var instance: Instance
  var now = at(0)

  init(
    priority: UInt8 = 100, witness: Parameters.WitnessMode = .off, addresses: [IPAddress] = [vip]
  ) {
    instance = Instance(
      Parameters(
        virtualRouterID: 219, addresses: addresses.compactMap { IPNetwork($0, prefixLength: 24) },
        priority: priority, interval: .standard, preempts: true,
        preemptDelay: .zero, lease: .seconds(2), witness: witness, references: [], isolation: false,
        announcementRepeat: 5, announcementRefresh: nil))
  }

  /// What happens when its interface has got an address.
  mutating func start() -> [Action] {
    let identity = Identity(
      ipv4: IPv4Address(bits: 0xC0A8_01DA), ipv6: IPv6Address(high: 0xFE80 << 48, low: 0x218),
      hardware: ownHardware)
    return handle(.link(.ready(identity)))
  }

  mutating func handle(_ event: Event) -> [Action] {
    let actions = instance.handle(event, at: now)
    return (0..<actions.count).map { actions[$0] }
  }

  /// Runs its timers until it has changed to `state`, which must happen within ten seconds; what it then did.
  mutating func run(until state: Election.State) throws -> [Action] {
    let end = now + .seconds(10)
    while now < end {
      now = try #require(instance.deadline)
      let actions = handle(.timer)
      if instance.election.state == state { return actions }
    }
    throw NeverHappened(state: state)
  }

  struct NeverHappened: Error { let state: Election.State }

  /// An Advertisement is received.
  mutating func hear(_ received: ReceivedAdvertisement) -> [Action] { handle(.advertisement(received)) }
}

// MARK: Configuration

/// `text` as vip@219's only file on 192.168.1.218, which has IPv6 addresses too.
func configured(_ text: String) throws(ConfigurationError) -> Settings {
  let addresses = [(own, 24), (own6, 64), (ownGlobal6, 64)].compactMap { IPNetwork($0, prefixLength: $1) }
  let link = Surroundings.Link(
    index: 2, name: "eth0", hardwareAddress: ownHardware,
    addresses: addresses.map { Surroundings.Address($0) }
  )
  return try Configuration.resolve(
    instance: "219", files: [ConfigurationFile(path: "219.conf", bytes: Array(text.utf8))],
    surroundings: Surroundings(links: [link], defaultRouteLinkIndex: 2))
}
