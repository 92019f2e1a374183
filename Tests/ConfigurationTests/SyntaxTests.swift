import Internet
import Testing

@testable import Configuration

@Suite struct SyntaxTests {
  private func statements(_ text: String) throws -> [Statement] {
    try ConfigurationSyntax.statements(of: Hosts.file(text))
  }

  private func assignment(_ key: String, _ value: String, _ line: Int) -> Statement {
    Statement(kind: .assignment(key: key, value: value), line: line)
  }

  @Test func linesAsSystemdReadsThem() throws {
    let text = """
      \u{FEFF}# comment \\
      [Section A]
        KeyOne = value 1\t
      ; comment

      KeyTwo=value 2 \\
             value 2 continued
      [Section C]\r
      KeyThree=value 3\\
      # this line is ignored
      ; this line is ignored too
             value 3 continued
      Even=a\\\\
      Empty=
      Equals=a=b # not a comment
      Last=x\\
      """
    #expect(
      try statements(text) == [
        Statement(kind: .section("Section A"), line: 2), assignment("KeyOne", "value 1", 3),
        assignment("KeyTwo", "value 2         value 2 continued", 6),
        Statement(kind: .section("Section C"), line: 8),
        assignment("KeyThree", "value 3        value 3 continued", 9), assignment("Even", "a\\\\", 13),
        assignment("Empty", "", 14), assignment("Equals", "a=b # not a comment", 15),
        assignment("Last", "x", 16),
      ])
  }

  @Test func lineEndsOfDOS() throws {
    #expect(
      try statements("[A]\r\nB=1\\\r\n2\r\n") == [
        Statement(kind: .section("A"), line: 1), assignment("B", "1 2", 2),
      ])
  }

  @Test(arguments: [
    ("", 0), ("0", 0), ("2", 2_000_000), ("100ms", 100_000), ("1s", 1_000_000), ("1min 30s", 90_000_000),
    ("1min30s", 90_000_000), ("2.5s", 2_500_000), ("500us", 500), ("5 sec", 5_000_000), (".5s", 500_000),
    ("5.", 5_000_000), ("1m", 60_000_000), ("2 hours", 7_200_000_000), ("1d", 86_400_000_000), ("3µs", 3),
    ("3μs", 3), ("1w", 604_800_000_000), ("1M", 2_629_800_000_000), ("1y", 31_557_600_000_000),
    ("40.95s", 40_950_000), ("1.000000s", 1_000_000), ("0.000001", 1), ("9223372036854775807us", .max),
    ("922337203685477us", 922_337_203_685_477), ("1.00000000us", 1), ("12.34s.56", 12_900_000),
  ])
  func timeSpans(text: String, microseconds: Int64) {
    let expected: Duration? = text.isEmpty ? nil : .microseconds(microseconds)
    #expect(TimeSpan.parse(text) == expected)
  }

  @Test(arguments: [
    " ", "s", "-1s", "+1s", "1x", "1 parsec", "1.2.3", ".", "1s.", "..", "1e3", "0x10", "infinity", "1,5s",
    "0.0000001", "1.0000005us", "99999999999999999999", "922337203685477580y", "300000y",
    "9223372036854775808us",
    "290000y 290000y", "1min 30parsec", "1٣s",
  ])
  func textThatIsNoTimeSpan(text: String) {
    #expect(TimeSpan.parse(text) == nil)
  }

  @Test(arguments: [
    ("0", "0s"), ("90", "90s"), ("1500ms", "1500ms"), ("40.95s", "40950ms"), ("10us", "10us"),
    ("99999us999999999999", "999999999999099999us"), ("9223372036854775807us", "9223372036854775807us"),
  ])
  func timeSpansRendered(text: String, rendered: String) throws {
    let span = try #require(TimeSpan.parse(text))
    #expect(TimeSpan.text(span) == rendered)
    #expect(TimeSpan.parse(rendered) == span)
  }

  @Test func distances() {
    #expect(editDistance("", "abc") == 3)
    #expect(editDistance("kitten", "sitting") == 3)
    #expect(nearest(to: "AdvertismentIntervalSec", in: ["Priority", "AdvertisementIntervalSec"]) != nil)
    #expect(nearest(to: "Peer", in: ["Preempt", "Priority"]) == nil)
  }

  @Test func everySeedIsReadOrRefusedInOneLine() throws {
    let surroundings = try Hosts.lab()
    var accepted = 0
    for seed in 1...4000 as ClosedRange<UInt64> {
      let bytes = RandomText(seed: seed).bytes()
      let file = ConfigurationFile(path: "/etc/vip/219.conf", bytes: bytes)
      do throws(ConfigurationError) {
        let settings = try Configuration.resolve(instance: "219", files: [file], surroundings: surroundings)
        accepted += 1
        #expect((1...255).contains(settings.addresses.count), "seed \(seed)")
        #expect(settings.virtualRouterID > 0 && settings.priority > 0, "seed \(seed)")
      } catch {
        let line = error.description
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "seed \(seed)")
        #expect(line.utf8.starts(with: "/etc/vip/219.conf:".utf8) || line.utf8.starts(with: "219: ".utf8))
      }
    }
    // The generator is worth its time only if both outcomes happen.
    #expect(accepted > 20)
    #expect(accepted < 3900)
  }
}

/// Seeded text: sometimes plain noise, mostly what comes close to a configuration.
private struct RandomText {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  /// xorshift64* (Vigna 2016)
  private mutating func next(below limit: Int) -> Int {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % limit
  }

  func bytes() -> [UInt8] {
    var random = self
    return random.next(below: 4) == 0 ? random.noise() : random.nearly()
  }

  private mutating func noise() -> [UInt8] {
    let length = next(below: 2001)
    return (0..<length).map { _ in UInt8(next(below: 256)) }
  }

  private mutating func nearly() -> [UInt8] {
    let pieces = [
      "[VirtualIP]\n", "[VRRP]\n", "[Safety]\n", "[Announce]\n", "Address=192.168.1.219\n", "Address=\n",
      "Address=192.168.1.7/32\n", "Interface=bond0\n", "Label=bond0:1\n", "Priority=7\n", "Preempt=off\n",
      "PreemptDelaySec=1min 2.5s\n", "LeaseSec=0\n", "RefreshSec=\n", "# \\\n", "\\\n", " ", "=", "[", "]",
      "\n", "\r\n",
      "9999999999999999999999", "\u{FEFF}", "é", ";", "/", "\0",
    ]
    let safe = next(below: 3) > 0
    var bytes: [UInt8] = []
    let length = next(below: 60)
    var section = 0
    while bytes.count < length * 33 && bytes.count < 1950 {
      var index = next(below: safe ? 16 : pieces.count)
      // Keep most keys in their section, so that some texts are accepted.
      if safe {
        if index < 4 { section = index }
        let home = [0, 1, 2, 3, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3, section, section][index]
        if home != section || bytes.isEmpty {
          bytes += Array(pieces[home].utf8)
          section = home
        }
        if index == 4 || index == 6 { bytes += Array("Address=\n".utf8) }
        if index == 15 { index = 14 }
      }
      bytes += Array(pieces[index].utf8)
    }
    return bytes
  }
}
