import Internet
import Ownership
import VRRP

/// Everything that is simulated, and its clock.
struct World {
  let plan: Case
  let rules: Rules
  let promise: Promise
  var now: Time = 0
  var queue = EventQueue()
  var frames = FramePool()
  var hosts: [Host] = []
  var cables: [Cable] = []
  /// Whom each station's frames can reach.
  var reach = InlineArray<11, Stations>(repeating: [])
  var splits: [Stations] = []
  var gateway = Gateway()
  var clients: [Client] = []
  var strangerActive = 0
  /// Hosts whose daemon waits for one frame of anybody.
  var listeners: Stations = []
  /// Preemption was put off for longer than a run lasts: an operator's wish, or a rival that is deaf.
  var preemptionIsPostponed = false
  var random: Random
  /// Draws what forgers say, and when.
  var forgeries: Random
  /// Lives in which faults that end with their victim's life began.
  var faultLives: [UInt16] = []
  var overlaps = Overlaps()
  var lastOwnershipChange: Time = 0
  var isSettled = false
  var violation: Violation?
  var coverage = Coverage()
  let isTracing: Bool
  var trace: [String] = []

  init(_ plan: Case, rules: Rules, isTracing: Bool) {
    self.plan = plan
    self.rules = rules
    self.isTracing = isTracing
    promise = Promise(plan)
    random = Random(seed: plan.seed, stream: 2)
    forgeries = Random(seed: plan.seed, stream: 3)
    for station in 0..<Station.count { cables.append(Cable(seed: plan.seed, station: station)) }
    for (number, setup) in plan.hosts.enumerated() {
      let parameters = setup.parameters(plan.network, number: number, rules: rules)
      hosts.append(Host(setup, number: number, seed: plan.seed, parameters: parameters))
    }
    clients = plan.network.clients.map { Client(period: $0) }
    faultLives = [UInt16](repeating: 0, count: plan.faults.count)
    updateReach()
    scheduleAll()
  }

  private mutating func scheduleAll() {
    for (number, host) in hosts.enumerated() {
      schedule(.launch, at: host.setup.start, target: number)
    }
    for (number, fault) in plan.faults.enumerated() {
      schedule(.faultBegins, at: fault.start, detail: Int32(number))
    }
    for number in clients.indices {
      schedule(.traffic, at: random.within(0...clients[number].period), target: Station.firstClient + number)
    }
    if plan.network.chatter > 0 {
      schedule(.traffic, at: random.within(0...plan.network.chatter), target: Station.bystander)
    }
    schedule(.settled, at: promise.settled)
    schedule(.end, at: promise.end)
  }

  /// Lets time pass until the end, or until a promise is broken.
  mutating func run() {
    coverage.count(.runs)
    if promise.demandsSafety { coverage.count(.safetyDemanded) }
    if promise.demandsLiveness { coverage.count(.livenessDemanded) }
    while violation == nil, let occurrence = queue.pop() {
      now = occurrence.time
      coverage.count(.occurrences)
      if occurrence.kind == .end { break }
      take(occurrence)
    }
    if violation == nil { checkEnd() }
  }

  private mutating func take(_ occurrence: Occurrence) {
    let target = Int(occurrence.target)
    switch occurrence.kind {
    case .faultBegins: begin(fault: Int(occurrence.detail))
    case .faultEnds: end(fault: Int(occurrence.detail), afterwards: occurrence.index == 1)
    case .frame: frameArrives(occurrence)
    case .traffic: sendTraffic(from: target)
    case .evidence: evidenceArrives(occurrence)
    case .launch, .added, .addFailed, .removed, .removeFailed, .vanished, .link, .answersLost, .newsLost:
      daemonTakes(occurrence)
    case .timer: timerTicks(occurrence)
    case .add, .remove: kernelCarriesOut(occurrence)
    case .expiry: lifetimeEnds(occurrence)
    case .forgery: forge(occurrence)
    case .settled: checkSettled()
    case .end: break
    }
  }

  mutating func schedule(
    _ kind: Occurrence.Kind, at time: Time, target: Int = 0, index: Int = 0, life: UInt16 = 0,
    request: UInt16 = 0, detail: Int32 = 0
  ) {
    queue.push(
      Occurrence(
        time: max(time, now), kind: kind, target: UInt8(target), index: UInt8(index), life: life,
        request: request, detail: detail))
  }

  mutating func note(_ text: @autoclosure () -> String) {
    if isTracing { trace.append("\(TimeText.format(now)) \(text())") }
  }

  mutating func violate(_ rule: Violation.Rule, at time: Time? = nil, _ text: @autoclosure () -> String) {
    guard violation == nil else { return }
    violation = Violation(rule: rule, time: time ?? now, text: text())
  }
}

extension HostSetup {
  /// What the daemon on host `number` is configured with.
  func parameters(_ network: NetworkSetup, number: Int, rules all: Rules) -> Parameters {
    let rules = isPlain ? [] : all
    var gateway = network.gatewayAddress
    if gateway == Station.address(number, network.families[0]) { gateway = nil }
    var parameters = Parameters(
      virtualRouterID: Station.virtualRouterID,
      addresses: network.virtualNetworks, priority: priority,
      interval: interval, preempts: preempts, preemptDelay: .nanoseconds(preemptDelay),
      lease: rules.contains(.lease) ? lease.map { .nanoseconds($0) } : nil,
      witness: rules.contains(.witness) ? witness : .off, gateway: gateway,
      isolation: rules.contains(.isolation), announcementRepeat: 3, announcementRefresh: .seconds(60))
    parameters.checksLateness = rules.contains(.lateLoop)
    parameters.checksResumption = rules.contains(.resume)
    return parameters
  }
}
