import Internet
import Testing

@testable import VRRP

private func at(_ milliseconds: Double) -> Instant {
  Instant(sinceBoot: .nanoseconds(Int64(milliseconds * 1_000_000)))
}

private let own = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DA))
private let lower = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01D9))
private let greater = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DB))

private func election(
  priority: UInt8 = 100, preempts: Bool = true, delay: Duration = .zero
) -> Election {
  Election(
    Election.Parameters(
      priority: priority, interval: .standard, preempts: preempts, preemptDelay: delay, primary: own))
}

private func heard(
  _ priority: UInt8, from sender: IPAddress = lower, interval: AdvertisementInterval = .standard
) -> Election.Event {
  .advertisement(
    Advertisement(virtualRouterID: 219, priority: priority, interval: interval), from: sender)
}

private func backup(
  priority: UInt8 = 100, preempts: Bool = true, delay: Duration = .zero
) -> Election {
  var router = election(priority: priority, preempts: preempts, delay: delay)
  _ = router.handle(.startup, at: at(0))
  return router
}

private func active(priority: UInt8 = 100) -> Election {
  var router = backup(priority: priority)
  _ = router.handle(.timer, at: router.deadline ?? at(0))
  return router
}

/// Active_Down_Interval at priority 100 and 100 ms.
private let activeDown = 360.9375
private let skew = 60.9375

@Suite struct ElectionFromInitialize {
  @Test func startsAsBackupWithItsOwnInterval() {
    var router = election()
    #expect(router.state == .initialize)
    #expect(router.deadline == nil)
    let outcome = router.handle(.startup, at: at(0))
    #expect(outcome == Election.Outcome(transition: .startup))
    #expect(router.state == .backup)
    #expect(router.deadline == at(activeDown))
    #expect(router.activeInterval == .standard)
  }

  @Test func addressOwnerIsActiveAtOnce() {
    var router = election(priority: 255)
    let outcome = router.handle(.startup, at: at(5))
    #expect(outcome == Election.Outcome(advertise: 255, transition: .addressOwner))
    #expect(router.state == .active)
    #expect(router.deadline == at(105))
  }

  @Test(arguments: [heard(0), heard(255), .timer, .shutdown, .late])
  func takesNoPartUntilStartup(event: Election.Event) {
    var router = election()
    #expect(router.handle(event, at: at(0)) == Election.Outcome())
    #expect(router.state == .initialize)
  }
}

@Suite struct ElectionAsBackup {
  @Test func silenceSinceStartupMakesItActive() {
    var router = backup()
    let outcome = router.handle(.timer, at: at(activeDown))
    #expect(outcome == Election.Outcome(advertise: 100, transition: .nobodyHeard))
    #expect(router.state == .active)
    #expect(router.deadline == at(activeDown + 100))
  }

  @Test func resignationLeavesTheSkewTime() {
    var router = backup()
    _ = router.handle(heard(100), at: at(50))
    #expect(router.handle(heard(0), at: at(100)) == Election.Outcome())
    #expect(router.deadline == at(100 + skew))
    #expect(router.handle(.timer, at: at(100 + skew)).transition == .resignation(of: lower))
  }

  @Test func equalOrHigherPriorityRearmsAndTeachesItsInterval() throws {
    let second = try #require(AdvertisementInterval(centiseconds: 100))
    for priority: UInt8 in [100, 101, 255] {
      var router = backup()
      #expect(router.handle(heard(priority, interval: second), at: at(10)) == Election.Outcome())
      #expect(router.activeInterval == second)
      #expect(router.deadline == at(10 + 3609.375))
      let outcome = router.handle(.timer, at: at(3619.375))
      #expect(outcome.transition == .silence(of: lower, since: at(10)))
    }
  }

  @Test func aWorseRouterIsOverruledWithoutTouchingTheTimer() {
    var router = backup()
    #expect(router.handle(heard(99), at: at(350)) == Election.Outcome())
    #expect(router.deadline == at(activeDown))
    let outcome = router.handle(.timer, at: at(activeDown))
    #expect(outcome == Election.Outcome(advertise: 100, transition: .preemption(of: lower, priority: 99)))
  }

  @Test func addressOwnerPreemptsWhateverIsConfigured() {
    var router = backup(priority: 254, preempts: false)
    router.reconfigure(
      Election.Parameters(
        priority: 255, interval: .standard, preempts: false, preemptDelay: .zero, primary: own),
      at: at(0))
    let before = router.deadline
    _ = router.handle(heard(254), at: at(50))
    #expect(router.deadline == before)
  }

