import Lab
import Testing

extension SegmentTests {
  /// vipd beside keepalived, and many instances beside few: what `make bench` measures, in three minutes.
  ///
  /// Only orderings and growth are demanded, never a time: they are the same on a fast machine and on a busy one.
  @Suite struct ComparisonTests {
    private func outcome(of fault: Fault, with daemon: DaemonKind) throws -> Trial.Outcome {
      try Trial(fault, [daemon, daemon]).run()
    }

    @Test func anUnpluggedOwnerLetsGoAndKeepalivedsDoesNot() throws {
      let ours = try outcome(of: .unplugged, with: .vipd)
      let theirs = try outcome(of: .unplugged, with: .keepalived)
      print("Unplugged, both own: vipd \(ours.overlap.all), keepalived \(theirs.overlap.all)")
      #expect(ours.overlap.all == .zero && ours.ownersAtEnd == [218])
      #expect(theirs.overlap.all > .zero && theirs.ownersAtEnd == [217, 218])
    }

    @Test func aRestartLosesFewerPacketsThanKeepaliveds() throws {
      let ours = try outcome(of: .restarted, with: .vipd)
      let theirs = try outcome(of: .restarted, with: .keepalived)
      print("Restarted, packets lost: vipd \(ours.probe.lost), keepalived \(theirs.probe.lost)")
      #expect(ours.probe.lost < theirs.probe.lost)
      #expect(ours.takeovers == 0 && theirs.takeovers > 0)
    }

    @Test func noneOfAFewIsLateByAnInterval() throws {
      let takeover = try takeover(of: Fleet(.vipd, count: Self.few, interval: Self.interval))
      #expect(try #require(takeover.late.max()) < Self.interval)
    }

    /// Unplugs all of a fleet's owners at once: all must be announced, some time after their Active_Down_Interval.
    private func takeover(of fleet: Fleet) throws -> Takeover {
      let takeover = try fleet.unplug()
      print(
        "Unplugged, announced after the Active_Down_Interval: the last one \(takeover.late.max() ?? .zero)")
      #expect(takeover.missing == 0)
      return takeover
    }

    // MARK: Growth

    /// How much more an instance may cost beside 99 others than beside 9: it was sixteen times, when each woke all.
    /// How often it wakes is its own doing; what that takes of a processor also depends on who else uses it.
    private static let growth = (processor: 2.5, wakeUps: 1.5)
    private static let interval = Duration.seconds(1)
    private static let few = 10
    private static let many = 100
    /// The best counts: what else the machine does can only make it worse.
    private static let tries = 3

    @Test func anInstanceCostsTheSameBesideAHundred() throws {
      let fleets = try [Self.few, Self.many].map { try Fleet(.vipd, count: $0, interval: Self.interval) }
      var best = (processor: Double.infinity, wakeUps: Double.infinity)
      for _ in 0..<Self.tries
      where best.processor > Self.growth.processor || best.wakeUps > Self.growth.wakeUps {
        let costs = try Fleet.costs(of: fleets, over: .seconds(6))
        print("\(Self.few) instances: \(costs[0])\n\(Self.many) instances: \(costs[1])")
        let growth = Self.growth(from: costs[0], to: costs[1])
        best = (min(best.processor, growth.processor), min(best.wakeUps, growth.wakeUps))
      }
      #expect(best.processor <= Self.growth.processor, "times the processor time beside nine others")
      #expect(best.wakeUps <= Self.growth.wakeUps, "times the wake-ups beside nine others")
      _ = try takeover(of: fleets[1])
    }

    private typealias Costs = (owner: Fleet.Cost, standby: Fleet.Cost)

    /// By how much processor time and wake-ups of an instance are multiplied, on the host where it is worse.
    private static func growth(from few: Costs, to many: Costs) -> (processor: Double, wakeUps: Double) {
      let hosts = [(few.owner, many.owner), (few.standby, many.standby)]
      let processor = hosts.map { $1.processor / Double(Self.many) / ($0.processor / Double(Self.few)) }
      return (processor.max() ?? .infinity, hosts.map { $1.wakeUps / $0.wakeUps }.max() ?? .infinity)
    }
  }
}
