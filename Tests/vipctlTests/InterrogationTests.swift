import Configuration
import Internet
import Linux
import Neighbor
import Netlink
import Testing
import VRRP

@testable import vipctl

private func ip(_ text: String) -> IPAddress {
  guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
  return address
}

/// A segment with this host on it: what is asked, and what the stations there answer.
private struct Segment {
  static let own = MACAddress(bits: 0x0200_0000_00D9)
  static let macvlan = MACAddress(bits: 0x0000_5E00_01DB)
  static let gateway = MACAddress(bits: 0x0200_0000_0001)
  static let other = MACAddress(bits: 0x0200_0000_00DA)

  /// What a station has; what it answers to a question that reaches it.
  struct Station {
    var hardware: MACAddress
    var addresses: [IPAddress]
    /// For every address of questions that have a sender, as arp_process() does.
    var isProxy = false
  }

  var stations: [Station] = []
  /// What a switch answers to a broadcast that has a sender (br_do_proxy_suppress_arp()).
  var suppression: [IPAddress: MACAddress] = [:]
  /// Rounds in which everything is lost.
  var lossy: Set<Int> = []
  var interrogation: Interrogation
  private(set) var asked: [[Interrogation.Question]] = []

  init(
    _ vip: String, runs: Bool = true, suspects: [(IPAddress, MACAddress)] = [],
    references: [String] = ["192.168.1.1"]
  ) throws {
    let prefixLength = ip(vip).family == .ipv4 ? 24 : 64
    let network = try #require(IPNetwork(ip(vip), prefixLength: prefixLength))
    let sources = [ip("192.168.1.217"), ip("fe80::217")]
    interrogation = Interrogation(
      Interrogation.Subject(
        hardware: Self.own, own: [Self.own, Self.macvlan], sources: sources,
        disguises: runs ? [ip("192.0.0.8"), ip("fe80::8")] : sources, vips: [network],
        references: references.map(ip), known: [ip("192.168.1.218")], suspects: suspects, seed: 4))
  }

  /// Asks everything; returns who claims `address`.
  mutating func claimants(of address: String) -> [Claimant] {
    while let (questions, pause) = interrogation.next() {
      precondition(pause > .zero)
      let isLost = lossy.contains(asked.count)
      asked.append(questions)
      for question in questions where !isLost {
        for answer in answers(to: question) { interrogation.hear(answer) }
      }
    }
    return interrogation.claimants(of: ip(address))
  }

  private func answers(to question: Interrogation.Question) -> [NeighborPacket] {
    let (target, sender) = (question.packet.target, question.packet.sender)
    let hasSender = sender != .any(sender.family)
    let isToAll = question.destination == .broadcast
    if isToAll && hasSender, let hardware = suppression[target] { return [reply(hardware, question)] }
    return stations.filter { station in
      (isToAll || station.hardware == question.destination)
        && (station.addresses.contains(target) || station.isProxy && hasSender)
    }.map { reply($0.hardware, question) }
  }

  private func reply(_ hardware: MACAddress, _ question: Interrogation.Question) -> NeighborPacket {
    NeighborPacket(
      operation: .reply, senderHardware: hardware, sender: question.packet.target, targetHardware: Self.own,
      target: question.packet.sender)
  }

  var questions: [Interrogation.Question] { asked.flatMap { $0 } }
}

@Suite struct InterrogationTests {
  private let vip = "192.168.1.219"
  private let gateway = Segment.Station(hardware: Segment.gateway, addresses: [ip("192.168.1.1")])

  private func station(_ address: String, _ hardware: MACAddress = Segment.other) -> Segment.Station {
    Segment.Station(hardware: hardware, addresses: [ip(address)])
  }

  @Test(arguments: ["192.168.1.219", "fd00::219"])
  func whoAnswersItselfIsAnOwner(vip: String) throws {
    var segment = try Segment(vip)
    segment.stations = [gateway, station(vip)]
    #expect(segment.claimants(of: vip) == [Claimant(hardware: Segment.other, kind: .owner)])
    #expect(segment.interrogation.claimants(of: ip("192.168.1.1")).map(\.hardware) == [Segment.gateway])
  }

