import Configuration
import Host
import Internet
import Netlink
import Ownership
import VRRP

/// For how long pairs of hosts have both answered for one VIP.
struct Overlaps {
  /// For each pair, when both began to answer on one segment; `never` while they do not.
  var since = InlineArray<25, Time>(repeating: .never)
  /// For each pair, when both began to have the VIP, connected or not.
  var holdingSince = InlineArray<25, Time>(repeating: .never)
  /// For each pair, when the switch last joined them.
  var joined = InlineArray<25, Time>(repeating: -.second)
  var areJoined = InlineArray<25, Bool>(repeating: true)

  static func pair(_ first: Int, _ second: Int) -> Int { first * Station.maxHosts + second }
}

extension World {
  // MARK: One owner

  /// Looks who answers for the VIPs; called whenever an address, a port or a machine changes.
  func ownershipChanged() {
    changed = now
    for vip in overlaps.indices {
      for first in machines.indices {
        for second in machines.indices where second > first { compare(first, second, vip) }
      }
    }
    if isSettled && violation == nil {
      let settled = promise.settled
      violate(.restless, "an address or a link changed after \(TimeText.format(settled))")
    }
  }

  private func compare(_ first: Int, _ second: Int, _ vip: Int) {
    let pair = Overlaps.pair(first, second)
    let areJoined = reach[first].has(second) && reach[second].has(first)
    if areJoined != overlaps[vip].areJoined[pair] {
      if areJoined { overlaps[vip].joined[pair] = now }
      overlaps[vip].areJoined[pair] = areJoined
    }
    let mask: UInt32 = 0xFF << UInt32(8 * vip)
    let areHolding = machines[first].kernel.present & machines[second].kernel.present & mask != 0
    if areHolding != (overlaps[vip].holdingSince[pair] != .never) {
      if !areHolding { endHolding(first, second, vip) }
      overlaps[vip].holdingSince[pair] = areHolding ? now : .never
    }
    let isOverlap =
      areHolding && areJoined && machines[first].paused == 0 && machines[second].paused == 0
      && machines[first].kernel.answering & machines[second].kernel.answering & mask != 0
    guard isOverlap != (overlaps[vip].since[pair] != .never) else { return }
    if !isOverlap { endOverlap(first, second, vip) }
    overlaps[vip].since[pair] = isOverlap ? now : .never
    if isOverlap { note("\(Station.name(first)) and \(Station.name(second)) both own VIP \(vip)") }
  }

  private func endOverlap(_ first: Int, _ second: Int, _ vip: Int) {
    let since = overlaps[vip].since[Overlaps.pair(first, second)]
    let joined = overlaps[vip].joined[Overlaps.pair(first, second)]
    let isHealing = since - joined <= promise.healingLimit
    coverage.count(isHealing ? .healedOverlap : .overlap)
    guard promise.demandsSafety, !isExcused(first, vip, since), !isExcused(second, vip, since) else { return }
    let limit = max(since + promise.overlapLimit, joined + promise.healingLimit) - since
    complain(first, second, since: since, for: now - since, limit: limit)
  }

  private func isExcused(_ machine: Int, _ vip: Int, _ since: Time) -> Bool {
    daemons[daemon(of: vip, on: machine)].diedLettingGo || isStopped(machine, at: since)
  }

  /// Whether the host's daemon was stopped while a tie was being broken, when it had the VIP, or had asked its kernel
  /// for it, and had not heard yet that it lost: nothing but its lease can end that.
  private func isStopped(_ number: Int, at since: Time) -> Bool {
    plan.faults.contains { fault in
      guard [.freeze, .kill, .crash].contains(fault.kind), fault.stations.has(number) else { return false }
      return abs(fault.start - since) <= promise.overlapLimit
    }
  }

  private func endHolding(_ first: Int, _ second: Int, _ vip: Int) {
    guard promise.demandsFencing else { return }
    let pair = Overlaps.pair(first, second)
    let (since, joined) = (overlaps[vip].holdingSince[pair], overlaps[vip].joined[pair])
    // Once they are joined again, that is an overlap like any other.
    let parted = (joined > since ? joined : now) - since
    complain(first, second, since: since, for: parted, limit: promise.fencingLimit)
  }

  private func complain(_ first: Int, _ second: Int, since: Time, for length: Time, limit: Time) {
    guard length > limit else { return }
    let names = "\(Station.name(first)) and \(Station.name(second)) for \(TimeText.format(length))"
    violate(.twoOwners, at: since, "\(names), \(TimeText.format(limit)) are allowed")
  }

  private func endOverlaps() {
    for vip in overlaps.indices {
      for first in machines.indices {
        for second in machines.indices where second > first {
          let pair = Overlaps.pair(first, second)
          if overlaps[vip].since[pair] != .never { endOverlap(first, second, vip) }
          if overlaps[vip].holdingSince[pair] != .never { endHolding(first, second, vip) }
        }
      }
    }
  }

