import Internet
import VRRP

/// How much of a fault, and whom it befalls.
extension Case {
  func amount(of drawn: Fault, _ random: inout Random) -> Fault {
    if Fault.Kind.reloads.contains(drawn.kind) { return change(drawn, &random) }
    var fault = drawn
    switch fault.kind {
    case .loss: fault.amount = random.within(5...60)
    case .heavyLoss: fault.amount = random.within(5...100)
    case .duplication: fault.amount = random.within(5...100)
    case .delay, .jitter: fault.amount = random.logarithmic(16, 24)
    case .mute, .deaf, .unplug:
      if random.chance(10) { fault.stations = Stations(Station.gateway) }
    case .partition: fault.stations = drawSide(&random)
    case .carrier: fault.amount = random.chance(50) ? 0 : random.logarithmic(20, 29)
    case .blockedVRRP, .blockedARP:
      fault.amount = random.within(1...3)
      if random.chance(40) { fault.stations = .hosts }
    case .blockedFamily:
      fault.amount = random.within(1...3) + (random.chance(50) ? 4 : 0)
      if random.chance(40) { fault.stations = .hosts }
    case .interfaceGone, .pause: fault.amount = random.within(0...1)
    // Its peers would not know it any more.
    case .readdressed: fault.amount = network.unicast ? 0 : random.within(0...1)
    case .lostFamily:
      if random.chance(40) { fault.stations = .hosts }
    case .defaultRoute: drawRoute(&fault, &random)
    case .crash:
      fault.amount = random.chance(60) ? random.within(20...40) * .millisecond : random.logarithmic(20, 31)
    case .lateTimers: fault.amount = random.logarithmic(18, 28)
    case .failingNetlink, .failingRoutes, .failingSockets: fault.amount = random.within(10...100)
    case .slowNetlink: fault.amount = random.logarithmic(16, 24)
    case .forgedARP: fault.amount = random.within(0...Int64(Forgery.allCases.count))
    case .forgedVRRP:
      fault.amount = random.pick([0, 1, 100, 254, 255])
      if random.chance(50) { fault.stations = Stations(Station.forger) }
    case .stop: fault.amount = random.chance(30) ? 0 : random.logarithmic(20, 29)
    case .stranger: fault.stations = Stations(Station.stranger)
    case .gatewayDown: fault.stations = Stations(Station.gateway)
    case .gatewaySlow:
      fault.stations = Stations(Station.gateway)
      fault.amount = random.logarithmic(23, 30)
    default: break
    }
    return fault
  }

  /// Often all hosts lose theirs, or get it late.
  private func drawRoute(_ fault: inout Fault, _ random: inout Random) {
    fault.amount = random.within(0...2)
    if random.chance(50) { fault.stations = .hosts }
    if random.chance(30) { fault.start = 0 }
  }

  func drawSide(_ random: inout Random) -> Stations {
    var side: Stations = []
    for station in 0..<Station.count where random.chance(50) { side.insert(Stations(station)) }
    return side
  }

  /// What a reload changes: on one host, or on all of them where they must agree.
  private func change(_ drawn: Fault, _ random: inout Random) -> Fault {
    var fault = drawn
    if random.chance(50) { fault.stations = .hosts }
    switch fault.kind {
    case .reload: fault.amount = random.within(1...254)
    case .reloadAddresses: fault.amount = drawSlots(&random)
    case .reloadPrefix, .reloadLabel, .reloadPreempt: fault.amount = random.within(0...1)
    case .reloadGroup:
      fault.amount = random.within(0...1)
      fault.stations = .hosts
      fault.instance = 0
    case .reloadRoutes: fault.amount = random.within(0...7)
    case .reloadPeers:
      fault.amount = random.within(0...1)
      fault.stations = .hosts
      fault.instance = 0
    case .reloadLease:
      fault.amount = random.pick([0, 1, 2, 3]) * .second
      fault.stations = .hosts
      fault.instance = 0
    case .reloadGateway: fault.amount = random.within(0...2)
    case .reloadInterval: fault.amount = random.pick([1, 5, 10, 20, 20, 50]) * 10 * .millisecond
    default: break
    }
    return fault
  }

  /// The first address stays, and so do the families.
  private func drawSlots(_ random: inout Random) -> Int64 {
    if network.families.count > 1 { return 1 + random.pick([2, 4 + 2, 8, 8 + 2, 4 + 8 + 2]) }
    return random.within(0...7) * 2 + 1 + (random.chance(30) ? 16 : 0)
  }
}