  @Test func preemptionWaitsItsDelay() {
    var router = backup(delay: .seconds(1))
    for step in 0...10 {
      _ = router.handle(heard(50), at: at(Double(step) * 100))
      #expect(router.state == .backup)
    }
    // Ten hundredths on, the delay is over: from here on the worse router's voice no longer counts.
    #expect(router.deadline == at(900 + activeDown))
    let outcome = router.handle(.timer, at: at(900 + activeDown))
    #expect(outcome.transition == .preemption(of: lower, priority: 50))
  }

  @Test func theDelayDoesNotHoldBackATakeover() {
    var router = backup(delay: .seconds(1000))
    _ = router.handle(heard(50), at: at(0))
    #expect(router.deadline == at(activeDown))
    #expect(router.handle(.timer, at: at(activeDown)).transition == .silence(of: lower, since: at(0)))
  }

  @Test func aBetterRouterEndsTheDelay() {
    var router = backup(delay: .milliseconds(150))
    _ = router.handle(heard(50), at: at(0))
    _ = router.handle(heard(200, from: greater), at: at(100))
    _ = router.handle(heard(50), at: at(200))
    #expect(router.deadline == at(200 + activeDown))
  }

  @Test func aLateLoopListensAgain() {
    var router = backup()
    #expect(router.handle(.late, at: at(5000)) == Election.Outcome())
    #expect(router.deadline == at(5000 + activeDown))
  }
}

@Suite struct ElectionAsActive {
  @Test func advertisesEveryInterval() {
    var router = active()
    let due = router.deadline
    #expect(router.handle(.timer, at: at(activeDown + 100)) == Election.Outcome(advertise: 100))
    #expect(due == at(activeDown + 100))
    #expect(router.deadline == at(activeDown + 200))
  }

  @Test(arguments: [(101, lower), (101, greater), (255, lower), (100, greater)] as [(UInt8, IPAddress)])
  func yieldsToABetterRouter(priority: UInt8, sender: IPAddress) {
    var router = active()
    let outcome = router.handle(heard(priority, from: sender), at: at(400))
    #expect(outcome == Election.Outcome(transition: .better(sender, priority: priority)))
    #expect(router.state == .backup)
    #expect(router.deadline == at(400 + activeDown))
    let next = router.handle(.timer, at: at(400 + activeDown))
    #expect(next.transition == .silence(of: sender, since: at(400)))
  }

  @Test func aLateLoopStepsDownWithoutAWord() {
    var router = active()
    #expect(router.handle(.late, at: at(9000)) == Election.Outcome(transition: .late))
    #expect(router.state == .backup)
    #expect(router.deadline == at(9000 + activeDown))
  }

  @Test func aShorterIntervalAppliesAtOnce() {
    var router = active()
    router.reconfigure(
      Election.Parameters(
        priority: 100, interval: .shortest, preempts: true, preemptDelay: .zero, primary: own),
      at: at(activeDown + 1))
    #expect(router.state == .active)
    #expect(router.deadline == at(activeDown + 11))
  }
}

@Suite struct ElectionBetweenRouters {
  /// Routers that hear each other after half a millisecond, for two seconds of virtual time.
  private func run(_ routers: [(UInt8, IPAddress)], preempts: Bool = true) -> [Election.State] {
    var elections = routers.map { priority, address in
      Election(
        Election.Parameters(
          priority: priority, interval: .standard, preempts: preempts, preemptDelay: .zero,
          primary: address))
    }
    var wires: [(at: Instant, from: Int, priority: UInt8)] = []
    for index in elections.indices { _ = elections[index].handle(.startup, at: at(0)) }
    var now = at(0)
    func transmit(_ outcome: Election.Outcome, from index: Int) {
      if let priority = outcome.advertise { wires.append((now + .microseconds(500), index, priority)) }
    }
    while now < at(2000) {
      let timers = elections.compactMap(\.deadline) + wires.map(\.at)
      now = timers.min() ?? at(2000)
      let arrived = wires.filter { $0.at <= now }
      wires.removeAll { $0.at <= now }
      for wire in arrived {
        for index in elections.indices where index != wire.from {
          let event = heard(wire.priority, from: routers[wire.from].1)
          transmit(elections[index].handle(event, at: now), from: index)
        }
      }
      for index in elections.indices {
        if let due = elections[index].deadline, due <= now {
          transmit(elections[index].handle(.timer, at: now), from: index)
        }
      }
    }
    return elections.map(\.state)
  }

  @Test func equalPrioritiesEndWithTheGreaterAddress() {
    #expect(run([(100, lower), (100, own)]) == [.backup, .active])
    #expect(run([(100, own), (100, lower)]) == [.active, .backup])
  }

  @Test func theHighestOfThreeWins() {
    #expect(run([(100, lower), (150, own), (120, greater)]) == [.backup, .active, .backup])
  }
}