  /// The daemon here must not take an answer for the VIP as one to a question of its own.
  @Test(arguments: ["192.168.1.219", "fd00::219"])
  func nothingIsAskedForTheVIPFromTheDaemonsAddress(vip: String) throws {
    var segment = try Segment(vip)
    segment.stations = [gateway, station(vip)]
    _ = segment.claimants(of: vip)
    let sources = [ip("192.168.1.217"), ip("fe80::217")]
    let aboutVIP = segment.questions.filter { $0.packet.target == ip(vip) }
    #expect(!aboutVIP.isEmpty && !aboutVIP.contains { sources.contains($0.packet.sender) })
    // An answer to a question from :: goes to all nodes.
    #expect(!segment.questions.contains { $0.packet.sender == ip("::") })
    var alone = try Segment(vip, runs: false)
    _ = alone.claimants(of: vip)
    #expect(alone.questions.contains { $0.packet.target == ip(vip) && sources.contains($0.packet.sender) })
  }

  @Test func nobodyIsAskedMoreThanNeeded() throws {
    var segment = try Segment(vip)
    segment.stations = [gateway, station(vip)]
    _ = segment.claimants(of: vip)
    // Everybody: from 0.0.0.0 and in disguise, and the gateway; then the owner, and whether it is a proxy.
    #expect(segment.asked.map(\.count) == [3, 0, 2 + ProxyTrial.count, 0, 0])
    var empty = try Segment(vip)
    empty.stations = [gateway]
    #expect(empty.claimants(of: vip).isEmpty)
    #expect(empty.asked.map(\.count) == [3, 2, 0, 0, 0])
  }

  @Test func aLostFrameIsNoSilence() throws {
    for round in 0..<4 {
      var segment = try Segment(vip)
      segment.lossy = [round]
      segment.stations = [gateway, station(vip)]
      #expect(segment.claimants(of: vip).map(\.kind) == [.owner], "round \(round)")
      #expect(segment.interrogation.claimants(of: ip("192.168.1.1")).count == 1)
    }
  }

  @Test(arguments: ["192.168.1.219", "fd00::219"])
  func aProxyIsNoOwner(vip: String) throws {
    var segment = try Segment(vip)
    segment.stations = [
      Segment.Station(hardware: Segment.gateway, addresses: [ip("192.168.1.1")], isProxy: true)
    ]
    #expect(segment.claimants(of: vip) == [Claimant(hardware: Segment.gateway, kind: .proxy)])
    segment.stations.append(station(vip))
    segment.interrogation = try Segment(vip).interrogation
    #expect(Set(segment.claimants(of: vip).map(\.kind)) == [.proxy, .owner])
    let tried = segment.questions.map(\.packet.target).filter { ![ip(vip), ip("192.168.1.1")].contains($0) }
    #expect(!tried.isEmpty && !tried.contains(ip("192.168.1.218")) && !tried.contains(ip("192.168.1.217")))
  }

  /// The former owner is still there, without the address.
  @Test(arguments: ["192.168.1.219", "fd00::219"])
  func anAnswerInTheNameOfAStationThatDoesNotAnswerIsAFabrics(vip: String) throws {
    var segment = try Segment(vip)
    segment.suppression = [ip(vip): Segment.other]
    segment.stations = [gateway, station("192.168.1.218")]
    #expect(segment.claimants(of: vip) == [Claimant(hardware: Segment.other, kind: .absent)])
    segment.interrogation = try Segment(vip).interrogation
    segment.stations[1].addresses.append(ip(vip))
    #expect(segment.claimants(of: vip).map(\.kind) == [.owner])
  }

  /// It went while it was looked for: nobody names it again.
  @Test func whoWasHeardOnceIsUnproven() throws {
    var segment = try Segment(vip, suspects: [(ip(vip), Segment.other)])
    #expect(segment.claimants(of: vip).map(\.kind) == [.unproven])
    #expect(segment.questions.contains { $0.destination == Segment.other })
  }

  @Test func ownFramesThatComeBackAreNobodys() throws {
    var segment = try Segment(vip)
    segment.stations = [station(vip, Segment.own), station(vip, Segment.macvlan)]
    segment.interrogation.hear(.announcement(.request, for: ip(vip), at: Segment.macvlan))
    #expect(segment.claimants(of: vip).isEmpty)
  }

  @Test func aForgerFillsNoMemory() throws {
    var segment = try Segment(vip)
    for bits in 0..<1000 as Range<UInt64> {
      segment.interrogation.hear(.announcement(.reply, for: ip(vip), at: MACAddress(bits: 1 << 40 | bits)))
    }
    #expect(segment.claimants(of: vip).count == 64)
  }
}

