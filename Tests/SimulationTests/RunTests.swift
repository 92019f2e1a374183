import Ownership
import Testing

@testable import Simulation

@Suite struct Runs {
  @Test func everyPromiseIsKept() {
    var simulator = Simulator()
    for seed in 1...1000 as ClosedRange<UInt64> {
      let violation = simulator.run(Case(seed: seed)).violation
      #expect(violation == nil, "vipsim --seed \(seed)")
    }
    // A simulator that reaches nothing proves nothing.
    let coverage = simulator.coverage
    let items: [Coverage.Item] = [
      .silence, .preemption, .resignation, .heldAnswered, .reinstated, .newsLost, .forgedARP,
      .forgedVRRP, .routeAdded, .routeRestored, .macvlanMade, .groupChanged, .reloaded, .replied,
      .writeFailed,
    ]
    for item in items { #expect(coverage[item] > 0, "\(item)") }
    #expect(coverage[.safetyDemanded] > 500)
    #expect(coverage[.livenessDemanded] > 500)
  }

  @Test func everyFaultAndEveryWitnessIsDrawn() {
    let plans = (1...3000).map { Case(seed: $0) }
    for kind in Fault.Kind.allCases { #expect(plans.contains { $0.has(kind) }, "\(kind)") }
    for witness in Parameters.WitnessMode.allCases {
      #expect(plans.contains { $0.hosts.contains { $0.witness == witness } }, "\(witness)")
    }
    for form in 0...Int64(Forgery.allCases.count) {
      #expect(plans.contains { $0.faults.contains { $0.kind == .forgedARP && $0.amount == form } }, "\(form)")
    }
    // Swarm testing: no case allows all of them.
    for plan in plans { #expect(Set(plan.faults.map(\.kind)).count <= 6) }
  }

  @Test func aSeedReplaysExactly() {
    var simulator = Simulator()
    for seed in 1...20 as ClosedRange<UInt64> {
      let first = simulator.run(Case(seed: seed), tracing: true)
      let second = simulator.run(Case(seed: seed), tracing: true)
      #expect(first.trace == second.trace)
      #expect(!first.trace.isEmpty)
    }
  }

  @Test func aCaseSurvivesItsText() throws {
    for seed in 1...200 as ClosedRange<UInt64> {
      let plan = Case(seed: seed)
      #expect(try Case(parsing: plan.description) == plan)
    }
  }

  @Test(arguments: [
    "host kind=vipd speed=5", "host priority=256", "at 5ms melt h1", "at 5 kill h1", "at 5ms kill h9",
    "at 5ms freeze h1 for ever", "seed", "network delay=-5ms",
  ])
  func whatIsNotACaseIsRefused(_ line: String) {
    #expect(throws: CaseTextError.self) { try Case(parsing: "host kind=vipd\n" + line) }
  }

  @Test func thirtyFaultsShrinkToOne() throws {
    var text = "host kind=vipd start=0ms\nhost kind=vipd priority=101 start=0ms\n"
    for number in 0..<30 { text += "at \(100 + number)ms duplication h1 20 for 50ms\n" }
    text += "at 900ms kill h2\n"
    let plan = try Case(parsing: text)
    var simulator = Simulator(without: [.witness])
    let violation = try #require(simulator.run(plan).violation)
    let smallest = Shrinker.shrink(plan, breaking: violation.rule, in: simulator)
    #expect(smallest.faults.count == 1)
    #expect(smallest.faults.first?.kind == .kill)
    #expect(simulator.run(smallest).violation?.rule == violation.rule)
  }
}

@Suite struct Regressions {
  @Test(arguments: Schedules.fixed.indices) func staysFixed(_ index: Int) throws {
    let (name, text) = Schedules.fixed[index]
    var simulator = Simulator()
    let outcome = simulator.run(try Case(parsing: text))
    #expect(outcome.violation == nil, "\(name)")
  }
}

/// The simulator can fail: without any one of the rules some seed shows two owners, or none.
@Suite struct RulesAreNeeded {
  /// Violations of some seeds without `rule`.
  private func violations(without rule: Rule, _ seeds: ClosedRange<UInt64>) -> [Violation.Rule] {
    var simulator = Simulator(without: [rule])
    return seeds.compactMap { simulator.run(Case(seed: $0)).violation?.rule }
  }

  @Test func withoutLeaseNobodyFollowsADeadOwner() {
    #expect(violations(without: .lease, 1...700).contains(.unsettled))
  }

  @Test func withoutWitnessADeadOwnersKernelAnswersBesideTheNew() {
    #expect(violations(without: .witness, 1...700).contains(.twoOwners))
  }

  @Test func withoutIsolationAnUnpluggedOwnerKeepsTheVIP() {
    #expect(violations(without: .isolation, 1525...1565).contains(.twoOwners))
  }

  @Test func withoutLateLoopCheckAFrozenOwnerGoesOn() {
    #expect(violations(without: .lateLoop, 1...700).contains(.spokeLate))
  }

  @Test func withoutResumeRuleARestartedOwnerReturnsBesideTheNew() {
    #expect(violations(without: .resume, 1...400).contains(.resumedBeside))
  }

  @Test func withoutAnotherLookWhatWasLostStaysLost() {
    #expect(!violations(without: .resynchronize, 2629...2631).isEmpty)
  }

  @Test func withoutRetryWhatWasRefusedStaysAway() {
    #expect(!violations(without: .retry, 225...235).isEmpty)
  }

  @Test func withoutTheOrderOfAReloadAnAddressIsTakenAway() {
    #expect(violations(without: .addFirst, 560...570).contains(.takenAway))
  }

  @Test func withoutFollowingItTheWrongGatewayIsAsked() {
    #expect(violations(without: .followGateway, 180...200).contains(.gateway))
  }

  @Test func withoutRestoringThemRoutesStayAway() {
    #expect(violations(without: .restoreRoutes, 1...10).contains(.routes))
  }

  @Test func withoutTheTruthSomebodyIsToldWhatIsNotSo() {
    #expect(violations(without: .tellTruth, 1585...1595).contains(.untrue))
  }
}

/// Faults that only one rule keeps from doing harm, whatever is drawn.
@Suite struct RulesInCases {
  private func violation(of text: String, without rule: Rule? = nil) throws -> Violation.Rule? {
    var simulator = Simulator(without: rule.map { [$0] } ?? [])
    return simulator.run(try Case(parsing: text)).violation?.rule
  }

  /// The Backup router takes over after a lease, which the owner's kernel must not outlive.
  @Test func withoutLeaseAWitnessThatTrustsItSeesTwoOwners() throws {
    let text = """
      host witness=lease priority=100 interval=100ms start=0ms
      host witness=lease priority=100 interval=100ms start=0ms
      at 900ms kill h2
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .lease) == .twoOwners)
  }

  /// An owner with its own guests, cut off from gateway and standby.
  @Test func withoutReferencesGuestsAreProofEnoughForTwoOwners() throws {
    let text = """
      network reference=address chatter=20ms
      host priority=101 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 6000ms partition h1+bystander for 3000ms
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .references) == .twoOwners)
  }

  /// Of two references both must answer, of three two.
  @Test(arguments: ["two", "three"]) func moreThanHalfOfTheReferencesMustAnswer(_ references: String) throws {
    for side in ["h1+bystander", "h1+gw", "h1+c1", "h2+bystander", "h2+gw"] {
      let text = """
        network reference=\(references) chatter=20ms
        host priority=101 interval=100ms start=0ms
        host priority=100 interval=100ms start=0ms
        host priority=99 interval=100ms start=0ms
        at 6000ms partition \(side) for 3000ms
        """
      #expect(try violation(of: text) == nil, "\(side)")
    }
  }

  /// A proxy that nobody had a reason to find out answers for a VIP that its owner has let go.
  @Test func aProxyDoesNotHoldOffAPreemption() throws {
    let text = """
      network proxy=yes
      host priority=200 interval=500ms start=0ms
      host priority=100 interval=100ms start=0ms
      """
    #expect(try violation(of: text) == nil)
  }

  /// Neither the successor nor the old owner hears the other one: one of them must find out that it is cut off.
  @Test(arguments: [1, 3, 5, 8, 20, 50, 200], ["h1", "h2"])
  func whoIsCutOffDuringAHandoverLetsGo(_ delay: Int, _ host: String) throws {
    let text = """
      host priority=100 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 6000ms handover h2
      at \(6000 + delay)ms unplug \(host) for 3000ms
      """
    #expect(try violation(of: text) == nil)
  }

  /// The better router takes what it preempts between 5.8 and 5.9 s.
  @Test(arguments: Array(stride(from: 5520, through: 5960, by: 40)))
  func whoIsCutOffWhileItPreemptsLetsGo(_ cut: Int) throws {
    for witness in ["strict", "off"] {
      let text = """
        host witness=\(witness) priority=100 interval=100ms start=0ms
        host witness=\(witness) priority=254 interval=100ms start=5500ms
        at \(cut)ms unplug h2 for 3000ms
        """
      #expect(try violation(of: text) == nil, "\(witness)")
    }
  }

  /// It may own the VIP again when the owner is cut off, and had no time to say so.
  @Test func aStandbyThatWasHeldBackIsOneAllTheSame() throws {
    let text = """
      host priority=100 interval=100ms start=0ms
      host priority=101 interval=100ms start=0ms
      at 6000ms stand-back h1 for 500ms
      at 6100ms unplug h2 for 3000ms
      """
    #expect(try violation(of: text) == nil)
  }

  /// A standby whose interface was restarted, and whose default route came late, when the owner dies.
  @Test func aStandbyWhoseInterfaceWasRestartedTakesOver() throws {
    let text = """
      host priority=100 interval=100ms start=0ms
      host priority=101 interval=100ms start=0ms
      at 4000ms link-down h1 for 3000ms
      at 4000ms default-route h1 for 6050ms
      at 10200ms kill h2
      """
    #expect(try violation(of: text) == nil)
  }

  /// The host gets another address, and its old one is removed.
  @Test func withoutItsPlaceTheVIPBecomesASource() throws {
    let text = """
      host priority=100 interval=100ms start=0ms promotes=yes
      at 900ms readdressed h1 1 for 5s
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .placing) == .source)
  }

  /// The leader of a group, or another member, does nothing, and its lease ends.
  @Test(arguments: 1...3) func aMemberThatHangsTakesTheOthersAlong(_ instance: Int) throws {
    let text = """
      network instances=3 group=yes
      host priority=101 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 4000ms freeze h1 of \(instance) for 9s
      """
    var simulator = Simulator()
    #expect(simulator.run(try Case(parsing: text)).violation == nil)
    #expect(simulator.coverage[.hungMember] == 1)
  }

  @Test func withoutTheOtherFamilyBothOwnWhenOneIsBlocked() throws {
    let text = """
      network addresses=2 family=ipv4+ipv6
      host witness=off priority=100 interval=100ms start=0ms
      host witness=off priority=100 interval=100ms start=0ms
      at 900ms blocked-family h1+h2 3 for 900ms
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .otherFamily) == .twoOwners)
  }

  @Test func withoutAnotherLookNewsOfTheCarrierStaysLost() throws {
    let text = """
      host priority=100 interval=100ms start=0ms
      host priority=101 interval=100ms start=0ms
      at 900ms carrier h2 for 10ms
      at 905ms netlink-overflow h2 for 50ms
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .resynchronize) == .unsettled)
  }

  @Test func withoutTheOrderOfAReloadTheVIPGoesForAMoment() throws {
    let text = """
      host priority=100 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 900ms reload-prefix h1+h2 1
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .addFirst) == .takenAway)
  }

  @Test func withoutRetryARouteThatWasRefusedStaysAway() throws {
    let text = """
      network routes=1
      host priority=100 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 300ms failing-routes h1+h2 100 for 300ms
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .retry) == .routes)
  }

  @Test func withoutRestoringARouteThatSomebodyDeletesStaysAway() throws {
    let text = """
      network routes=1
      host priority=100 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 900ms deleted-routes h1+h2
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .restoreRoutes) == .routes)
  }

  @Test func withoutFollowingItTheGatewayIsThatOfAnEarlierDefaultRoute() throws {
    let text = """
      host priority=100 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 900ms default-route h1+h2 1 for 2000ms
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .followGateway) == .gateway)
  }

  @Test func withoutTheTruthNobodyHearsOfAMissingRoute() throws {
    let text = """
      network routes=1
      host priority=100 interval=100ms start=0ms
      host priority=100 interval=100ms start=0ms
      at 300ms failing-routes h1+h2 100 for 3000ms
      """
    #expect(try violation(of: text) == nil)
    #expect(try violation(of: text, without: .tellTruth) == .untrue)
  }
}

@Suite struct Parts {
  @Test func theQueueOrdersByTimeThenBySequence() {
    var queue = EventQueue()
    var random = Random(seed: 1, stream: 1)
    for number in 0..<500 {
      let time = Time(random.below(40))
      queue.push(Occurrence(time: time, kind: .timer, detail: Int32(number)))
    }
    var before: Occurrence?
    var count = 0
    while let next = queue.pop() {
      if let before { #expect(before.comes(before: next)) }
      before = next
      count += 1
    }
    #expect(count == 500)
  }

  @Test func timesSurviveTheirText() {
    for time in [0, 1, 999, 1000, 1_500_000, 2_000_000_000, 123_456_789] as [Time] {
      #expect(TimeText.parse(TimeText.format(time)) == time)
    }
    #expect(TimeText.parse("1.5s") == nil)
    #expect(TimeText.parse("99999999999s") == nil)
  }
}
