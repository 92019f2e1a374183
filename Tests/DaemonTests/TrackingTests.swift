import Configuration
import Glibc
import Internet
import Linux
import Netlink
import Systemd
import Testing
import Tracking

@testable import Daemon

/// A host with one interface.
enum Samples {
  /// The settings that `text` gives vip@219.
  static func settings(_ text: String) throws -> Settings {
    let own = try #require(
      IPAddress("192.168.1.217").flatMap { IPNetwork($0, prefixLength: 24) })
    let link = Surroundings.Link(
      index: 2, name: "bond0", hardwareAddress: MACAddress(bits: 2), addresses: [Surroundings.Address(own)])
    return try Configuration.resolve(
      instance: "219", files: [ConfigurationFile(path: "/etc/vip/219.conf", bytes: Array(text.utf8))],
      surroundings: Surroundings(links: [link], defaultRouteLinkIndex: 2))
  }
}

@Suite struct UnitMonitorTests {
  @Test func objectPathsOfUnits() throws {
    let units = "/org/freedesktop/systemd1/unit"
    #expect(
      try UnitMonitor.path(of: "postgresql@15-main.service") == "\(units)/postgresql_4015_2dmain_2eservice")
    #expect(try UnitMonitor.path(of: "9p_x.mount") == "\(units)/_39p_5fx_2emount")
  }
}

@Suite("The tracker", .serialized, .timeLimit(.minutes(1)))
struct TrackerTests {
  /// A tracker, its loop, and what it said.
  private final class Scene {
    let loop: EventLoop
    let tracker: Tracker
    var messages: [String] = []

    init(_ text: String, owns: Bool = true) throws {
      let settings = try Self.settings(text)
      loop = try EventLoop()
      var report: ((Message) -> Void)?
      tracker = Tracker(
        settings, owns: owns, on: loop,
        Tracker.Handlers(report: { report?($0) }, changed: {}))
      report = { [unowned self] in messages.append($0.text) }
      try tracker.follow(settings)
    }

    func follow(_ text: String) throws {
      try tracker.follow(try Self.settings(text))
    }

    private static func settings(_ text: String) throws -> Settings {
      try Samples.settings(text.isEmpty ? "" : "[Track]\nIntervalSec=100ms\n" + text)
    }

    /// Runs the loop for `time`, and `body` in the middle of it. Only once.
    func run(_ time: Duration, _ body: @escaping () -> Void = {}) throws {
      let timers = [
        try loop.timer(body), try loop.timer { [unowned self] in loop.exit(0) },
      ]
      timers[0].arm(at: Clock.now + time / 2)
      timers[1].arm(at: Clock.now + time)
      try withExtendedLifetime(timers) { _ = try loop.run() }
    }
  }