  // MARK: Each daemon

  func checkAnnouncement(of address: IPAddress, by number: Int) {
    guard let place = Station.place(address), daemons[number].known >> UInt32(place) & 1 == 0 else { return }
    violate(.announcedTooEarly, of: number)
  }

  /// Whoever was silent for longer than the fastest Backup router waits steps down before it speaks again.
  func checkSilence(of number: Int) {
    guard state(number) == .active else { return }
    let last = daemons[number].lastSpoke
    daemons[number].lastSpoke = now
    // The others wait by the interval that they heard last.
    let interval = daemons[number].spokenInterval
    daemons[number].spokenInterval = daemons[number].host.core.parameters.interval.duration.time
    guard !machines[daemons[number].machine].setup.isPlain, last != .never,
      now - last > 4 * interval + .millisecond
    else { return }
    violate(.spokeLate, of: number, "silent for \(TimeText.format(now - last))")
  }

  func checkResumption(of number: Int) {
    let (machine, vip) = (daemons[number].machine, daemons[number].vip)
    guard promise.demandsResumption, !machines[machine].setup.isPlain else { return }
    for other in machines.indices where other != machine {
      let pair = Overlaps.pair(min(machine, other), max(machine, other))
      guard overlaps[vip].since[pair] != .never, !machines[other].setup.isPlain else { continue }
      violate(.resumedBeside, of: number, "beside \(Station.name(other))")
    }
  }

  /// The timer must run when something is pending, and only then, and never into the past.
  func checkTimer(_ deadline: Instant?, of number: Int, wasTimer: Bool) {
    let state = state(number)
    // What one thing that was due leads to may be due at once, but that must end.
    if wasTimer {
      if let deadline, deadline <= Instant(now) {
        daemons[number].spins += 1
        if daemons[number].spins > 3 { violate(.timer, of: number, "due again and again") }
      } else {
        daemons[number].spins = 0
      }
    }
    // A plain router that must not own the VIP has nothing to wait for.
    if state != .initialize && deadline == nil && !daemons[number].host.core.isBarred {
      violate(.timer, of: number, "none as \(state)")
    }
  }

  /// A daemon dies or freezes.
  func noteInterruption(of number: Int) {
    guard present(number) != 0, !daemons[number].isResuming else { return }
    if daemons[number].host.core.resumableUntil == nil { daemons[number].diedLettingGo = true }
  }

  /// A daemon that runs and is not Active must not leave the VIP in its kernel.
  func checkStranded(_ number: Int) {
    let present = present(number)
    if present == 0 || runs(number) && daemons[number].host.core.resumableUntil != nil {
      daemons[number].diedLettingGo = false
    }
    let isActive = present != 0 && state(number) == .active
    if present == 0 || isActive { daemons[number].isResuming = false }
    let isStranded = present != 0 && !isActive && !daemons[number].isResuming && runs(number)
    let since = daemons[number].strandedSince
    if !isStranded {
      if since == .never { return }
      daemons[number].strandedSince = .never
    } else if since == .never {
      daemons[number].strandedSince = now
    }
    guard since != .never, now - since > promise.removalLimit else { return }
    violate(.leftBehind, at: since, of: number)
  }

  /// A host that must not own the VIP has given it up when there was time for an offer.
  func checkStoodBack(_ number: Int, _ fault: Fault) {
    // A standby that is not ready yet may say that it is within a second.
    let patience = promise.patience + 1600 * .millisecond + promise.overlapLimit
    guard runs(number), fault.length > patience, daemons[number].host.core.isBarred,
      !plan.has(.freeze, .pause, .crash, .stop, .restart, .lateTimers)
    else { return }
    guard state(number) == .active else { return }
    violate(.ownsThoughBarred, of: number)
  }

  /// A host with a member that hung for longer than its lease has none of the group's VIPs any more.
  func checkHung(_ number: Int, _ fault: Fault) {
    guard plan.network.isGrouped, plan.faults.count == 1, daemons[number].isFrozen,
      fault.length > promise.hangLimit, state(number) == .active, present(number) == 0
    else { return }
    coverage.count(.hungMember)
    for sibling in daemons(on: daemons[number].machine) where sibling != number && runs(sibling) {
      if present(sibling) != 0 {
        return violate(.unsettled, of: sibling, "owns beside \(name(number)), which hangs")
      }
    }
  }

  /// Where nothing else goes wrong, a standby that the owner knows takes what it is offered.
  func checkRefusal(by number: Int) {
    let interval = machines[daemons[number].machine].setup.interval
    let isAlike = machines.allSatisfy { !$0.setup.isPlain && $0.setup.interval == interval }
    guard daemons[number].host.core.owns, isAlike, plan.faults.count == 1, !plan.network.isGrouped,
      !daemons[number].host.core.standbys(at: Instant(now)).isEmpty,
      daemons.indices.allSatisfy({ runs($0) })
    else { return }
    violate(.refusedHandover, of: number)
  }

