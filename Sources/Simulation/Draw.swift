import Internet
import Ownership
import VRRP

extension Case {
  /// The case that `seed` draws.
  ///
  /// Swarm testing: each case allows only some kinds of fault, so that they meet in ever other company and
  /// none hides what another one does.
  public init(seed: UInt64) {
    var random = Random(seed: seed, stream: 1)
    let network = Self.drawNetwork(&random)
    let hosts = Self.drawHosts(network, &random)
    self.init(seed: seed, hosts: hosts, network: network, faults: [])
    drawFaults(&random)
    var others = Random(seed: seed, stream: 5)
    if others.chance(15) { self.network.reference = others.pick([.two, .three]) }
    // A proxy answers for those whom a forger invents, too: more than one fault can be.
    let isForged = faults.contains { $0.kind == .forgedVRRP }
    self.network.gatewayIsProxy = self.network.gateway == .router && !isForged && others.chance(5)
    if others.chance(2) { drawPartition(&others) }
    if others.chance(2) { drawLoss(&others) }
    if self.network.isGrouped && others.chance(15) { drawHang(&others) }
    if others.chance(3) { drawCutDuringPreemption(&others) }
    if others.chance(3) { drawCutDuringHandover(&others) }
  }

  // MARK: Who and where

  private static func drawHosts(_ network: NetworkSetup, _ random: inout Random) -> [HostSetup] {
    // Several daemons on each are enough.
    let count = random.pick(network.instances > 1 ? [2, 2, 2, 3] : [2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 5])
    let interval = drawInterval(&random)
    let mixesIntervals = random.chance(15) && interval.centiseconds <= 30
    let priorities: [UInt8] = random.chance(40) ? [100] : [1, 50, 99, 100, 101, 150, 200, 253, 254, 255]
    let preempts = random.chance(70)
    let startsTogether = random.chance(30)
    let lease = random.pick([1, 2, 2, 2, 3])
    let witness = drawWitness(&random)
    let mixesWitnesses = random.chance(10)
    var hosts: [HostSetup] = []
    for _ in 0..<count {
      var host = HostSetup()
      // Not too far apart: the fastest decides how much there is to simulate, and the slowest for how long.
      host.interval =
        mixesIntervals ? random.pick([interval, interval.times(2), interval.times(3)]) : interval
      host.priority = random.pick(priorities)
      host.preempts = random.chance(10) ? !preempts : preempts
      if random.chance(10) { host.preemptDelay = random.within(1...500) * .millisecond }
      host.remembers = !random.chance(15)
      host.promotes = random.chance(50)
      host.lease = Int64(lease) * .second
      host.witness = mixesWitnesses ? drawWitness(&random) : witness
      host.start = startsTogether ? 0 : random.within(0...2 * interval.duration.time)
      hosts.append(host)
    }
    if network.instances == 1 && random.chance(8) {
      let index = random.below(count)
      hosts[index].isPlain = true
      hosts[index].lease = nil
    }
    return hosts
  }

  private static func drawInterval(_ random: inout Random) -> AdvertisementInterval {
    let centiseconds =
      random.chance(70)
      ? 10 : random.chance(40) ? random.pick([1, 2, 3, 5]) : random.pick([20, 30, 50, 100])
    return AdvertisementInterval(centiseconds: centiseconds) ?? .standard
  }

  private static func drawWitness(_ random: inout Random) -> Parameters.WitnessMode {
    random.pick([.strict, .strict, .strict, .lease, .lease, .off])
  }

  private static func drawNetwork(_ random: inout Random) -> NetworkSetup {
    var network = NetworkSetup()
    network.gateway = random.chance(80) ? .router : random.chance(50) ? .peer : .none
    network.gatewayDelay =
      random.chance(5) ? random.within(5...300) * .millisecond : random.logarithmic(14, 21)
    network.reference = random.pick([.auto, .auto, .auto, .auto, .address, .none])
    network.delay = random.within(5...200) * .microsecond
    network.jitter = random.within(0...100) * .microsecond
    if random.chance(50) { network.chatter = random.logarithmic(26, 30) }
    for _ in 0..<random.pick([0, 0, 1, 2]) { network.clients.append(random.logarithmic(26, 29)) }
    network.addressCount = random.chance(15) ? 2 : 1
    network.onTheWire = random.chance(5)
    network.families = random.pick([[.ipv4], [.ipv4], [.ipv4], [.ipv6], [.ipv4, .ipv6], [.ipv6, .ipv4]])
    if network.families.count > 1 {
      network.addressCount = 2
      network.isPartial = random.chance(40)
    }
    network.drawInstances(&random)
    return network
  }

