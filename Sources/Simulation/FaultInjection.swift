import Internet
import Ownership
import VRRP

/// Makes the faults of the schedule happen, and ends them.
extension World {
  mutating func begin(fault index: Int) {
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
      if station < hosts.count { faultLives[index] = hosts[station].life }
      apply(fault, to: station, 1, life: faultLives[index])
    }
  }

  /// Ends a fault; `afterwards` for what still lasts after its length.
  mutating func end(fault index: Int, afterwards: Bool) {
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
    fault.stations.forEach { apply(fault, to: $0, -1, life: faultLives[index]) }
  }

  /// `step` is 1 at the beginning and -1 at the end.
  private mutating func apply(_ fault: Fault, to station: Int, _ step: Int, life: UInt16) {
    switch fault.kind {
    case .loss, .heavyLoss, .duplication, .delay, .jitter, .mute, .deaf, .unplug, .blockedVRRP,
      .blockedFamily, .blockedARP:
      applyToCable(fault, station, step)
    case .stranger: strangerActive += step
    case .gatewayDown: gateway.down += step
    case .gatewaySlow: gateway.spacing += Int64(step) * fault.amount
    case .partition, .forgedARP, .forgedVRRP: break
    default:
      if station < hosts.count { applyToHost(fault, station, step, life: life) }
    }
  }

  private mutating func applyToCable(_ fault: Fault, _ station: Int, _ step: Int) {
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

  private mutating func applyToHost(_ fault: Fault, _ number: Int, _ step: Int, life: UInt16) {
    switch fault.kind {
    case .carrier, .linkDown, .interfaceGone: applyToLink(fault, number, step)
    case .crash, .kill:
      if fault.kind == .kill { hosts[number].isKilled = true }
      die(number)
      if fault.kind == .crash { schedule(.launch, at: now + fault.amount, target: number) }
    case .freeze:
      if step < 0 && (life != hosts[number].life || !hosts[number].isFrozen) { return }
      hosts[number].isFrozen = step > 0 && hosts[number].isAlive
      if step < 0 { goOn(number) }
    case .pause: applyPause(fault, number, step)
    case .lateTimers: hosts[number].lateness += Int64(step) * fault.amount
    case .failingNetlink: hosts[number].failingPercent += step * Int(fault.amount)
    case .slowNetlink: hosts[number].netlinkDelay += Int64(step) * fault.amount
    case .netlinkOverflow:
      if fault.amount & 1 != 0 { hosts[number].losingAnswers += step }
      if fault.amount & 2 != 0 { hosts[number].losingNews += step }
    case .deletedAddress:
      if hosts[number].present.contains(AddressSet(index: 0)) {
        kernelRemoves(0, on: number)
      }
    case .stop:
      if hosts[number].runs { tell(.stop, to: number) }
      if fault.amount > 0 { schedule(.launch, at: now + fault.amount, target: number) }
    case .handover:
      if hosts[number].runs { tell(.handover, to: number) }
    case .standBack: applyStandBack(fault, number, step)
    case .reload:
      guard hosts[number].runs else { return }
      var parameters = hosts[number].instance.parameters
      parameters.priority = UInt8(fault.amount)
      tell(.reconfigure(parameters), to: number)
    case .hostile: sendHostilePackets(to: number)
    default: break
    }
  }

  /// The reason outlives the daemon: its next life is told, too.
  private mutating func applyStandBack(_ fault: Fault, _ number: Int, _ step: Int) {
    if step < 0 { checkStoodBack(number, fault) }
    hosts[number].barred += step
    if hosts[number].runs { tell(.standBack(hosts[number].barred > 0), to: number) }
  }

  private mutating func applyToLink(_ fault: Fault, _ number: Int, _ step: Int) {
    switch fault.kind {
    case .carrier: cables[number].dark += step
    case .linkDown: hosts[number].linkDown += step
    case .interfaceGone:
      hosts[number].interfaceGone += step
      hosts[number].interfaceGeneration += 1
      for index in 0..<plan.network.addressCount where step > 0 {
        hosts[number].present.remove(AddressSet(index: index))
        hosts[number].expiry[index] = .never
      }
    default: break
    }
    updateReach()
    news(.link, 0, on: number)
  }

  private mutating func applyPause(_ fault: Fault, _ number: Int, _ step: Int) {
    if step > 0 && hosts[number].paused == 0 { hosts[number].pausedSince = now }
    hosts[number].paused += step
    if hosts[number].paused == 0 {
      let pause = now - hosts[number].pausedSince
      resumeLifetimes(on: number, pause: pause, agesInPause: fault.amount == 1)
      ownershipChanged()
      goOn(number)
    } else {
      ownershipChanged()
    }
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
