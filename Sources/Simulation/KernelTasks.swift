import Configuration
import Host
import Internet
import Netlink
import VRRP

/// What the thread beside each loop asks its kernel, and what the kernel tells.
extension World {
  // MARK: Requests

  func submit(_ sequence: UInt32, _ work: KernelTask.Work, isUrgent: Bool, of number: Int) {
    let task = KernelTask(
      sequence: sequence, work: work, isUrgent: isUrgent, batch: lastBatch,
      isUncalledFor: isUncalledFor(work, number),
      life: daemons[number].life)
    daemons[number].requests.append(task)
    if daemons[number].requests.count == 1 { startTask(of: number) }
  }

  private func isUncalledFor(_ work: KernelTask.Work, _ number: Int) -> Bool {
    guard case .request(.removeAddress(let network, _)) = work, state(number) == .active else { return false }
    return daemons[number].host.settings.addresses.contains { $0.address == network.address }
  }

  func startTask(of number: Int) {
    daemons[number].isTaskQueued = true
    var cost = daemons[number].random.within(5...30) * .microsecond
    let delay = machines[daemons[number].machine].netlinkDelay
    if delay > 0 { cost += daemons[number].random.within(0...delay) }
    schedule(.task, at: now + cost, target: number)
  }

  /// What is in the kernel's hands is done, whatever became of the process.
  func carryOutTask(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    let machine = daemons[number].machine
    if machines[machine].paused > 0 { return machines[machine].waiting.append(occurrence) }
    daemons[number].isTaskQueued = false
    if machines[machine].lockHeld > 0 {
      daemons[number].isBlocked = true
      return
    }
    guard !daemons[number].requests.isEmpty else { return }
    let task = daemons[number].requests.removeFirst()
    let answer = carryOut(task, number)
    publish(machine)
    let goesOn = daemons[number].requests.first.map(task.isTogether) ?? false
    if task.life == daemons[number].life {
      daemons[number].unposted.append(answer)
      if task.isUrgent || answer.isRefusal { daemons[number].areUnpostedUrgent = true }
      if !goesOn { postAnswers(to: number) }
    }
    if !daemons[number].requests.isEmpty && (goesOn || !daemons[number].isFrozen) { startTask(of: number) }
  }

  /// A datagram is done, and answered.
  private func postAnswers(to number: Int) {
    for answer in daemons[number].unposted {
      let time = now + daemons[number].random.within(10...50) * .microsecond
      daemons[number].lastAnswer = max(time, daemons[number].lastNews, daemons[number].lastAnswer)
      daemons[number].answers.append(ComingAnswer(input: answer, time: daemons[number].lastAnswer))
      if daemons[number].areUnpostedUrgent {
        schedule(.answer, at: daemons[number].lastAnswer, target: number, life: daemons[number].life)
      }
    }
    daemons[number].unposted = []
    daemons[number].areUnpostedUrgent = false
  }

  private func carryOut(_ task: KernelTask, _ number: Int) -> Input {
    switch task.work {
    case .open(let plan, let closings):
      let refusal = open(
        plan, isCurrent: closings == daemons[number].closings && task.life == daemons[number].life, number)
      return .sockets(task.sequence, refusal)
    case .request(.look):
      coverage.count(.looked)
      return .answer(task.sequence, .snapshot(machines[daemons[number].machine].kernel.snapshot(at: now)))
    case .request(let request):
      let refusal = isRefused(request, number) ? .busy : carryOut(request, number)
      if refusal == nil { check(request, of: task, number) }
      return .answer(task.sequence, refusal.map { .refused($0) } ?? .done)
    }
  }

  private func open(_ plan: SocketPlan, isCurrent: Bool, _ number: Int) -> KernelRefusal? {
    let machine = daemons[number].machine
    if daemons[number].random.chance(machines[machine].failingSockets) { return .busy }
    guard machines[machine].kernel.link(plan.linkIndex) != nil else { return .linkGone }
    // Only sockets that are bound to their address notice.
    for router in plan.routers where router.family == .ipv6 || router.unicastPeers != nil {
      guard machines[machine].kernel.has(plan.source(router.family)) else { return .addressMissing }
    }
    coverage.count(.opened)
    if isCurrent { daemons[number].sockets = Sockets(plan) }
    return nil
  }

  private func isRefused(_ request: KernelRequest, _ number: Int) -> Bool {
    let machine = daemons[number].machine
    if let lost = machines[machine].kernel.lostFamily {
      switch request {
      case .addAddress(let address), .replaceAddress(let address, _):
        if address.network.address.family == lost { return true }
      default: break
      }
    }
    let percent =
      switch request {
      case .look: 0
      case .addAddress, .replaceAddress, .removeAddress: machines[machine].failingPercent
      case .addRoute, .removeRoute: machines[machine].failingRoutes
      case .makeMacvlan, .removeLink, .setUp, .promoteSecondaries, .confineARP:
        machines[machine].failingSockets
      }
    return daemons[number].random.chance(percent)
  }