  // MARK: What goes wrong

  private mutating func drawFaults(_ random: inout Random) {
    // What few cases can have, those get more often.
    let allowed = Fault.Kind.allCases.filter { kind in
      isPossible(kind).map { random.chance($0 ? 60 : 0) } ?? random.chance(25)
    }
    guard !allowed.isEmpty else { return }
    let interval = longestInterval
    let horizon = 200 * Time.millisecond + 8 * interval
    // Isolation counts only once a host has heard others steadily for some seconds.
    let isLate = interval >= 100 * .millisecond && random.chance(6)
    let earliest = isLate ? 5 * interval + 5 * .second : 0
    if isLate && random.chance(50) {
      faults = [drawFault(.unplug, at: earliest + random.within(0...1000) * .millisecond, &random)]
      if random.chance(50) { network.chatter = 0 }
      if random.chance(50) { network.clients = [] }
      return
    }
    if random.chance(3) { return drawRestartAfterPause(&random) }
    for _ in 0..<random.pick([1, 1, 1, 2, 2, 3, 4, 6]) {
      let start = earliest + random.within(0...horizon / .microsecond) * .microsecond
      faults.append(drawFault(random.pick(allowed), at: start, &random))
    }
    faults.sort { $0.start < $1.start }
  }

  /// To those for which the promises about evidence are made.
  private mutating func lengthenIntervals() {
    for index in hosts.indices where hosts[index].interval.duration < .milliseconds(100) {
      hosts[index].interval = .standard
    }
  }

  /// The switch is split when all know each other, with stations on both sides.
  private mutating func drawPartition(_ random: inout Random) {
    if random.chance(70) { network.chatter = random.logarithmic(23, 28) }
    let start = 5 * longestInterval + 5 * .second + random.within(0...1000) * .millisecond
    var fault = Fault(
      kind: .partition, stations: [], start: start, length: random.within(1...3000) * .millisecond)
    fault.stations = drawSide(&random)
    faults = [fault]
  }

  /// A better router starts when all know each other, and is cut off when it is about to preempt, does, or just did.
  private mutating func drawCutDuringPreemption(_ random: inout Random) {
    let interval = unifyIntervals(&random)
    let better = random.below(hosts.count)
    for index in hosts.indices { hosts[index].priority = min(hosts[index].priority, 253) }
    hosts[better].priority = 254
    hosts[better].preempts = true
    let others = hosts.indices.filter { $0 != better }.map { hosts[$0].start }
    hosts[better].start = (others.max() ?? 0) + 5 * interval + 5 * .second
    let turns = random.within(0...7 * interval / .microsecond) * .microsecond
    let start = hosts[better].start + hosts[better].preemptDelay + turns
    let length = random.logarithmic(20, 32)
    faults = [Fault(kind: .unplug, stations: Stations(better), start: start, length: length)]
  }

  /// One of two routers is cut off when one of them gives the VIP to the other.
  private mutating func drawCutDuringHandover(_ random: inout Random) {
    let interval = unifyIntervals(&random)
    let start = (hosts.map(\.start).max() ?? 0) + 5 * interval + random.within(5000...6000) * .millisecond
    let kind = random.pick([.handover, .standBack] as [Fault.Kind])
    // Offers that overtake each other are more than one fault.
    network.jitter = 0
    var cut = Fault(kind: .unplug, stations: Stations(random.below(hosts.count)), start: start)
    cut.start += random.within(-interval / 2...3 * interval) / .microsecond * .microsecond
    cut.length = random.logarithmic(20, 32)
    faults = [drawFault(kind, at: start, &random), cut].sorted { $0.start < $1.start }
  }

