import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// What vipd sends, as read by tshark(1).
  @Suite struct DecodingTests {
    /// Every kind of frame that a pair sends in its life: it starts, one is Active, it hands over, and the
    /// Backup asks the owner's kernel all the time.
    @Test(arguments: DecodingTests.dialects) func everyKindIsDecodedWithoutAMark(_ dialect: Dialect) throws {
      let scene = try Scene(gateway: .station)
      for number in [217, 218] {
        try scene.start(number) { $0.checksum = dialect.checksum }
        try scene.expectOwners(217)
      }
      pause(.milliseconds(1500))
      try scene.daemon(217).stop()
      try scene.expectOwners(218)
      pause(.milliseconds(1500))
      let (first, second) = (try scene.segment.host(217), try scene.segment.host(218))
      for host in [first, second] {
        // Each host's frames alone: a VIP that moves is a duplicate address to tshark.
        let shark = try Shark(reading: scene.segment, sentBy: host, preferences: dialect.preferences)
        let marked = try shark.list(Shark.marks)
        #expect(marked.isEmpty, "\(marked)")
        #expect(try !shark.list("vrrp.prio == 100 && vrrp.checksum.status == \"Good\"").isEmpty)
        let about = "arp.dst.proto_ipv4 == \(scene.vip)"
        for operation in [1, 2] {
          #expect(try !shark.list("arp.isgratuitous && arp.opcode == \(operation) && \(about)").isEmpty)
        }
        #expect(try !shark.list("arp.opcode == 1 && !arp.isgratuitous && \(about)").isEmpty)
        if host.number == 217 {
          #expect(try !shark.list("vrrp.prio == 0 && vrrp.checksum.status == \"Good\"").isEmpty)
        } else {
          let witness = "eth.dst == \(first.hardwareAddress) && arp.opcode == 1 && \(about)"
          #expect(try !shark.list(witness).isEmpty, "the witness asks the owner, and nobody else")
        }
      }
    }

    /// tshark must be told which reading of the VRRPv3 checksum is meant; its default is RFC 5798's.
    struct Dialect: Sendable {
      var checksum: String?
      var preferences: [String] = []
    }

    static let dialects = [Dialect()]

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
    let options = preferences.flatMap { ["-o", $0] }
    let fields = ["frame.number", "_ws.col.Info", "_ws.expert.message"].flatMap { ["-e", $0] }
    let output = try Command(
      ["tshark", "-n", "-Q", "-r", path, "-Y", filter, "-T", "fields"] + fields + options
    ).run()
    return output.split(separator: "\n").map(String.init)
      .filter { !$0.hasPrefix("Running as user") && !$0.hasPrefix("tshark:") }
  }
}