  private func carryOut(_ request: KernelRequest, _ number: Int) -> KernelRefusal? {
    let machine = daemons[number].machine
    switch request {
    case .look: return nil
    case .addAddress(let address):
      let before = machines[machine].kernel.version
      let refusal = machines[machine].kernel.add(address, at: now)
      if refusal == nil { coverage.count(before == machines[machine].kernel.version ? .renewed : .added) }
      if address.validLifetime != nil { queueExpiry(on: machine) }
      return refusal
    case .replaceAddress(let address, let stopgap):
      coverage.count(.replaced)
      let isCutShort = daemons[number].random.chance(machines[machine].failingPercent)
      let refusal = machines[machine].kernel.replace(
        address, stopgap: stopgap, isCutShort: isCutShort, at: now)
      if address.validLifetime != nil { queueExpiry(on: machine) }
      return refusal
    case .removeAddress(let network, let index):
      coverage.count(.removed)
      return machines[machine].kernel.remove(network, index)
    case .addRoute(let route):
      coverage.count(.routeAdded)
      return machines[machine].kernel.add(route)
    case .removeRoute(let route): return machines[machine].kernel.remove(route)
    case .makeMacvlan(let macvlan):
      coverage.count(.macvlanMade)
      return machines[machine].kernel.makeMacvlan(macvlan)
    case .removeLink(let index):
      guard machines[machine].kernel.link(index) != nil else { return .linkGone }
      machines[machine].kernel.removeLink(index)
      return nil
    case .setUp(let isUp, let index):
      guard let link = machines[machine].kernel.link(index) else { return .linkGone }
      let parent = link.parentIndex.flatMap { machines[machine].kernel.link($0) }
      machines[machine].kernel.setUp(isUp, index, hasCarrier: parent?.hasCarrier ?? true)
      return nil
    case .promoteSecondaries(let index): return machines[machine].kernel.promoteSecondaries(index)
    case .confineARP(let index): return machines[machine].kernel.confineARP(index)
    }
  }

  // MARK: News

  /// Hands on what the kernel tells, and looks what follows from it.
  func publish(_ machine: Int) {
    if !machines[machine].kernel.news.isEmpty {
      for number in daemons(on: machine) where daemons[number].isAlive { tellNews(to: number) }
      machines[machine].kernel.news.removeAll(keepingCapacity: true)
    }
    guard machines[machine].kernel.version != machines[machine].seenVersion else { return }
    machines[machine].seenVersion = machines[machine].kernel.version
    machines[machine].disturbed = now
    let isConnected = machines[machine].isConnected
    if isConnected != machines[machine].wasConnected {
      machines[machine].wasConnected = isConnected
      updateReach()
    }
    let (present, answering) = (machines[machine].kernel.present, machines[machine].kernel.answering)
    guard present != machines[machine].seenPresent || answering != machines[machine].seenAnswering else {
      return
    }
    machines[machine].seenPresent = present
    machines[machine].seenAnswering = answering
    ownershipChanged()
  }

  private func tellNews(to number: Int) {
    let machine = daemons[number].machine
    for index in machines[machine].kernel.news.indices {
      if let filter = daemons[number].newsFilter, !filter.passes(machines[machine].kernel.news[index]) {
        continue
      }
      var input = Input.change(machines[machine].kernel.news[index])
      if daemons[number].losingNews > 0 {
        if daemons[number].isLossTold { continue }
        daemons[number].isLossTold = true
        input = .changesLost
      }
      daemons[number].news.append(input)
      let time = now + daemons[number].random.within(10...50) * .microsecond
      daemons[number].lastNews = max(time, daemons[number].lastNews)
      schedule(.news, at: daemons[number].lastNews, target: number, life: daemons[number].life)
    }
  }

  // MARK: Lifetimes

  /// Measured: the kernel removes an address 0.02 to 0.4 s after its lifetime. One work item looks after all.
  func queueExpiry(on machine: Int) {
    guard machines[machine].expiryQueued == .never else { return }
    let first = machines[machine].kernel.firstExpiry
    guard first != .never else { return }
    let time = max(first, now) + machines[machine].random.within(20...400) * .millisecond
    machines[machine].expiryQueued = time
    schedule(.expiry, at: time, target: machine)
  }

  func lifetimesEnd(on machine: Int, at time: Time) {
    guard machines[machine].expiryQueued == time else { return }
    machines[machine].expiryQueued = .never
    // A kernel that is stopped removes nothing, nor does one that waits for a lock: looking again is left to the end.
    guard machines[machine].paused == 0, machines[machine].lockHeld == 0 else { return }
    if machines[machine].kernel.expire(at: now) {
      coverage.count(.expired)
      note("\(Station.name(machine)): lifetimes are over")
    }
    publish(machine)
    queueExpiry(on: machine)
  }

  /// Whoever waited for the lock gets it.
  func unlock(_ machine: Int) {
    for number in daemons(on: machine) where daemons[number].isBlocked {
      daemons[number].isBlocked = false
      startTask(of: number)
    }
    queueExpiry(on: machine)
  }
}
