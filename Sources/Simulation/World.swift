import Configuration
import Host
import Internet
import Ownership
import VRRP

/// Everything that is simulated, and its clock.
final class World {
  let plan: Case
  let dropped: [Rule]
  let dropsOtherFamily: Bool
  let promise: Promise
  var now: Time = 0
  var queue = EventQueue()
  var frames = FramePool()
  var inputs = Pool<Input>()
  /// What the daemon that has the turn wants done.
  var effects = Effects()
  var machines: [Machine] = []
  /// Those of the first machine by VIP, then those of the next one.
  var daemons: [Daemon] = []
  var cables: [Cable] = []
  /// Whom each station's frames can reach.
  var reach = InlineArray<11, Stations>(repeating: [])
  var splits: [Stations] = []
  /// Where the switch saw each virtual router's hardware address last; 255 for nowhere.
  var learnt = InlineArray<9, UInt8>(repeating: 255)
  var gateway = Router()
  var clients: [Client] = []
  var strangerActive = 0
  /// Preemption was put off for longer than a run lasts: an operator's wish, or a rival that is deaf.
  var preemptionIsPostponed = false
  var lastCaller = 0
  /// Counts what daemons ask their kernels for in one go.
  var lastBatch = 0
  var random: Random
  /// Draws what forgers say, and when.
  var forgeries: Random
  var overlaps: [Overlaps]
  /// When an address or a link last changed.
  var changed: Time = 0
  var isSettled = false
  /// Since when nothing is left to be done, and whether that was long enough.
  var restSince = Time.never
  var hasComeToRest = false
  var violation: Violation?
  var coverage = Coverage()
  let isTracing: Bool
  var trace: [String] = []

  init(_ plan: Case, without dropped: [Rule], isTracing: Bool) {
    self.plan = plan
    self.dropped = dropped
    dropsOtherFamily = dropped.contains(.otherFamily)
    self.isTracing = isTracing
    promise = Promise(plan)
    random = Random(seed: plan.seed, stream: 2)
    forgeries = Random(seed: plan.seed, stream: 3)
    overlaps = [Overlaps](repeating: Overlaps(), count: plan.network.instances)
    cables.reserveCapacity(Station.count)
    for station in 0..<Station.count { cables.append(Cable(seed: plan.seed, station: station)) }
    for (number, setup) in plan.hosts.enumerated() {
      machines.append(Machine(setup, number: number, seed: plan.seed))
      setUp(number)
      for vip in 0..<plan.network.instances {
        let settings = plan.settings(of: number, vip: vip, without: dropped)
        let host = Host(settings, rules: rules(isPlain: setup.isPlain))
        daemons.append(Daemon(host, files: settings, machine: number, vip: vip, seed: plan.seed))
      }
    }
    clients = plan.network.clients.map { Client(period: $0) }
    updateReach()
    scheduleAll()
  }

  private func scheduleAll() {
    for number in daemons.indices {
      let stagger = Time(daemons[number].vip) * 3 * .millisecond
      schedule(.launch, at: plan.hosts[daemons[number].machine].start + stagger, target: number)
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
    schedule(.audit, at: Audit.pace)
    if let owned = promise.owned { schedule(.owned, at: owned) }
    schedule(.settled, at: promise.settled)
    schedule(.end, at: promise.end)
  }

  /// Lets time pass until the end, or until a promise is broken.
  func run() {
    coverage.count(.runs)
    if promise.demandsSafety { coverage.count(.safetyDemanded) }
    if promise.demandsLiveness { coverage.count(.livenessDemanded) }
    while violation == nil, let occurrence = queue.pop() {
      now = occurrence.time
      coverage.count(.occurrences)
      if occurrence.kind == .end { break }
      take(occurrence)
      if hasComeToRest { break }
    }
    coverage.count(.milliseconds, Int(now / .millisecond))
    if violation == nil { checkEnd() }
  }

  private func take(_ occurrence: Occurrence) {
    let target = Int(occurrence.target)
    switch occurrence.kind {
    case .frame: frameArrives(occurrence)
    case .packet: packetArrives(occurrence)
    case .timer: timerTicks(occurrence)
    case .evidence: evidenceArrives(occurrence)
    case .news, .answer, .input: inputArrives(occurrence)
    case .task: carryOutTask(occurrence)
    case .faultBegins: begin(fault: Int(occurrence.detail))
    case .faultEnds: end(fault: Int(occurrence.detail), afterwards: occurrence.index == 1)
    case .traffic: sendTraffic(from: target)
    case .launch: launch(occurrence)
    case .expiry: lifetimesEnd(on: target, at: occurrence.time)
    case .manage: manage(target)
    case .forgery: forge(occurrence)
    case .audit: audit()
    case .owned: checkOwned()
    case .settled: checkSettled()
    case .end: break
    }
  }

  func schedule(
    _ kind: Occurrence.Kind, at time: Time, target: Int = 0, index: Int = 0, life: UInt16 = 0,
    detail: Int32 = 0
  ) {
    queue.push(
      Occurrence(
        time: max(time, now), kind: kind, target: UInt8(target), index: UInt8(index), life: life,
        detail: detail))
  }

  func note(_ text: @autoclosure () -> String) {
    if isTracing { trace.append("\(TimeText.format(now)) \(text())") }
  }

  /// The same of a daemon.
  func note(_ number: Int, _ text: @autoclosure () -> String) {
    if isTracing { trace.append("\(TimeText.format(now)) \(name(number)) \(text())") }
  }

  func violate(_ rule: Violation.Rule, at time: Time? = nil, _ text: @autoclosure () -> String) {
    guard violation == nil else { return }
    violation = Violation(rule: rule, time: time ?? now, text: text())
  }

  /// The same of a daemon.
  func violate(_ rule: Violation.Rule, at time: Time? = nil, of number: Int, _ text: String = "") {
    guard violation == nil else { return }
    violation = Violation(
      rule: rule, time: time ?? now, text: text.isEmpty ? name(number) : "\(name(number)): \(text)")
  }

  // MARK: Who is where

  /// The daemons on a machine.
  func daemons(on machine: Int) -> Range<Int> {
    let first = machine * plan.network.instances
    return first..<first + plan.network.instances
  }

  func daemon(of vip: Int, on machine: Int) -> Int { machine * plan.network.instances + vip }

  /// `h2`, or `h2/235` where several daemons share a host.
  func name(_ daemon: Int) -> String {
    let name = Station.name(daemons[daemon].machine)
    return plan.network.instances == 1 ? name : "\(name)/\(Station.instanceNames[daemons[daemon].vip])"
  }

  /// Whether the daemon gets the processor.
  func runs(_ number: Int) -> Bool {
    daemons[number].isAlive && !daemons[number].isFrozen && machines[daemons[number].machine].paused == 0
  }

  /// What the kernel has of the VIP that the daemon serves, by slots.
  func present(_ number: Int) -> UInt8 {
    UInt8(
      truncatingIfNeeded: machines[daemons[number].machine].kernel.present >> UInt32(8 * daemons[number].vip))
  }

  func state(_ number: Int) -> Election.State { daemons[number].host.core.election.state }
}

extension World {
  func rules(isPlain: Bool) -> Rules {
    let rules = Rules.all.subtracting(Rules(dropped.compactMap(\.ofHost)))
    return isPlain ? rules.subtracting(.plain) : rules
  }
}

extension Rules {
  /// What a keepalived-like daemon lacks.
  fileprivate static let plain: Rules = [.isolation, .lateLoop, .resume]
}
