import Configuration
import Host
import Internet
import Ownership
import VRRP

/// Makes the faults of the schedule happen, and ends them.
extension World {
  func begin(fault index: Int) {
    let fault = plan.faults[index]
    note("fault: \(fault.text)")
    if fault.kind.lasts { schedule(.faultEnds, at: fault.end, detail: Int32(index)) }
    if fault.kind == .partition {
      splits.append(fault.stations)
      return updateReach()
    }
    if [.forgedARP, .forgedVRRP].contains(fault.kind) {
      return schedule(.forgery, at: now, detail: Int32(index))
    }
    fault.stations.forEach { station in
      apply(fault, to: station, 1)
    }
  }

  /// Ends a fault; `afterwards` for what still lasts after its length.
  func end(fault index: Int, afterwards: Bool) {
    let fault = plan.faults[index]
    note("end of fault: \(fault.text)")
    if fault.kind == .carrier && fault.amount > 0 {
      fault.stations.forEach { cables[$0].converging += afterwards ? -1 : 1 }
      if afterwards { return updateReach() }
      schedule(.faultEnds, at: now + fault.amount, index: 1, detail: Int32(index))
    }
    if fault.kind == .partition {
      if let split = splits.firstIndex(of: fault.stations) { splits.remove(at: split) }
      return updateReach()
    }
    fault.stations.forEach { apply(fault, to: $0, -1) }
  }

  /// The daemons of a host that a fault is about.
  private func victims(of fault: Fault, _ station: Int) -> Range<Int> {
    let all = daemons(on: station)
    guard fault.instance > 0, fault.instance <= all.count else { return all }
    return all.lowerBound + fault.instance - 1..<all.lowerBound + fault.instance
  }

  /// `step` is 1 at the beginning and -1 at the end.
  private func apply(_ fault: Fault, to station: Int, _ step: Int) {
    switch fault.kind {
    case .loss, .heavyLoss, .duplication, .delay, .jitter, .mute, .deaf, .unplug, .blockedVRRP,
      .blockedFamily, .blockedARP:
      applyToCable(fault, station, step)
    case .stranger: strangerActive += step
    case .gatewayDown: gateway.down += step
    case .gatewaySlow: gateway.spacing += Int64(step) * fault.amount
    case .partition, .forgedARP, .forgedVRRP: break
    default:
      guard station < machines.count else { return }
      machines[station].disturbed = now
      if applyToMachine(fault, station, step) { return publish(station) }
      for number in victims(of: fault, station) { applyToDaemon(fault, number, step) }
    }
  }

  private func applyToCable(_ fault: Fault, _ station: Int, _ step: Int) {
    let amount = Int64(step) * fault.amount
    switch fault.kind {
    case .loss: cables[station].loss += Int(amount)
    case .heavyLoss: cables[station].heavyLoss += Int(amount)
    case .duplication: cables[station].duplication += Int(amount)
    case .delay: cables[station].delay += amount
    case .jitter: cables[station].jitter += amount
    case .blockedVRRP, .blockedFamily, .blockedARP:
      if fault.amount & 1 != 0 { cables[station].blocksOut.block(fault, step) }
      if fault.amount & 2 != 0 { cables[station].blocksIn.block(fault, step) }
    default:
      if fault.kind != .deaf { cables[station].muted += step }
      if fault.kind != .mute { cables[station].deafened += step }
      updateReach()
    }
  }

  /// Whether the fault is about the machine, rather than its daemons.
  private func applyToMachine(_ fault: Fault, _ machine: Int, _ step: Int) -> Bool {
    switch fault.kind {
    case .carrier, .linkDown, .interfaceGone, .renamed: applyToLink(fault, machine, step)
    case .readdressed, .lostFamily, .defaultRoute: applyToRoutes(fault, machine, step)
    case .pause: applyPause(fault, machine, step)
    case .lateTimers: machines[machine].lateness += Int64(step) * fault.amount
    case .failingNetlink: machines[machine].failingPercent += step * Int(fault.amount)
    case .failingRoutes: machines[machine].failingRoutes += step * Int(fault.amount)
    case .failingSockets: machines[machine].failingSockets += step * Int(fault.amount)
    case .slowNetlink: machines[machine].netlinkDelay += Int64(step) * fault.amount
    case .heldLock:
      machines[machine].lockHeld += step
      if machines[machine].lockHeld == 0 { unlock(machine) }
    case .failingCheck:
      machines[machine].failingChecks += step
      tellCheck(machine)
    default: return false
    }
    return true
  }

  private func tellCheck(_ machine: Int) {
    let fails = machines[machine].failingChecks > 0
    for number in daemons(on: machine) {
      for unit in daemons[number].watched {
        post(.check(.unit(unit), passed: !fails, reason: fails ? "failed" : "active"), to: number)
      }
    }
  }

  private func applyPause(_ fault: Fault, _ machine: Int, _ step: Int) {
    if step > 0 && machines[machine].paused == 0 { machines[machine].pausedSince = now }
    machines[machine].paused += step
    if machines[machine].paused == 0 {
      let pause = now - machines[machine].pausedSince
      machines[machine].kernel.moveExpiries(by: fault.amount == 1 ? 0 : pause, notBefore: now)
      machines[machine].expiryQueued = .never
      queueExpiry(on: machine)
      let waiting = machines[machine].waiting
      machines[machine].waiting = []
      again(waiting)
      ownershipChanged()
      for number in daemons(on: machine) { goOn(number) }
    } else {
      ownershipChanged()
    }
  }

  private func applyToDaemon(_ fault: Fault, _ number: Int, _ step: Int) {
    switch fault.kind {
    case .crash, .kill:
      if fault.kind == .kill { daemons[number].isKilled = true }
      die(number)
      if fault.kind == .crash { schedule(.launch, at: now + fault.amount, target: number) }
    case .freeze:
      if step < 0 { checkHung(number, fault) }
      // One SIGCONT ends it, whoever sent it.
      if step < 0 && !daemons[number].isFrozen { return }
      if step > 0 { noteInterruption(of: number) }
      daemons[number].isFrozen = step > 0 && daemons[number].isAlive
      if step < 0 { goOn(number) }
    case .netlinkOverflow: daemons[number].losingNews += step
    case .fullDirectory: daemons[number].runtime.full += step
    case .deletedAddress: deleteAddress(number)
    case .deletedRoutes: deleteRoutes(number)
    case .stop:
      if runs(number) { post(.stop, to: number) }
      if fault.amount > 0 { schedule(.launch, at: now + fault.amount, target: number) }
    case .restart: if runs(number) { post(.restart, to: number) }
    case .handover: askForHandover(number)
    case .standBack: applyStandBack(fault, number, step)
    case .hostile: sendHostilePackets(to: number)
    default: if Fault.Kind.reloads.contains(fault.kind) { reload(fault, number) }
    }
  }

  private func askForHandover(_ number: Int) {
    guard runs(number) else { return }
    if daemons[number].random.chance(30) { return post(.handover(nil), to: number) }
    ask(number) { .handover($0) }
  }

  private func applyStandBack(_ fault: Fault, _ number: Int, _ step: Int) {
    if step < 0 { checkStoodBack(number, fault) }
    guard runs(number) else { return }
    ask(number) { .hold(step > 0, $0) }
  }
}

extension Cable.Blocked {
  fileprivate mutating func block(_ fault: Fault, _ step: Int) {
    switch fault.kind {
    case .blockedARP: arp += step
    case .blockedFamily where fault.amount & 4 != 0: vrrp6 += step
    case .blockedFamily: vrrp += step
    default:
      vrrp += step
      vrrp6 += step
    }
  }
}
