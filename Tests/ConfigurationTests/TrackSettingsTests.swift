import Internet
import Testing

@testable import Configuration

@Suite struct TrackSettingsTests {
  @Test func checksAddUpAndSayNothingTwice() throws {
    let settings = try Hosts.settings(
      """
      [Track]
      Unit=postgresql.service
      Unit=nginx.service
      Unit=postgresql.service
      Interface=eth1
      Exec=/usr/bin/test -e /run/ready
      Penalty=50
      """)
    #expect(
      settings.tracks[0].checks.map(\.description) == [
        "unit postgresql.service", "unit nginx.service", "interface eth1",
        "command \"/usr/bin/test -e /run/ready\"",
      ])
    #expect(settings.tracks.map(\.penalty) == [50])
    #expect(settings.description.contains("# /etc/vip/219.conf:3\nUnit=nginx.service\n"))
    let none = try Hosts.settings("[Track]\nUnit=a.service\nUnit=\nInterface=eth1\nInterface=")
    #expect(none.tracks.isEmpty)
    #expect(
      none.changes(to: settings).map(\.key) == [
        "Track.Unit", "Track.Interface", "Track.Exec", "Track.Penalty",
      ])
    #expect(none.changes(to: settings).allSatisfy { $0.effect == .live })
  }

  @Test func everySectionStandsForItself() throws {
    let text = """
      [Track]
      Unit=postgresql.service
      [Track]
      Interface=eth1
      Exec=/bin/true
      IntervalSec=5s
      Penalty=20
      [Track]
      Unit=a.service
      Unit=
      """
    let settings = try Hosts.settings(text)
    #expect(settings.tracks.map(\.penalty) == [0, 20])
    #expect(settings.tracks.map(\.interval) == [.seconds(1), .seconds(5)])
    #expect(settings.tracks.map { $0.checks.count } == [1, 2])
    #expect(settings.description.contains("# /etc/vip/219.conf:7\nPenalty=20\n"))
    let again = try Hosts.settings(settings.description)
    #expect(again.tracks == settings.tracks)

    let other = try Hosts.settings(text.replacing("IntervalSec=5s", with: "IntervalSec=6s"))
    #expect(settings.changes(to: other).map(\.description) == ["Track[2].IntervalSec: 5s -> 6s"])
    let first = try Hosts.settings("[Track]\nUnit=postgresql.service")
    #expect(
      settings.changes(to: first).map(\.key) == [
        "Track[2].Interface", "Track[2].Exec", "Track[2].IntervalSec", "Track[2].Penalty",
      ])
    var live = settings
    live.takeLiveValues(of: first)
    #expect(live.changes(to: first).isEmpty && live.description == first.description)
  }

  @Test func aSectionWithoutChecksIsRefused() throws {
    #expect(
      try Hosts.refusal("[Track]\nUnit=a.service\n[Track]\nPenalty=20")
        == """
        /etc/vip/219.conf:4: this [Track] has nothing to check; accepted: settings in the section whose Unit=, \
        Interface= or Exec= they are about; move them there, or add one of these keys
        """)
  }

  @Test func aCheckInTwoSectionsIsRefused() throws {
    let text = "[Track]\nUnit=a.service\n[Track]\nUnit=b.service\nUnit=a.service\nPenalty=20"
    #expect(try Hosts.refusal(text).contains("unit a.service is in an earlier [Track], too"))
  }

  @Test(
    arguments: [
      ("/bin/true", ["/bin/true"]), ("/bin/a  b\tc", ["/bin/a", "b", "c"]),
      ("/bin/sh -c 'exit 1'", ["/bin/sh", "-c", "exit 1"]),
      (#"/a "b c"d ''"#, ["/a", "b cd", ""]), (#"/a "it's""#, ["/a", "it's"]),
      ("true", nil), ("/a 'b", nil), ("'' /a", nil), ("\"/a b\" c", ["/a b", "c"]),
    ] as [(String, [String]?)])
  func wordsOfCommands(text: String, words: [String]?) {
    #expect(TrackSettings.CommandLine(text)?.words == words)
  }

  @Test(
    arguments: [
      ("postgresql@15-main.service", true), ("dev-sda1.device", true), ("a.b.target", true), ("nginx", false),
      (".service", false), ("a@.service", false), ("a/b.service", false), ("a.conf", false),
      ("a b.service", false),
    ] as [(String, Bool)])
  func unitNames(name: String, isOne: Bool) {
    #expect(TrackSettings.isUnitName(name) == isOne)
  }

  @Test func tooManyAreRefused() throws {
    let many = (0...64).map { "Interface=eth\($0)" }.joined(separator: "\n")
    #expect(try Hosts.refusal("[Track]\n" + many).hasPrefix("/etc/vip/219.conf:66: Interface= is \"eth64\""))
  }
}
