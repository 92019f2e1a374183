import Control
import Glibc
import Host
import Testing

@testable import vipctl

@Suite struct ViewTests {
  private func terminal(_ width: Int?, hasColour: Bool = false) -> Terminal {
    Terminal(hasColour: hasColour, width: width)
  }

  private func list(_ width: Int?, _ reports: [Report] = Samples.all) -> String {
    ListView(reports: reports, now: Samples.now).lines(on: terminal(width)).joined(separator: "\n")
  }

  @Test func theWholeList() {
    #expect(
      list(nil) == """
        221: Heartbeat lost from 192.168.1.218, but 192.168.1.221/24 is still answered by 02:00:00:00:02:18: the daemon there is gone or VRRP is blocked; holding
        222: the daemon does not answer (nothing within 1 s); look at: systemctl status vip@222
        220: no standby has shown itself

        NAME   ADDRESS              ROLE       OWNER          MAC                SINCE  STANDBYS             EVERY  LEASE  WITNESS           LAST CHANGE
        219    192.168.1.219/24     Active     this host      02:00:00:00:02:17  2h10m  192.168.1.218 (100)  100ms  2s     strict            192.168.1.218 resigned
        220    192.168.1.220/24 +1  Active     this host      02:00:00:00:02:17  2h10m  nobody               100ms  2s     strict            192.168.1.218 resigned
        221    192.168.1.221/24     Backup     192.168.1.218  02:00:00:00:02:18  42s    -                    100ms  2s     strict, answered  listening
        222    -                    no answer  -              -                  -      -                    -      -      -                 -
        web-1  -                    stopped    -              -                  -      -                    -      -      -                 -
        """)
  }

  @Test func oneThatWaitsForItsSurroundings() {
    var status = Samples.active
    (status.state, status.owns, status.owner, status.addresses) = ("initialize", false, "", [])
    (status.interface, status.summary) = ("", "Waiting for a default route")
    let report = Samples.report(status)
    #expect(!report.isWell)
    #expect(list(nil, [report]).hasPrefix("219: Waiting for a default route\n"))
    let lines = DetailView(report: report, now: Samples.now).lines(on: terminal(nil))
    #expect(lines.contains("Address   not known yet"))
  }

  @Test func theListIn80Columns() {
    #expect(
      list(80) == """
        221: Heartbeat lost from 192.168.1.218, but 192.168.1.221/24 is still answered
        by 02:00:00:00:02:18: the daemon there is gone or VRRP is blocked; holding
        222: the daemon does not answer (nothing within 1 s); look at: systemctl status
        vip@222
        220: no standby has shown itself

        NAME   ADDRESS              ROLE       OWNER          SINCE  STANDBYS
        219    192.168.1.219/24     Active     this host      2h10m  192.168.1.218 (100)
        220    192.168.1.220/24 +1  Active     this host      2h10m  nobody
        221    192.168.1.221/24     Backup     192.168.1.218  42s    -
        222    -                    no answer  -              -      -
        web-1  -                    stopped    -              -      -
        """)
  }

  @Test(arguments: [80, 100, 120, 200]) func noLineOfTheTableIsTooLong(width: Int) {
    let lines = ListView(reports: Samples.all, now: Samples.now).lines(on: terminal(width))
    #expect(lines.allSatisfy { $0.count <= width })
  }

  @Test func onlyTroubleIsRed() {
    func lines(_ report: Report) -> String {
      ListView(reports: [report], now: Samples.now).lines(on: terminal(80, hasColour: true)).joined()
    }
    let red = "\u{1B}[1;31m"
    #expect(!lines(Samples.report(Samples.active)).contains(red))
    #expect(!lines(Samples.report(Samples.unprotected)).contains(red))
    #expect(!lines(Samples.stopped).contains(red))
    #expect(lines(Samples.report(Samples.holding)).contains(red))
    #expect(lines(Samples.frozen).contains(red))
  }

  @Test func whatOthersSayCannotMoveTheCursor() {
    var status = Samples.active
    status.cause = "evil\u{1B}[2J\nline"
    status.owner = "\u{7}"
    let text = list(nil, [Samples.report(status)])
    #expect(!text.contains("\u{1B}") && !text.contains("\u{7}"))
    #expect(text.split(separator: "\n").count == 2)
  }

  @Test func everythingAboutOne() {
    // Local times depend on the time zone.
    setenv("TZ", "UTC", 1)
    tzset()
    let view = DetailView(report: Samples.report(Samples.active), now: Samples.now)
    #expect(
      view.lines(on: terminal(80)).joined(separator: "\n") == """
        219: Active since 2025-11-22 07:50:00 UTC: owns 192.168.1.219/24 on bond0

        Address   192.168.1.219/24 on bond0
        Role      Active since 2025-11-22 07:50:00.000: 192.168.1.218 resigned
        Owner     192.168.1.217 at 02:00:00:00:02:17 (this host)
        Election  VRID 219, priority 150, every 100ms
        Lease     2s
        Witness   strict
        Gateway   192.168.1.1
        Daemon    vipd 0.1.0

        ROUTER         MAC                PRIORITY  ROLE       SEEN
        192.168.1.218  02:00:00:00:02:18  100       stands by  400 ms ago

        CHANGED                  TO      WHY
        2025-11-22 07:50:00.000  Active  192.168.1.218 resigned
        2025-11-21 09:00:00.000  Backup  listening

        COUNTED              TIMES
        advertisements sent  78000
        """)
  }

  @Test func theExitStatusIsAboutService() {
    #expect(Samples.report(Samples.active).isWell)
    #expect(Samples.report(Samples.unprotected).isWell)
    #expect(Samples.stopped.isWell)
    #expect(!Samples.report(Samples.holding).isWell)
    #expect(!Samples.frozen.isWell)
    var held = Samples.active
    held.state = "backup"
    held.isHeld = true
    held.standsBack = true
    #expect(Samples.report(held).isWell)
    held.owner = ""
    #expect(!Samples.report(held).isWell, "nobody has it")
  }

  @Test func json() {
    #expect(
      JSON.text(InstanceDocument(Samples.report(Samples.active))) == """
        {
          "addresses" : [
            "192.168.1.219/24"
          ],
          "advertisementIntervalMilliseconds" : 100,
          "cause" : "192.168.1.218 resigned",
          "configured" : true,
          "counters" : {
            "advertisements_sent" : 78000,
            "conflicts" : 0
          },
          "enabled" : true,
          "gateway" : "192.168.1.1",
          "held" : false,
          "instance" : "219",
          "interface" : "bond0",
          "leaseMilliseconds" : 2000,
          "ok" : true,
          "owner" : {
            "address" : "192.168.1.217",
            "isThisHost" : true,
            "mac" : "02:00:00:00:02:17"
          },
          "owns" : true,
          "peers" : [
            {
              "address" : "192.168.1.218",
              "lastAdvertised" : "2025-11-22T07:49:59.000000Z",
              "lastSeen" : "2025-11-22T09:59:59.600000Z",
              "mac" : "02:00:00:00:02:18",
              "priority" : 100,
              "ready" : true,
              "standsBy" : true
            }
          ],
          "priority" : 150,
          "problems" : [

          ],
          "since" : "2025-11-22T07:50:00.000000Z",
          "standsBack" : false,
          "state" : "active",
          "summary" : "Active since 2025-11-22 07:50:00 UTC: owns 192.168.1.219/24 on bond0",
          "transitions" : [
            {
              "cause" : "192.168.1.218 resigned",
              "state" : "active",
              "time" : "2025-11-22T07:50:00.000000Z"
            },
            {
              "cause" : "listening",
              "state" : "backup",
              "time" : "2025-11-21T09:00:00.000000Z"
            }
          ],
          "version" : "0.1.0",
          "virtualRouterID" : 219,
          "warnings" : [

          ],
          "witness" : {
            "mode" : "strict"
          }
        }
        """)
    #expect(
      JSON.text(InstanceDocument(Samples.frozen)) == """
        {
          "configured" : false,
          "enabled" : true,
          "instance" : "222",
          "ok" : false,
          "problems" : [
            "the daemon does not answer (nothing within 1 s); look at: systemctl status vip@222"
          ],
          "state" : "silent",
          "warnings" : [

          ]
        }
        """)
  }

  @Test(
    arguments: [
      (0, "0 ms"), (999_999, "999 ms"), (2_549_000, "2.5 s"), (59_999_999, "59 s"), (60_000_000, "1 min"),
      (3_725_000_000, "1 h 2 min"), (90_061_000_000, "1 d 1 h"),
    ] as [(UInt64, String)])
  func spans(microseconds: UInt64, text: String) { #expect(WallClock.span(microseconds) == text) }

  @Test func longTextIsWrappedBetweenWords() {
    let lines = wrap("one two three four five six seven eight", to: 30, indent: 4)
    #expect(lines == ["one two three four five", "    six seven eight"])
    #expect(wrap("as it is", to: nil, indent: 4) == ["as it is"])
    #expect(shorten("abcdef", to: 4) == "abc…")
  }
}
