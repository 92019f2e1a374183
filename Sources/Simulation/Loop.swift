import Configuration
import Host
import Internet
import Netlink
import VRRP

/// The loop of a daemon: hands inputs to its `Host`, and carries out the effects.
extension World {
  /// News, an answer, or anything else but packets and timers.
  func inputArrives(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    guard isReady(number, for: occurrence) else { return }
    switch occurrence.kind {
    case .news:
      let input = daemons[number].news.removeFirst()
      if case .changesLost = input {
        daemons[number].isLossTold = false
        coverage.count(.newsLost)
      }
      learn(input, number)
      tell(input, to: number)
      takeAnswers(number)
    case .answer: takeAnswers(number)
    default:
      guard let input = inputs.take(occurrence.detail) else { return }
      heed(input, number)
      tell(input, to: number)
    }
  }

  /// Those that are there, whether it was woken for them or not.
  private func takeAnswers(_ number: Int) {
    while daemons[number].isAlive, let next = daemons[number].answers.first, next.time <= now {
      daemons[number].answers.removeFirst()
      learn(next.input, number)
      tell(next.input, to: number)
    }
  }

  /// Hands `input` to the daemon a moment from now, or as soon as it runs.
  func post(_ input: Input, to number: Int, after delay: Time = 0) {
    guard daemons[number].isAlive else { return }
    post(input, to: number, at: now + delay + daemons[number].loopLatency())
  }

  /// Hands `input` to the daemon at `time`, or as soon as it runs.
  func post(_ input: Input, to number: Int, at time: Time) {
    guard daemons[number].isAlive else { return }
    let slot = inputs.store(input)
    schedule(.input, at: time, target: number, life: daemons[number].life, detail: slot)
  }

  /// An operator asks for something and waits for the outcome.
  func ask(_ number: Int, _ input: (Caller) -> Input) {
    lastCaller += 1
    let caller = Caller(lastCaller)
    daemons[number].callers.append(PendingCaller(caller: caller, since: now))
    post(input(caller), to: number)
  }

  private func heed(_ input: Input, _ number: Int) {
    switch input {
    case .stop: daemons[number].isStopping = true
    case .restart: daemons[number].isRestarting = true
    case .group(let message): noteReading(of: message, number)
    case .handover(let caller), .hold(_, let caller), .reload(let caller):
      for index in daemons[number].callers.indices where daemons[number].callers[index].caller == caller {
        daemons[number].callers[index].isHeard = true
      }
    default: break
    }
  }

  /// What the daemon knows of its addresses from now on.
  private func learn(_ input: Input, _ number: Int) {
    switch input {
    case .change(.address(let address)): know(address, number)
    case .change(.addressRemoved(let address)):
      forget(address, number)
    case .answer(_, .snapshot(let snapshot)):
      // It is of some moment since it was asked for; news of later ones may have come before it.
      let kernel = machines[daemons[number].machine].kernel
      for address in daemons[number].host.settings.addresses where !kernel.has(address.address) {
        if let place = Station.place(address.address) { daemons[number].known &= ~(1 << UInt32(place)) }
      }
      for address in snapshot.addresses { know(address, number) }
    default: break
    }
  }

  /// It may be there with another prefix.
  private func forget(_ address: LinkAddress, _ number: Int) {
    let ip = address.network.address
    guard let place = Station.place(ip), !machines[daemons[number].machine].kernel.has(ip) else { return }
    daemons[number].known &= ~(1 << UInt32(place))
  }

  private func know(_ address: LinkAddress, _ number: Int) {
    if let place = Station.place(address.network.address) { daemons[number].known |= 1 << UInt32(place) }
  }

  /// Gives `input` to the host and does what it says.
  func tell(_ input: Input, to number: Int) {
    note(number, "< \(input.traced)")
    daemons[number].host.handle(input, at: Instant(now), into: &effects)
    var wasTimer = false
    if case .timer = input { wasTimer = true }
    finishTurn(of: number, wasTimer: wasTimer)
  }

  func finishTurn(of number: Int, wasTimer: Bool) {
    var index = 0
    while index < effects.count && daemons[number].isAlive {
      if case .request = effects[index] {} else { lastBatch += 1 }
      perform(effects[index], by: number)
      index += 1
    }
    lastBatch += 1
    effects.removeAll()
    checkStranded(number)
    guard daemons[number].isAlive else { return }
    let deadline = daemons[number].host.deadline
    checkTimer(deadline, of: number, wasTimer: wasTimer)
    follow(deadline, number)
  }

  // MARK: Timer

  func timerTicks(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    // Queued for another deadline, or for an earlier life.
    guard daemons[number].timerQueued == occurrence.time else { return }
    daemons[number].timerQueued = .never
    // `goOn` queues it again.
    guard runs(number) else { return }
    guard daemons[number].deadlineTime <= now else { return queueTimer(number) }
    let lateness = machines[daemons[number].machine].lateness
    if lateness > 0 && occurrence.index == 0 {
      daemons[number].timerQueued = now + daemons[number].random.within(1...lateness)
      return schedule(.timer, at: daemons[number].timerQueued, target: number, index: 1)
    }
    takeAnswers(number)
    takeQuietEvidence(number)
    guard daemons[number].isAlive else { return }
    tell(.timer, to: number)
  }

  private func follow(_ deadline: Instant?, _ number: Int) {
    guard deadline != daemons[number].deadline || daemons[number].timerQueued == .never else { return }
    if deadline != daemons[number].deadline {
      daemons[number].deadline = deadline
      daemons[number].deadlineTime = deadline?.time ?? .never
    }
    queueTimer(number)
  }

  /// A queued occurrence that comes too early looks again, so a deadline that moves away costs nothing.
  func queueTimer(_ number: Int) {
    guard daemons[number].deadlineTime != .never else { return }
    var time = max(daemons[number].deadlineTime, now)
    guard time < daemons[number].timerQueued else { return }
    time += daemons[number].loopLatency()
    guard time < daemons[number].timerQueued else { return }
    daemons[number].timerQueued = time
    schedule(.timer, at: time, target: number)
  }
}