  @Test func aCommandThatFailsSaysWhy() throws {
    let scene = try Scene("Exec=/bin/sh -c 'echo no primary; echo more; exit 3'")
    #expect(scene.tracker.fitness == .fit)
    try scene.run(.seconds(2))
    #expect(scene.tracker.fitness == .unfit)
    #expect(
      scene.messages == [
        "Check fails: command \"/bin/sh -c 'echo no primary; echo more; exit 3'\" exit status 3: no primary; "
          + "this host must not own the VIP"
      ])
    #expect(scene.tracker.remark?.hasSuffix("exit status 3: no primary") == true)
  }

  @Test func everySectionHasItsPenaltyAndItsTiming() throws {
    let scene = try Scene("Exec=/bin/false\nFall=1\nPenalty=30\n[Track]\nExec=/bin/true\nIntervalSec=100ms")
    try scene.run(.seconds(1))
    #expect(scene.tracker.fitness == .penalized(30))
    try scene.follow("Exec=/bin/false\nFall=1\n[Track]\nExec=/bin/true\nPenalty=30")
    #expect(scene.tracker.fitness == .unfit)
  }

  @Test func aFreshHostWaitsForTheFirstPass() throws {
    let scene = try Scene("Exec=/bin/true", owns: false)
    #expect(scene.tracker.fitness == .unfit)
    #expect(scene.tracker.remark == "waiting for command \"/bin/true\"")
    try scene.run(.seconds(1))
    #expect(scene.tracker.fitness == .fit)
    #expect(scene.messages == ["Check passes: command \"/bin/true\""])
    #expect(scene.tracker.remark == nil)
  }

  @Test func aCommandThatHangsIsKilledAndHasFailed() throws {
    let scene = try Scene("Exec=/bin/sleep 600\nTimeoutSec=50ms\nPenalty=30")
    try scene.run(.seconds(2))
    #expect(scene.tracker.fitness == .penalized(30))
    #expect(
      scene.messages == [
        "Check fails: command \"/bin/sleep 600\" took longer than 50 ms; the priority is lowered by 30"
      ])
  }

  @Test func aCommandThatFloodsIsEndedByItsPipe() throws {
    let scene = try Scene("Exec=/usr/bin/yes")
    try scene.run(.seconds(2))
    #expect(scene.messages.first?.contains("killed by signal 13: y") == true, "\(scene.messages)")
  }

  @Test func aReloadForgetsWhatIsNoLongerAsked() throws {
    let file = "/tmp/vipd-tracking-\(getpid())"
    defer { unlink(file) }
    let scene = try Scene(
      "Exec=/bin/false\nExec=/bin/sh -c 'echo $$ >\(file); exec sleep 600'\nTimeoutSec=60")
    var before: [Fitness] = []
    try scene.run(.seconds(2)) {
      before.append(scene.tracker.fitness)
      #expect(throws: Never.self) { try scene.follow("") }
    }
    #expect(before == [.unfit])
    #expect(scene.tracker.fitness == .fit && scene.tracker.remark == nil)
    #expect(scene.messages.count == 1)
    // The sleeper was killed and waited for.
    let stream = try #require(fopen(file, "r"))
    defer { fclose(stream) }
    var text = [CChar](repeating: 0, count: 32)
    #expect(fgets(&text, 32, stream) != nil)
    let sleeper = atoi(text)
    #expect(sleeper > 0 && Glibc.kill(sleeper, 0) == -1)
  }

  @Test func commandsLearnOfChangedAddresses() throws {
    let command = "Exec=/bin/sh -c 'echo $VIP_INSTANCE $VIP; exit 1'\n"
    let scene = try Scene(command)
    var before: String?
    try scene.run(.seconds(3)) {
      before = scene.tracker.remark
      #expect(throws: Never.self) {
        try scene.follow(command + "[VirtualIP]\nAddress=192.168.1.219\nAddress=192.168.1.220")
      }
    }
    #expect(before?.hasSuffix("exit status 1: 219 192.168.1.219") == true)
    #expect(scene.tracker.remark?.hasSuffix("exit status 1: 219 192.168.1.219 192.168.1.220") == true)
  }

  @Test func interfacesPassWithTheirCarrier() throws {
    let scene = try Scene("Interface=eth1")
    func link(_ name: String, carrier: Bool) -> Link {
      Link(
        index: 7, name: name, macAddress: nil, isUp: true, hasCarrier: carrier, isLoopback: false,
        isARPCapable: true, isEthernet: true, kind: nil, parentIndex: nil)
    }
    scene.tracker.replace(links: [link("eth1", carrier: true)])
    #expect(scene.tracker.fitness == .fit)
    for change in [
      RouteChange.link(link("eth1", carrier: false)), .linkRemoved(index: 7, name: "eth1"),
      .link(link("eth9", carrier: true)),
    ] {
      scene.tracker.apply(.link(link("eth1", carrier: true)))
      #expect(scene.tracker.fitness == .fit)
      scene.tracker.apply(change)
      #expect(scene.tracker.fitness == .unfit, "\(change)")
    }
    scene.tracker.replace(links: [])
    #expect(scene.tracker.remark == "interface eth1 is missing, down or without carrier")
  }
}