  /// Of one length for all, also the shortest ones.
  private mutating func unifyIntervals(_ random: inout Random) -> Time {
    let interval = AdvertisementInterval(centiseconds: random.pick([1, 2, 5, 10, 10, 30, 100])) ?? .standard
    for index in hosts.indices {
      hosts[index].interval = interval
      hosts[index].isPlain = false
    }
    return interval.duration.time
  }

  /// A member of a group does nothing for longer than its lease lasts.
  private mutating func drawHang(_ random: inout Random) {
    let start = 5 * longestInterval + random.within(1000...3000) * .millisecond
    var fault = Fault(kind: .freeze, stations: Stations(random.below(hosts.count)), start: start)
    fault.instance = 1 + random.below(network.instances)
    fault.length = random.within(1...9) * .second
    faults = [fault]
  }

  /// One of five packets is lost all the time.
  private mutating func drawLoss(_ random: inout Random) {
    lengthenIntervals()
    let length = random.within(2...8) * .second
    faults = [
      Fault(kind: .heavyLoss, stations: .all, amount: random.within(10...20), start: 0, length: length)
    ]
    if random.chance(30) {
      faults.append(
        drawFault(
          random.pick([.handover, .gatewayDown, .crash]), at: random.within(1...4) * .second, &random))
    }
  }

  /// Whether a fault of this kind would change anything, where that depends on the network; nil where it does not.
  private func isPossible(_ kind: Fault.Kind) -> Bool? {
    switch kind {
    // Where there is one family, that is blocked VRRP.
    case .blockedFamily: network.families.count > 1
    case .failingCheck: network.penalty != nil
    case .lostFamily: network.isPartial
    case .failingRoutes, .deletedRoutes: network.routes > 0
    case .reloadGroup: network.isGrouped
    default: nil
    }
  }

  /// A daemon that dies with its machine asleep, and finds its addresses when both wake up.
  private mutating func drawRestartAfterPause(_ random: inout Random) {
    let host = Stations(random.below(hosts.count))
    let start = 5 * longestInterval + random.within(0...500) * .millisecond
    let pause = Fault(
      kind: .pause, stations: host, amount: random.within(0...1), start: start,
      length: longestInterval * random.within(3...8))
    let crash = Fault(
      kind: .crash, stations: host, amount: random.within(1...50) * .millisecond,
      start: start + random.within(0...longestInterval))
    faults = [pause, crash]
  }

  private func drawFault(_ kind: Fault.Kind, at start: Time, _ random: inout Random) -> Fault {
    var fault = Fault(kind: kind, stations: Stations(random.below(hosts.count)), start: start)
    if network.instances > 1 && random.chance(70) { fault.instance = 1 + random.below(network.instances) }
    guard kind.lasts else { return amount(of: fault, &random) }
    // One millisecond to two seconds, more if intervals are long, or if a witness must lose its patience.
    let outlastsLease = kind == .blockedVRRP && hosts.contains { $0.witness == .lease }
    let isLong = longestInterval > 100 * .millisecond || outlastsLease
    let isShort = longestInterval < 100 * .millisecond && !outlastsLease
    // Forgers speak so often that what they do for long is but more of the same.
    let isBusy = [.forgedARP, .forgedVRRP].contains(kind)
    let length = random.logarithmic(20, outlastsLease ? 33 : isShort || isBusy ? 30 : isLong ? 32 : 31)
    fault.length = max(length / .microsecond, 1) * .microsecond
    return amount(of: fault, &random)
  }
}

extension AdvertisementInterval {
  fileprivate func times(_ factor: Int) -> AdvertisementInterval {
    AdvertisementInterval(centiseconds: Int(centiseconds) * factor) ?? self
  }
}

extension NetworkSetup {
  /// What the daemons do beside electing.
  fileprivate mutating func drawInstances(_ random: inout Random) {
    isNarrow = random.chance(15)
    if random.chance(25) { routes = 1 + random.below(3) }
    virtualMAC = random.chance(10)
    unicast = random.chance(10)
    if random.chance(10) { penalty = random.pick([0, 0, 30]) }
    guard random.chance(10) else { return }
    instances = random.pick([2, 2, 3, 4])
    isGrouped = random.chance(85)
  }
}