@Suite struct DisguiseTests {
  private func link(_ addresses: [String]) throws -> Surroundings.Link {
    Surroundings.Link(
      index: 2, name: "eth0", hardwareAddress: Segment.own,
      addresses: try addresses.map { address in
        Surroundings.Address(try #require(IPNetwork(ip(address), prefixLength: 64)), scope: .link)
      })
  }

  @Test func itIsNeverTheSource() throws {
    let source = ip("fe80::217")
    let alone = Disguise.address(insteadOf: source, on: try link(["fe80::217"]), seed: 7)
    #expect(alone.ipv6?.isLinkLocal == true && alone != source && alone.isUsableByHost)
    #expect(
      Disguise.address(insteadOf: source, on: try link(["fe80::217", "fd00::217"]), seed: 7)
        == ip("fd00::217"))
    #expect(Disguise.address(insteadOf: ip("192.168.1.217"), on: try link([]), seed: 7) == ip("192.0.0.8"))
  }
}

@Suite struct AddressUseTests {
  private let vip = ip("192.168.1.219")

  private func findings(
    _ kinds: [Claimant.Kind], isHere: Bool = false, isActiveHeard: Bool = false, isBackupHere: Bool = false,
    _ names: [MACAddress: String] = [:]
  ) -> [Finding] {
    let claimants = kinds.enumerated().map { Claimant(hardware: MACAddress(bits: UInt64($0 + 1)), kind: $1) }
    return AddressUse(
      address: vip, claimants: claimants, isHere: isHere, isActiveHeard: isActiveHeard,
      isBackupHere: isBackupHere,
      names: names
    ).findings
  }

  @Test func owners() {
    #expect(findings([], isHere: true).map(\.result) == [.ok])
    #expect(findings([.owner], isHere: true).map(\.result) == [.bad])
    #expect(findings([]).map(\.result) == [.ok])
    #expect(findings([], isActiveHeard: true).map(\.result) == [.bad])
    #expect(findings([], isBackupHere: true).map(\.result) == [.bad])
    #expect(findings([.owner], isActiveHeard: true).map(\.result) == [.ok])
    #expect(findings([.owner, .owner], isActiveHeard: true).map(\.result) == [.bad])
    let stranger = findings([.owner])[0]
    #expect(stranger.result == .bad && stranger.remedy?.contains("fabric") == false)
    #expect(findings([.unproven])[0].remedy?.contains("a switch or fabric may answer in its name") == true)
  }

  @Test func aProxyIsNamedAndNotTakenForAnOwner() {
    let names = [MACAddress(bits: 1): "192.168.1.1 (Gateway=)"]
    for isHere in [true, false] {
      let findings = findings([.proxy], isHere: isHere, isBackupHere: !isHere, names)
      #expect(findings.map(\.result) == [.ok, .bad])
      #expect(
        findings[1].text.hasPrefix(
          "192.168.1.1 (Gateway=) at 00:00:00:00:00:01 answers ARP for every address"))
      #expect(findings[1].remedy?.contains("local-proxy-arp") == true)
    }
    #expect(findings([.proxy, .owner], isActiveHeard: true).map(\.result) == [.ok, .bad])
  }

  @Test func anOutdatedEntryOfAFabricIsNoStationsFault() {
    let findings = findings([.absent], isHere: true)
    #expect(findings.map(\.subject) == ["address", "fabric"] && findings.map(\.result) == [.ok, .bad])
    #expect(findings[1].remedy?.contains("take the address") == false)
    #expect(findings[1].remedy?.contains("ARP suppression") == true)
  }
}

@Suite struct ReferenceTests {
  private func results(_ references: [String], answering: [String]) -> [Finding.Result] {
    let stations = answering.map { (ip($0), Segment.gateway) }
    return References(
      addresses: references.map(ip), interface: "eth0", families: [.ipv4],
      stations: Dictionary(uniqueKeysWithValues: stations)
    ).findings.map(\.result)
  }

  @Test func moreThanHalfOfThemMustAnswer() {
    let three = ["192.168.1.1", "192.168.1.2", "192.168.1.3"]
    #expect(results([], answering: []) == [.note])
    #expect(results(["192.168.1.1"], answering: []) == [.bad])
    #expect(results(three, answering: three) == [.ok, .ok, .ok])
    #expect(results(three, answering: ["192.168.1.1", "192.168.1.3"]) == [.ok, .note, .ok])
    #expect(results(three, answering: ["192.168.1.1"]) == [.ok, .bad, .bad])
    #expect(results(["192.168.1.1", "fe80::1"], answering: ["192.168.1.1"]) == [.ok, .skipped])
  }

