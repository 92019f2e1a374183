import Internet
import Neighbor
import Ownership

/// What each host's kernel does, whether its daemon runs or not.
extension World {
  private static let busy: Int32 = 16
  private static let noDevice: Int32 = 19

  // MARK: Requests

  /// The daemon's request reaches its kernel; the answer follows. The daemon waits in the system call.
  mutating func request(_ kind: Occurrence.Kind, _ index: Int, on number: Int) {
    let host = hosts[number]
    let started = max(host.busyUntil, now)
    var cost = hosts[number].random.within(5...30) * .microsecond
    if host.netlinkDelay > 0 { cost += hosts[number].random.within(0...host.netlinkDelay) }
    hosts[number].busyUntil = started + cost
    let request = hosts[number].requests.open(isAddition: kind == .add, index)
    if host.interfaceGone > 0 {
      // An address that went with its interface is as good as removed.
      let answer: Occurrence.Kind = kind == .add ? .addFailed : .removed
      return news(answer, index, on: number, request: request, detail: Self.noDevice)
    }
    if hosts[number].random.chance(host.failingPercent) {
      let answer: Occurrence.Kind = kind == .add ? .addFailed : .removeFailed
      return news(answer, index, on: number, request: request, detail: Self.busy)
    }
    if host.netlinkDelay > 0 {
      let generation = Int32(host.interfaceGeneration)
      // A moment before the call returns.
      return schedule(
        kind, at: started + cost - 1, target: number, index: index, request: request, detail: generation)
    }
    if kind == .add {
      kernelAdds(index, on: number, request: request)
    } else {
      kernelRemoves(index, on: number, request: request)
    }
  }

  /// A request that took its time is carried out, if its interface still exists.
  mutating func kernelCarriesOut(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    let index = Int(occurrence.index)
    let isAddition = occurrence.kind == .add
    guard hosts[number].interfaceGone == 0, Int(occurrence.detail) == hosts[number].interfaceGeneration else {
      return news(
        isAddition ? .addFailed : .removed, index, on: number, request: occurrence.request,
        detail: Self.noDevice)
    }
    if isAddition {
      kernelAdds(index, on: number, request: occurrence.request)
    } else {
      kernelRemoves(index, on: number, request: occurrence.request)
    }
  }

  private mutating func kernelAdds(_ index: Int, on number: Int, request: UInt16) {
    let lease = hosts[number].instance.parameters.lease
    let address = AddressSet(index: index)
    let isNew = !hosts[number].present.contains(address)
    coverage.count(isNew ? .added : .renewed)
    hosts[number].present.insert(address)
    hosts[number].expiry[index] = lease.map { now + $0.time } ?? .never
    if lease != nil && hosts[number].expiryQueued[index] == .never { queueExpiry(index, on: number) }
    news(.added, index, on: number, request: request)
    if isNew { ownershipChanged() }
  }

  /// Removes an address, for the daemon's `request` if it asked for that.
  mutating func kernelRemoves(_ index: Int, on number: Int, request: UInt16? = nil) {
    let isChange = hosts[number].present.remove(AddressSet(index: index)) != nil
    if isChange {
      coverage.count(.removed)
      // The kernel tells everybody before it answers who asked.
      news(.vanished, index, on: number)
      hosts[number].expiry[index] = .never
      note("\(Station.name(number)): the kernel removed address \(index)")
    }
    if let request { news(.removed, index, on: number, request: request) }
    if isChange { ownershipChanged() }
  }

  /// Tells the daemon, if it lives, in the order of what happened.
  mutating func news(
    _ kind: Occurrence.Kind, _ index: Int, on number: Int, request: UInt16 = 0, detail: Int32 = 0
  ) {
    guard hosts[number].isAlive else { return }
    let earliest = max(now, hosts[number].busyUntil) + hosts[number].random.within(10...50) * .microsecond
    let time = max(earliest, hosts[number].lastNews)
    hosts[number].lastNews = time
    let life = hosts[number].life
    if let loss = overflow(kind, on: number) { return schedule(loss, at: time, target: number, life: life) }
    schedule(
      kind, at: time, target: number, index: index, life: life, request: request, detail: detail)
  }

  // MARK: Lifetimes

  private mutating func queueExpiry(_ index: Int, on number: Int) {
    // Measured: the kernel removes an address 0.02 to 0.4 s after its lifetime.
    let lateness = hosts[number].random.within(20...400) * .millisecond
    let time = hosts[number].expiry[index] + lateness
    hosts[number].expiryQueued[index] = time
    schedule(.expiry, at: time, target: number, index: index)
  }

  mutating func lifetimeEnds(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    let index = Int(occurrence.index)
    guard hosts[number].expiryQueued[index] == occurrence.time else { return }
    hosts[number].expiryQueued[index] = .never
    let expiry = hosts[number].expiry[index]
    guard expiry != .never else { return }
    // A kernel that is stopped removes nothing; looking again is left to the end of the pause.
    guard hosts[number].paused == 0 else { return }
    if now < expiry { return queueExpiry(index, on: number) }
    coverage.count(.expired)
    // One work item of the kernel looks after all addresses.
    for other in 0..<plan.network.addressCount where hosts[number].expiry[other] <= now {
      note("\(Station.name(number)): the lifetime of address \(other) is over")
      kernelRemoves(other, on: number)
    }
  }

  /// The machine goes on after `pause`; unless `agesInPause`, lifetimes stood still.
  mutating func resumeLifetimes(on number: Int, pause: Time, agesInPause: Bool) {
    for index in 0..<plan.network.addressCount where hosts[number].expiry[index] != .never {
      if !agesInPause { hosts[number].expiry[index] += pause }
      hosts[number].expiry[index] = max(hosts[number].expiry[index], now)
      queueExpiry(index, on: number)
    }
  }

  // MARK: Packets

  mutating func kernelReceives(_ frame: Frame, on number: Int) {
    switch frame.content {
    case .neighbor(let packet):
      guard packet.operation == .request, has(packet.target, number) else { return }
      answer(packet, from: number, after: 10 * .microsecond)
    case .request:
      if hosts[number].present.contains(AddressSet(index: 0)) {
        send(.reply, from: number, to: Stations(Int(frame.source)))
      }
    case .advertisement, .chatter, .reply: break
    }
  }

  private func has(_ address: IPAddress, _ number: Int) -> Bool {
    if address == Station.address(number, address.family) { return true }
    for index in 0..<plan.network.addressCount where address == plan.network.virtualAddress(index) {
      return hosts[number].present.contains(AddressSet(index: index))
    }
    return false
  }
}
