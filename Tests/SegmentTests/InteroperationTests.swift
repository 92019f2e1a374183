import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// With keepalived 2.2.7 as the other host. T = 500 ms sets a resignation (heard after the skew, 0.3 s) apart
  /// from a timeout (1.3 s at the earliest).
  @Suite struct InteroperationTests {
    private static let pairs: [(active: DaemonKind, backup: DaemonKind)] = [
      (.vipd, .keepalived), (.keepalived, .vipd),
    ]

    private func slowly(_ settings: inout DaemonSettings) { settings.interval = .milliseconds(500) }

    private func startPair(_ active: DaemonKind, _ backup: DaemonKind) throws -> Scene {
      let scene = try Scene()
      try scene.start(217, active, slowly)
      try scene.expectOwners(217)
      let start = MonotonicClock.now
      try scene.start(218, backup, slowly)
      pause(.seconds(4))
      try scene.expectOwners(217)
      #expect(scene.isUnchanged(since: start), "the Backup heard every advertisement")
      return scene
    }

    @Test(arguments: pairs) func priorityZeroHandsOver(active: DaemonKind, backup: DaemonKind) throws {
      let scene = try startPair(active, backup)
      let start = MonotonicClock.now
      try scene.daemon(217).send(SIGTERM)
      try scene.expectOwners(218)
      let history = scene.segment.ownership.history
      let taken = try #require(history.acquisition(of: scene.vip, by: 218, from: start))
      #expect(taken - start < .milliseconds(1200))
      #expect(scene.overlap(since: start).all == .zero)
      try scene.probe.waitForAnswer(from: "218", within: Scene.patience)
    }

    @Test(arguments: pairs) func silenceIsNoticed(active: DaemonKind, backup: DaemonKind) throws {
      let scene = try startPair(active, backup)
      let start = MonotonicClock.now
      try scene.segment.pullCable(217)
      try scene.expectOwners(218)
      let history = scene.segment.ownership.history
      let taken = try #require(history.acquisition(of: scene.vip, by: 218, from: start))
      #expect(taken - start > .milliseconds(1200) && taken - start < .seconds(5))
      try scene.probe.waitForAnswer(from: "218", within: Scene.patience)
    }

    @Test(arguments: pairs) func theHigherPriorityPreempts(first: DaemonKind, second: DaemonKind) throws {
      let scene = try Scene()
      try scene.start(217, first, slowly)
      try scene.expectOwners(217)
      try scene.start(218, second) {
        slowly(&$0)
        $0.priority = 200
      }
      try scene.expectOwners(218)
      pause(.seconds(2))
      try scene.expectOwners(218)
    }

    @Test(arguments: pairs) func equalPrioritiesAreDecidedByAddress(lower: DaemonKind, greater: DaemonKind)
      throws
    {
      let scene = try Scene()
      try scene.segment.dropEverything()
      try scene.start(217, lower, slowly)
      try scene.start(218, greater, slowly)
      try scene.expectOwners(217, 218)
      try scene.segment.dropEverything(false)
      try scene.expectOwners(218)
    }
  }
}
