import Glibc
import Internet
import Lab
import Testing

/// Two hosts with vipd, of which .217 is Active, and a client that asks the VIP in both families.
final class Pair {
  let segment: Segment
  /// The VIP in IPv4 and IPv6.
  let addresses: [IPAddress]
  private var daemons: [Int: HostDaemon] = [:]
  private let probes: [Probe]
  private let ports: [Int: UInt32]
  private static let patience = Duration.seconds(15)

  init(forwards: Bool = false, _ configure: (inout DaemonSettings) -> Void = { _ in }) throws {
    var plan = Segment.Plan()
    plan.hasIPv6 = true
    let segment = try Segment(plan)
    self.segment = segment
    addresses = segment.virtualAddresses
    probes = try addresses.map { try segment.startProbe(of: $0) }
    ports = [217: try segment.port(of: 217), 218: try segment.port(of: 218)]
    var settings = DaemonSettings()
    settings.addresses = ["\(Segment.address(219))/24", "\(Segment.address6(219))/64"]
    configure(&settings)
    for number in [217, 218] {
      if forwards {
        let sysctl = ["sysctl", "-q", "net.ipv6.conf.all.forwarding=1"]
        try segment.host(number).namespace.command(sysctl).run()
      }
      daemons[number] = try HostDaemon(.vipd, on: number, of: segment, settings)
      try expectOwner(217)
    }
    for address in addresses { try expectAnswer(of: address, from: 217) }
    pause(.milliseconds(500))
    try expectOwner(217)
  }

  /// What an Active router sends in half a second; at least three.
  static func advertisements(
    _ family: AddressFamily
  ) throws -> [(frame: CapturedFrame, advertisement: CapturedAdvertisement)] {
    let sent = try Pair().advertisements(family)
    try #require(sent.count >= 3)
    return sent
  }

  // MARK: The hosts

  func expectOwner(_ number: Int) throws {
    for address in addresses {
      do {
        try segment.ownership.waitForOwners([number], of: address, within: Self.patience)
      } catch {
        throw HostDaemon.explain(error, by: daemons.keys.sorted().compactMap { daemons[$0] })
      }
    }
  }

  func stop(_ number: Int) throws { try #require(daemons[number]).stop() }

  func log(of number: Int) -> [String] { daemons[number]?.log ?? [] }

  // MARK: The client

  private func probe(of address: IPAddress) throws -> Probe {
    try #require(zip(addresses, probes).first { $0.0 == address }?.1)
  }

  func stopProbing() { for probe in probes { probe.stop() } }

  func expectAnswer(of address: IPAddress, from number: Int) throws {
    try probe(of: address).waitForAnswer(from: "\(number)", within: Self.patience)
  }

  func currentHost(of address: IPAddress) throws -> String? { try probe(of: address).currentHost }

  /// What the client's neighbour table has, as soon as it has something.
  /// An answer may be to a question from before the client forgot: it asks again when it has something to send.
  func client(knows address: IPAddress) throws -> MACAddress? {
    for _ in 0..<100 {
      if let known = try segment.clientArpCache.hardwareAddress(of: address) { return known }
      pause(.milliseconds(20))
    }
    return nil
  }

  /// Makes the client send to this MAC address, whatever the neighbours say.
  func setNeighbour(_ address: IPAddress, at hardware: String) throws {
    try neighbour(["replace", "\(address)", "lladdr", hardware, "nud", "permanent"])
  }

  func forgetNeighbour(_ address: IPAddress) throws { try neighbour(["delete", "\(address)"]) }

  private func neighbour(_ words: [String]) throws {
    let client = segment.client
    try client.namespace.command(["ip", "neighbour"] + words + ["dev", client.interface]).run()
  }

  // MARK: The wire

  /// Advertisements of `family`, of host `number` only if one is given.
  func advertisements(
    _ family: AddressFamily, by number: Int? = nil, from start: Duration = .zero
  ) -> [(frame: CapturedFrame, advertisement: CapturedAdvertisement)] {
    segment.capture.advertisements(from: start).filter {
      $0.advertisement.source.family == family && (number == nil || host(behind: $0.frame.port) == number)
    }
  }

  /// Who sent what came in by a port of the switch, whatever its MAC address; nil for the client.
  private func host(behind port: UInt32) -> Int? { ports.first { $0.value == port }?.key }

  /// Who says where an address is.
  struct Answer {
    let time: Duration
    /// nil if none of the hosts did.
    let host: Int?
    /// In the Ethernet header.
    let source: MACAddress
    /// In the packet.
    let shown: MACAddress?
    let isUnsolicited: Bool
  }

  /// Everything said about `address` by whoever has it.
  func answers(about address: IPAddress, from start: Duration = .zero) -> [Answer] {
    segment.capture.frames(from: start).compactMap { frame in
      switch frame.content {
      case .arp(let arp) where arp.senderAddress.ip == address:
        Answer(
          time: frame.time, host: host(behind: frame.port), source: frame.source,
          shown: arp.senderHardwareAddress,
          isUnsolicited: arp.isGratuitous)
      case .neighbour(let message) where message.isAdvertisement && message.target == address:
        Answer(
          time: frame.time, host: host(behind: frame.port), source: frame.source,
          shown: message.hardwareAddress,
          isUnsolicited: message.isUnsolicited)
      default: nil
      }
    }
  }

  /// The first announcement of `address` since `start`, which may be yet to come.
  func waitForAnnouncement(of address: IPAddress, from start: Duration) throws -> Answer {
    var announced: Answer? { answers(about: address, from: start).first(where: \.isUnsolicited) }
    let end = MonotonicClock.now + Self.patience
    while announced == nil && MonotonicClock.now < end { pause(.milliseconds(10)) }
    return try #require(announced)
  }
}