  /// What both old and new settings have stays while they change; a removal that was refused is asked for again.
  func check(_ request: KernelRequest, of task: KernelTask, _ number: Int) {
    guard task.isUncalledFor, case .removeAddress(let network, _) = request, state(number) == .active,
      machines[daemons[number].machine].failingPercent == 0,
      !machines[daemons[number].machine].kernel.has(network.address)
    else { return }
    violate(.takenAway, of: number, "\(network)")
  }

  // MARK: The end

  func checkOwned() {
    for vip in 0..<plan.network.instances {
      let all = machines.indices.map { daemon(of: vip, on: $0) }
      // Whoever preempts is about to have it.
      guard all.allSatisfy({ present($0) == 0 && state($0) != .active }) else { continue }
      violate(.unowned, "VIP \(vip)")
    }
  }

  func checkSettled() {
    guard promise.demandsLiveness else { return }
    isSettled = true
    for vip in 0..<plan.network.instances {
      if let text = unsettled(vip) { return violate(.unsettled, text) }
    }
    if let text = dividedGroup { violate(.unsettled, text) }
  }

  /// Why the VIP is not where it belongs; nil if it is.
  func unsettled(_ vip: Int) -> String? {
    let all = machines.indices.map { daemon(of: vip, on: $0) }
    let owners = all.filter { present($0) != 0 }
    let candidates = all.filter { daemons[$0].isAlive && !daemons[$0].host.core.isBarred }
    guard let owner = owners.first else { return candidates.isEmpty ? nil : "nobody owns VIP \(vip)" }
    if owners.count > 1 { return "\(owners.count) owners of VIP \(vip)" }
    guard daemons[owner].isAlive, state(owner) == .active, presence(owner).isComplete else {
      return "\(name(owner)) has addresses and is not their owner"
    }
    guard !preemptionIsPostponed else { return nil }
    let priority = daemons[owner].host.core.parameters.priority
    for candidate in candidates {
      let parameters = daemons[candidate].host.core.parameters
      guard parameters.preempts || parameters.priority == 255, parameters.priority > priority else {
        continue
      }
      return "\(name(candidate)) should have preempted \(name(owner))"
    }
    return nil
  }

  /// Why the VIPs of the group are not all on one host; nil if they are.
  var dividedGroup: String? {
    guard plan.network.isGrouped, !plan.has(.stop, .reloadGroup) else { return nil }
    if !isForgotten, let follower = keptBack { return "\(name(follower)) is kept back beside its leader" }
    let isWhole = machines.indices.contains { machine in
      daemons(on: machine).allSatisfy { daemons[$0].isAlive && !daemons[$0].host.core.isBarred }
    }
    guard isWhole, !isForgotten else { return nil }
    for machine in machines.indices {
      let owned = daemons(on: machine).filter { present($0) != 0 }.count
      if owned != 0 && owned != plan.network.instances {
        return "\(Station.name(machine)) has \(owned) of the group's \(plan.network.instances) VIPs"
      }
    }
    return nil
  }

  /// A member that waits although its leader, the first on each host, is Active there.
  private var keptBack: Int? {
    daemons.indices.first { number in
      let leader = daemon(of: 0, on: daemons[number].machine)
      return daemons[number].isAlive && daemons[number].host.core.isBarred && state(leader) == .active
        && daemons[leader].isAlive && !daemons[leader].host.core.isBarred
    }
  }

  /// Whether a member died, or never lived, before another one on its host started: that one knows nothing of it.
  private var isForgotten: Bool {
    machines.indices.contains { machine in
      daemons(on: machine).contains { dead in
        !daemons[dead].isAlive
          && daemons(on: machine).contains {
            daemons[$0].isAlive && daemons[$0].started >= daemons[dead].ended
          }
      }
    }
  }

  func checkEnd() {
    endOverlaps()
    daemons.indices.forEach { checkStranded($0) }
    guard isSettled || hasComeToRest,
      let owner = machines.indices.first(where: { machines[$0].kernel.present & 0xFF != 0 })
    else { return }
    let quiet = now - max(restSince, isSettled ? promise.settled : 0)
    for (number, client) in clients.enumerated() where client.period * 6 < quiet {
      guard let cached = client.cached, isReached(cached, owner) else {
        violate(.unreachable, Station.name(Station.firstClient + number))
        continue
      }
    }
  }

  private func isReached(_ hardware: MACAddress, _ owner: Int) -> Bool {
    let virtual = Station.virtualNumber(hardware)
    if virtual != 0 { return Int(learnt[Int(virtual)]) == owner }
    return hardware == machines[owner].kernel.hardware
  }
}
