import Internet
import Ownership
import VRRP

/// For how long pairs of hosts have both answered for the VIP.
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

  /// Looks who answers for the VIP; called whenever an address, a port or a machine changes.
  mutating func ownershipChanged() {
    for first in hosts.indices {
      for second in hosts.indices where second > first { compare(first, second) }
    }
    if isSettled && violation == nil {
      let settled = promise.settled
      violate(.restless, "an address or a link changed after \(TimeText.format(settled))")
    }
  }

  private mutating func compare(_ first: Int, _ second: Int) {
    let pair = Overlaps.pair(first, second)
    let areJoined = reach[first].has(second) && reach[second].has(first)
    if areJoined && !overlaps.areJoined[pair] { overlaps.joined[pair] = now }
    overlaps.areJoined[pair] = areJoined
    let areHolding = !hosts[first].present.isDisjoint(with: hosts[second].present)
    if areHolding != (overlaps.holdingSince[pair] != .never) {
      if !areHolding { endHolding(first, second) }
      overlaps.holdingSince[pair] = areHolding ? now : .never
    }
    let answer = areHolding && hosts[first].paused == 0 && hosts[second].paused == 0
    let isOverlap = answer && areJoined
    guard isOverlap != (overlaps.since[pair] != .never) else { return }
    if !isOverlap { endOverlap(first, second) }
    overlaps.since[pair] = isOverlap ? now : .never
    if isOverlap { note("\(Station.name(first)) and \(Station.name(second)) both own the VIP") }
  }

  private mutating func endOverlap(_ first: Int, _ second: Int) {
    let since = overlaps.since[Overlaps.pair(first, second)]
    let joined = overlaps.joined[Overlaps.pair(first, second)]
    let isHealing = since - joined <= promise.healingLimit
    coverage.count(isHealing ? .healedOverlap : .overlap)
    guard promise.demandsSafety, !isStopped(first, at: since), !isStopped(second, at: since) else { return }
    let limit = max(since + promise.overlapLimit, joined + promise.healingLimit) - since
    complain(first, second, since: since, limit: limit)
  }

  /// Whether the host's daemon was stopped while a tie was being broken, when it had the VIP, or had asked its kernel
  /// for it, and had not heard yet that it lost: nothing but its lease can end that.
  private func isStopped(_ number: Int, at since: Time) -> Bool {
    plan.faults.contains { fault in
      guard [.freeze, .kill, .crash].contains(fault.kind), fault.stations.has(number) else { return false }
      return abs(fault.start - since) <= promise.overlapLimit
    }
  }

  private mutating func endHolding(_ first: Int, _ second: Int) {
    guard promise.demandsFencing else { return }
    complain(
      first, second, since: overlaps.holdingSince[Overlaps.pair(first, second)], limit: promise.overlapLimit)
  }

  private mutating func complain(_ first: Int, _ second: Int, since: Time, limit: Time) {
    guard now - since > limit else { return }
    let names = "\(Station.name(first)) and \(Station.name(second))"
    let length = TimeText.format(now - since)
    violate(.twoOwners, at: since, "\(names) for \(length), \(TimeText.format(limit)) are allowed")
  }

  private mutating func endOverlaps() {
    for first in hosts.indices {
      for second in hosts.indices where second > first {
        let pair = Overlaps.pair(first, second)
        if overlaps.since[pair] != .never { endOverlap(first, second) }
        if overlaps.holdingSince[pair] != .never { endHolding(first, second) }
      }
    }
  }

  // MARK: Each host

  mutating func checkAnnouncement(of set: AddressSet, by number: Int) {
    guard !set.isSubset(of: hosts[number].acknowledged) else { return }
    violate(.announcedTooEarly, Station.name(number))
  }

  /// Whoever was silent for longer than the fastest Backup router waits steps down before it speaks again.
  mutating func checkSilence(of number: Int) {
    guard hosts[number].instance.election.state == .active else { return }
    let last = hosts[number].lastSpoke
    hosts[number].lastSpoke = now
    let interval = hosts[number].instance.parameters.interval.duration.time
    guard last != .never, now - last > 3 * interval + promise.patience, !hosts[number].setup.isPlain else {
      return
    }
    let silence = TimeText.format(now - last)
    violate(.spokeLate, at: last, "\(Station.name(number)) for \(silence)")
  }

  mutating func checkResumption(of number: Int) {
    guard promise.demandsResumption, !hosts[number].setup.isPlain else { return }
    for other in hosts.indices where other != number {
      let pair = Overlaps.pair(min(number, other), max(number, other))
      guard overlaps.since[pair] != .never, !hosts[other].setup.isPlain else { continue }
      let names = "\(Station.name(number)) beside \(Station.name(other))"
      violate(.resumedBeside, names)
    }
  }

  /// The timer must run when something is pending, and only then, and never into the past.
  mutating func checkTimer(_ deadline: Instant?, of number: Int, after event: Event) {
    let state = hosts[number].instance.election.state
    // What one thing that was due leads to may be due at once, but that must end.
    if event == .timer {
      if let deadline, deadline <= Instant(now) { hosts[number].spins += 1 } else { hosts[number].spins = 0 }
      if hosts[number].spins > 2 { violate(.timer, "\(Station.name(number)): due again and again") }
    }
    // A plain router that must not own the VIP has nothing to wait for.
    if state != .initialize && deadline == nil && !hosts[number].instance.isBarred {
      violate(.timer, "\(Station.name(number)): none as \(state)")
    }
    guard state == .initialize, deadline != nil, event != .stop else { return }
    if case .ready = hosts[number].instance.link { return }
    if hosts[number].isStopping || hosts[number].instance.isRemoving { return }
    violate(.timer, "\(Station.name(number)): running though nothing is pending")
  }

  /// A daemon that runs and is not Active must not leave the VIP in its kernel.
  mutating func checkStranded(_ number: Int) {
    let state = hosts[number].instance.election.state
    if hosts[number].present.isEmpty || state == .active { hosts[number].isResuming = false }
    let isStranded =
      !hosts[number].isResuming && hosts[number].runs && !hosts[number].present.isEmpty
      && state != .active
    let since = hosts[number].strandedSince
    if !isStranded { hosts[number].strandedSince = .never }
    if isStranded && since == .never { hosts[number].strandedSince = now }
    guard since != .never, now - since > promise.removalLimit else { return }
    violate(.leftBehind, at: since, Station.name(number))
  }

  /// A host that must not own the VIP has given it up when there was time for an offer.
  mutating func checkStoodBack(_ number: Int, _ fault: Fault) {
    // A standby that is not ready yet may say that it is within a second.
    let patience = promise.patience + 1600 * .millisecond + promise.overlapLimit
    guard hosts[number].runs, fault.length > patience,
      !plan.has(.freeze, .pause, .crash, .stop, .lateTimers)
    else { return }
    guard hosts[number].instance.election.state == .active else { return }
    violate(.ownsThoughBarred, Station.name(number))
  }

  /// Where nothing else goes wrong, a standby that the owner knows takes what it is offered.
  mutating func checkRefusal(by number: Int) {
    let isAlike = hosts.allSatisfy { !$0.setup.isPlain && $0.setup.interval == hosts[number].setup.interval }
    guard hosts[number].instance.owns, isAlike, plan.faults.count == 1,
      !hosts[number].instance.standbys(at: Instant(now)).isEmpty,
      hosts.allSatisfy({ $0.runs })
    else { return }
    violate(.refusedHandover, Station.name(number))
  }

  // MARK: The end

  mutating func checkSettled() {
    guard promise.demandsLiveness else { return }
    isSettled = true
    let owners = hosts.indices.filter { !hosts[$0].present.isEmpty }
    let candidates = hosts.indices.filter { hosts[$0].isAlive }
    guard let owner = owners.first else {
      if !candidates.isEmpty { violate(.unsettled, "nobody owns the VIP") }
      return
    }
    if owners.count > 1 { return violate(.unsettled, "\(owners.count) owners") }
    guard hosts[owner].isAlive, hosts[owner].instance.election.state == .active,
      hosts[owner].present == .all(plan.network.addressCount)
    else { return violate(.unsettled, "\(Station.name(owner)) has addresses and is not their owner") }
    let priority = hosts[owner].instance.parameters.priority
    for candidate in candidates where !preemptionIsPostponed {
      let parameters = hosts[candidate].instance.parameters
      guard parameters.preempts || parameters.priority == 255, parameters.priority > priority else {
        continue
      }
      violate(.unsettled, "\(Station.name(candidate)) should have preempted \(Station.name(owner))")
    }
  }

  mutating func checkEnd() {
    endOverlaps()
    hosts.indices.forEach { checkStranded($0) }
    guard isSettled, let owner = hosts.indices.first(where: { !hosts[$0].present.isEmpty }) else { return }
    for (number, client) in clients.enumerated() where client.period * 6 < promise.end - promise.settled {
      guard client.cached != Station.hardware(owner) else { continue }
      violate(.unreachable, Station.name(Station.firstClient + number))
    }
  }
}
