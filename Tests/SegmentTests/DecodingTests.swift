import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// What vipd sends, as read by tshark(1).
  @Suite struct DecodingTests {
    /// Every kind of frame that a pair sends in its life: it starts, one is Active, it hands over, and the
    /// Backup asks the owner's kernel all the time.
    @Test(arguments: Dialect.all) func everyKindIsDecodedWithoutAMark(_ dialect: Dialect) throws {
      let hasIPv6 = dialect.families.contains(.ipv6)
      let scene = try Scene(gateway: .station, hasIPv6: hasIPv6, isProbed: false)
      let virtual = scene.segment.virtualAddresses.filter { dialect.families.contains($0.family) }
      for number in [217, 218] {
        try scene.start(number) { dialect.configure(&$0) }
        for address in virtual { try scene.expectOwners(217, of: address) }
      }
      // Each address is asked for in turn, once a second, and the first time everybody may be asked.
      pause(.seconds(hasIPv6 ? 7 : 3))
      try scene.daemon(217).stop()
      for address in virtual { try scene.expectOwners(218, of: address) }
      pause(.milliseconds(1500))
      let owner = try scene.segment.host(217).hardwareAddress
      for number in [217, 218] {
        // Each host's frames alone: a VIP that moves is a duplicate address to tshark.
        let shark = try Shark(
          reading: scene.segment, sentBy: scene.segment.host(number), preferences: dialect.preferences)
        let marked = try shark.list(Shark.marks)
        #expect(marked.isEmpty, "\(marked)")
        let kinds = virtual.flatMap { Self.kinds(of: $0, sentBy: number, firstOwner: owner) }
        for (kind, count) in zip(kinds, try shark.count(kinds)) { #expect(count > 0, "\(kind)") }
      }
    }

    /// What must be seen of a host, as tshark's filters.
    private static func kinds(of address: IPAddress, sentBy number: Int, firstOwner: MACAddress) -> [String] {
      let advertisements = (number == 217 ? [100, 0] : [100]).map { priority in
        let ip = address.family == .ipv4 ? "ip" : "ipv6"
        return "\(ip) && vrrp.prio == \(priority) && vrrp.checksum.status == \"Good\""
      }
      let asked: String
      let announced: [String]
      switch address {
      case .ipv4(let address):
        let about = "arp.dst.proto_ipv4 == \(address)"
        announced = [1, 2].map { "arp.isgratuitous && arp.opcode == \($0) && \(about)" }
        asked = "arp.opcode == 1 && !arp.isgratuitous && \(about)"
      case .ipv6(let address):
        announced = [
          "icmpv6.type == 136 && icmpv6.nd.na.flag.s == 0 && icmpv6.nd.na.target_address == \(address)"
        ]
        asked = "icmpv6.type == 135 && icmpv6.nd.ns.target_address == \(address)"
      }
      // Whoever is Active first asks everybody before it takes the VIP; the witness asks the owner alone.
      return advertisements + announced + [number == 217 ? asked : "eth.dst == \(firstOwner) && \(asked)"]
    }

    /// How vipd is told to speak, and what tshark must be told to understand it.
    struct Dialect: Sendable {
      var version = 3
      var families: [AddressFamily] = [.ipv4]
      var authentication: String?
      var checksum: String?
      /// RFC 5798's checksum of VRRPv3 over IPv4 is tshark's default.
      var preferences: [String] = []

      func configure(_ settings: inout DaemonSettings) {
        settings.version = version
        if version == 2 { settings.interval = .seconds(1) }
        settings.addresses = DaemonSettings.addresses(families)
        settings.authentication = authentication
        settings.checksum = checksum
      }

      static let all = [
        Dialect(),
        Dialect(checksum: "rfc9568", preferences: ["vrrp.v3_checksum_as_in_v2:TRUE"]),
        Dialect(families: [.ipv4, .ipv6]),
        Dialect(version: 2, authentication: "secret12"),
      ]
    }

    /// A mark would be seen if there were one.
    @Test func aWrongChecksumIsMarked() throws {
      let scene = try Scene(hosts: [217], isProbed: false)
      let host = try scene.segment.host(217)
      var message = Frame.advertisement(
        virtualRouterID: 219, priority: 100, centiseconds: 10, addresses: [scene.vip], source: host.address)
      func inject() throws {
        try scene.segment.inject(
          Frame.vrrp(message, from: host.hardwareAddress, address: host.address), from: host)
      }
      try inject()
      message[6] ^= 0x55
      try inject()
      try scene.segment.capture.wait(for: "the frames", from: .zero, within: Scene.patience) { $0.count >= 2 }
      let shark = try Shark(reading: scene.segment, sentBy: host)
      #expect(try shark.list("vrrp").count == 2)
      #expect(try shark.list(Shark.marks).count == 1)
    }
  }
}

/// tshark(1) on what the segment's switch has seen of a host.
struct Shark {
  /// Frames that are malformed, have a bad checksum, or bear a remark of "note" or worse.
  static let marks = "_ws.malformed || ip.checksum.status == \"Bad\" || _ws.expert.severity >= 0x00400000"

  private let path: String
  private let preferences: [String]

  init(reading segment: Segment, sentBy host: Segment.Station, preferences: [String] = []) throws {
    path = "\(segment.directory)/sent-by-\(host.number).pcap"
    self.preferences = ["ip.check_checksum:TRUE"] + preferences
    let sent = segment.capture.frames().filter { $0.source == host.hardwareAddress }
    try PacketFile.write(sent, to: path)
  }

  /// The frames that `filter` passes, one a line, with what tshark has to say against them.
  func list(_ filter: String) throws -> [String] {
    let fields = ["frame.number", "_ws.col.Info", "_ws.expert.message"].flatMap { ["-e", $0] }
    return try run(["-Y", filter, "-T", "fields"] + fields).filter { !$0.hasPrefix("Running as user") }
  }

  /// How many frames each of `filters` passes, found in one pass.
  func count(_ filters: [String]) throws -> [Int] {
    let table = try run(["-q", "-z", (["io,stat,0"] + filters).joined(separator: ",")])
    // The last row: | 0.0 <> 9.9 | frames | bytes | frames | bytes | …
    let row = try #require(table.last { $0.contains("<>") }, "\(table)")
    let cells = row.split(separator: "|").dropFirst().compactMap { Int($0.filter(\.isNumber)) }
    try #require(cells.count == 2 * filters.count, "\(row)")
    return stride(from: 0, to: cells.count, by: 2).map { cells[$0] }
  }

  private func run(_ arguments: [String]) throws -> [String] {
    let options = preferences.flatMap { ["-o", $0] }
    let output = try Command(["tshark", "-n", "-r", path] + arguments + options).run()
    return output.split(separator: "\n").map(String.init)
  }
}
