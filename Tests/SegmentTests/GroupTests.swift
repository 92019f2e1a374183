import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// Two instances on each host that are Active or Backup together.
  @Suite struct GroupTests {
    private let addresses = [Segment.address(219), Segment.address(220)]

    /// Both instances of both hosts; .217 is first and so owns all.
    private func pair(in scene: Scene) throws -> [Int: [HostDaemon]] {
      var daemons: [Int: [HostDaemon]] = [:]
      for number in [217, 218] {
        for address in addresses { daemons[number, default: []].append(try start(address, number, scene)) }
        for address in addresses { try scene.expectOwners(217, of: address) }
      }
      // A standby makes itself known within a second.
      pause(.milliseconds(1500))
      return daemons
    }

    private func start(_ address: IPv4Address, _ number: Int, _ scene: Scene) throws -> HostDaemon {
      try HostDaemon(
        .vipd, on: number, of: scene.segment,
        configuration: "[VirtualIP]\nAddress=\(address)/24\nInterface=eth0\nGroup=web\n",
        instance: "\(address.bits & 255)")
    }

    private func expectAll(on number: Int, _ scene: Scene) throws {
      for address in addresses { try scene.expectOwners(number, of: address) }
    }

    @Test func aHandoverOfOneMovesAll() throws {
      let scene = try Scene(isProbed: false)
      let daemons = try pair(in: scene)
      try daemons[217]?.first?.send(SIGUSR1)
      try expectAll(on: 218, scene)
      try daemons[218]?.last?.send(SIGUSR1)
      // It is handed over, and comes back: its leader is where it was.
      pause(.seconds(2))
      try expectAll(on: 218, scene)
    }

    @Test func oneThatIsGoneForGoodTakesTheOthersAlong() throws {
      let scene = try Scene(isProbed: false)
      let daemons = try pair(in: scene)
      try daemons[217]?.last?.send(SIGKILL)
      try expectAll(on: 218, scene)
    }

    @Test func oneThatIsRestartedDoesNot() throws {
      let scene = try Scene(isProbed: false)
      var daemons = try pair(in: scene)
      let start = MonotonicClock.now
      for number in [217, 218] {
        for index in addresses.indices {
          let old = try #require(daemons[number]?[index])
          try old.send(SIGUSR2)
          try old.waitForExit(within: Scene.patience)
          daemons[number]?[index] = try self.start(addresses[index], number, scene)
        }
      }
      pause(.seconds(4))
      for address in addresses { scene.expectUnchanged(address, since: start) }
    }

    /// The leader, or another one. The kernel ends the lease, and so the others learn of it.
    @Test(arguments: [0, 1]) func oneThatHangsTakesTheOthersAlong(_ index: Int) throws {
      let scene = try Scene(isProbed: false)
      let daemons = try pair(in: scene)
      let frozen = try #require(daemons[217]?[index])
      try frozen.send(SIGSTOP)
      try expectAll(on: 218, scene)
      try frozen.send(SIGCONT)
      pause(.seconds(2))
      try expectAll(on: 218, scene)
    }

    /// Nobody misses it until the others depend on it.
    @Test func oneThatHangsAsBackupKeepsTheOthersFromStaying() throws {
      let scene = try Scene(isProbed: false)
      let daemons = try pair(in: scene)
      let frozen = try #require(daemons[218]?.last)
      let start = MonotonicClock.now
      try frozen.send(SIGSTOP)
      pause(.seconds(4))
      for address in addresses { scene.expectUnchanged(address, since: start) }
      for daemon in daemons[217] ?? [] { try daemon.send(SIGKILL) }
      try scene.expectOwners(218, of: addresses[0])
      try scene.expectOwners(of: addresses[0])
      try frozen.send(SIGCONT)
      try expectAll(on: 218, scene)
    }

    /// Beside those of no group, at the same time and on the same host.
    @Test func anIdleGroupWakesNobody() throws {
      let scene = try Scene(hosts: [217], isProbed: false)
      let daemons = try (0..<10).map { number in
        try HostDaemon(
          .vipd, on: 217, of: scene.segment,
          configuration: """
            [VirtualIP]
            Address=\(Segment.address(220 + number))/24
            Interface=eth0
            Group=\(number < 5 ? "web" : "")

            """,
          instance: "\(220 + number)")
      }
      for number in 0..<10 { try scene.expectOwners(217, of: Segment.address(220 + number)) }
      // What follows a start is over.
      pause(.seconds(6))
      let before = try daemons.map { try switches($0) }
      pause(.seconds(10))
      let counts = try zip(daemons, before).map { try switches($0) - $1 }
      let (grouped, others) = (counts[..<5].reduce(0, +), counts[5...].reduce(0, +))
      #expect(others > 0 && grouped * 10 <= others * 11)
    }

    /// How often a daemon's threads have slept so far.
    private func switches(_ daemon: HostDaemon) throws -> Int {
      let found = try Command(["pgrep", "-f", "--", "--runtime-dir \(daemon.runtimeDirectory) "]).run()
      let process = try #require(found.split(separator: "\n").first)
      let text = try Command(["sh", "-c", "cat /proc/\(process)/task/*/status"]).run()
      let lines = text.split(separator: "\n").filter { $0.hasPrefix("voluntary_ctxt_switches:") }
      return lines.compactMap { $0.split(separator: "\t").last.flatMap { Int($0) } }.reduce(0, +)
    }

    @Test func oneThatIsStoppedTakesTheOthersAlong() throws {
      let scene = try Scene()
      let daemons = try pair(in: scene)
      let start = MonotonicClock.now
      try #require(daemons[217]?.last).stop()
      try expectAll(on: 218, scene)
      pause(.milliseconds(500))
      try expectAll(on: 218, scene)
      #expect(scene.probe.report(from: start, to: MonotonicClock.now).lost == 0)
    }

    @Test func theRestStaysWhereNobodyElseCanHaveIt() throws {
      let scene = try Scene(hosts: [217], isProbed: false)
      let daemons = try addresses.map { try self.start($0, 217, scene) }
      try expectAll(on: 217, scene)
      let stopped = MonotonicClock.now
      try daemons[1].stop()
      pause(.seconds(4))
      scene.expectUnchanged(addresses[0], since: stopped)
    }
  }
}