  @Test func allOfThemAreAskedFor() throws {
    var segment = try Segment("192.168.1.219", references: ["192.168.1.1", "192.168.1.2"])
    segment.stations = [Segment.Station(hardware: Segment.gateway, addresses: [ip("192.168.1.2")])]
    _ = segment.claimants(of: "192.168.1.219")
    #expect(segment.interrogation.claimants(of: ip("192.168.1.1")).isEmpty)
    #expect(segment.interrogation.claimants(of: ip("192.168.1.2")).map(\.hardware) == [Segment.gateway])
    let asked = segment.questions.map(\.packet.target)
    #expect(asked.filter { $0 == ip("192.168.1.2") }.count == 1)
    #expect(asked.filter { $0 == ip("192.168.1.1") }.count > 1)
  }
}

@Suite struct HeardRoutersTests {
  private let router = VirtualRouter(id: 219, addresses: [ip("192.168.1.219")], interval: .standard)
  private let carp: [UInt8] = [0x21, 219, 0, 7, 0, 1, 0, 0] + [UInt8](repeating: 9, count: 28)

  private func envelope(from source: String, timeToLive: UInt8 = 255) -> Envelope {
    Envelope(source: ip(source), destination: Advertisement.group(.ipv4), timeToLive: timeToLive)
  }

  private func message() -> [UInt8] {
    var bytes: [UInt8] = []
    router.encode(
      Advertisement(virtualRouterID: 219, priority: 100, interval: .standard), from: ip("192.168.1.218"),
      to: Advertisement.group(.ipv4), in: .standard, into: &bytes)
    return bytes
  }

  @Test func whatWasReturnedIsNobodys() {
    var heard = HeardRouters(ownAddresses: [ip("192.168.1.217"), ip("10.0.0.1")])
    for source in ["192.168.1.217", "10.0.0.1", "192.168.1.218"] {
      heard.hear(message().span, envelope(from: source), router)
    }
    heard.hear(message().span, envelope(from: "192.168.9.9", timeToLive: 254), router)
    #expect(
      heard.routers == [
        HeardRouters.Router(
          sender: ip("192.168.1.218"), virtualRouterID: 219, priority: 100, addressesMatch: true)
      ])
  }

  @Test func carpIsNoRouterAndNamed() {
    var heard = HeardRouters(ownAddresses: [])
    for _ in 0..<3 { heard.hear(carp.span, envelope(from: "192.168.1.2"), router) }
    #expect(heard.routers.isEmpty)
    #expect(heard.strangers(as: 219, usesVirtualMAC: false).map(\.result) == [.note])
    let findings = heard.strangers(as: 219, usesVirtualMAC: true)
    #expect(findings.map(\.result) == [.bad])
    #expect(
      findings[0].text.contains("192.168.1.2 speaks CARP") && findings[0].text.contains("00:00:5e:00:01:db"))
    #expect(heard.strangers(as: 7, usesVirtualMAC: true).isEmpty)
  }
}

@Suite struct DuplicateDetectionTests {
  private func findings(_ address: String, isUsable: Bool, isDuplicate: Bool) throws -> [Finding] {
    let network = try #require(IPNetwork(ip(address), prefixLength: 64))
    let address = LinkAddress(linkIndex: 2, network: network, isUsable: isUsable, isDuplicate: isDuplicate)
    #expect(DuplicateDetection.findings("eth1", index: 3, among: [address]).isEmpty)
    return DuplicateDetection.findings("eth0", index: 2, among: [address])
  }

  @Test func addresses() throws {
    #expect(try findings("fe80::217", isUsable: true, isDuplicate: false).isEmpty)
    let waiting = try findings("fe80::217", isUsable: false, isDuplicate: false)
    #expect(waiting.map(\.result) == [.note] && waiting[0].text.contains("waits for the end"))
    let needed = try findings("fe80::217", isUsable: false, isDuplicate: true)
    #expect(needed.map(\.result) == [.bad])
    #expect(needed[0].text.contains("another station has fe80::217 of eth0, too"))
    #expect(needed[0].remedy?.contains("ip address del fe80::217/64 dev eth0") == true)
    #expect(try findings("fd00::217", isUsable: false, isDuplicate: true).map(\.result) == [.note])
  }
}
