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
      for index in addresses.indices {
        let old = try #require(daemons[217]?[index])
        try old.send(SIGUSR2)
        try old.waitForExit(within: Scene.patience)
        daemons[217]?[index] = try self.start(addresses[index], 217, scene)
      }
      pause(.seconds(4))
      for address in addresses { scene.expectUnchanged(address, since: start) }
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
