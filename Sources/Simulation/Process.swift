import Host
import Internet

/// Processes come, go, and get the processor or not.
extension World {
  func launch(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    let machine = daemons[number].machine
    if machines[machine].paused > 0 { return machines[machine].waiting.append(occurrence) }
    if daemons[number].isAlive && daemons[number].isStopping { daemons[number].isAwaited = true }
    guard !daemons[number].isAlive, !daemons[number].isKilled else { return }
    start(number)
  }

  private func start(_ number: Int) {
    let isPlain = machines[daemons[number].machine].setup.isPlain
    daemons[number].host = Host(daemons[number].files, rules: rules(isPlain: isPlain))
    daemons[number].isAlive = true
    daemons[number].life += 1
    daemons[number].isStopping = false
    daemons[number].isRestarting = false
    daemons[number].isAwaited = false
    daemons[number].lastSpoke = .never
    daemons[number].started = now
    daemons[number].running = now
    daemons[number].known = 0
    daemons[number].isResuming = present(number) != 0
    note(number, "starts")
    if daemons[number].isResuming { coverage.count(.leftoverFound) }
    var memory = daemons[number].runtime.memory
    if !machines[daemons[number].machine].setup.remembers { memory.resumableUntil = nil }
    daemons[number].host.start(memory, at: Instant(now), into: &effects)
    finishTurn(of: number, wasTimer: false)
  }

  /// The process ends; its kernel lives on.
  func die(_ number: Int) {
    noteInterruption(of: number)
    daemons[number].isAlive = false
    daemons[number].ended = now
    daemons[number].isFrozen = false
    daemons[number].life += 1
    daemons[number].timerQueued = .never
    daemons[number].deadlineTime = .never
    daemons[number].deadline = nil
    daemons[number].strandedSince = .never
    daemons[number].sockets = nil
    daemons[number].watched = []
    disconnect(number)
    daemons[number].group = nil
    daemons[number].unread = InlineArray(repeating: 0)
    daemons[number].callers = []
    daemons[number].newsFilter = nil
    daemons[number].news = []
    daemons[number].answers = []
    daemons[number].isLossTold = false
    daemons[number].unposted = []
    daemons[number].areUnpostedUrgent = false
    // What is in the kernel's hands is done.
    if let first = daemons[number].requests.first {
      daemons[number].requests =
        [first] + daemons[number].requests.dropFirst().prefix { first.isTogether(with: $0) }
    }
    if !daemons[number].isTaskQueued && !daemons[number].isBlocked { daemons[number].requests = [] }
    let waiting = daemons[number].waiting
    daemons[number].waiting = []
    for occurrence in waiting { discard(occurrence) }
  }

  /// Gives back what an occurrence that nobody takes has stored.
  func discard(_ occurrence: Occurrence) {
    switch occurrence.kind {
    case .frame, .packet: frames.release(occurrence.detail)
    case .input: _ = inputs.take(occurrence.detail)
    default: break
    }
  }

  /// Whether the daemon can handle `occurrence` now; if it only must wait, it will come again.
  func isReady(_ number: Int, for occurrence: Occurrence) -> Bool {
    guard daemons[number].isAlive, occurrence.life == daemons[number].life else {
      discard(occurrence)
      return false
    }
    guard runs(number) else {
      daemons[number].waiting.append(occurrence)
      return false
    }
    return true
  }

  /// The daemon gets the processor again.
  func goOn(_ number: Int) {
    guard runs(number) else { return }
    coverage.count(.thawed)
    note(number, "goes on")
    daemons[number].running = now
    daemons[number].strandedSince = .never
    let waiting = daemons[number].waiting
    daemons[number].waiting = []
    again(waiting)
    daemons[number].timerQueued = .never
    queueTimer(number)
    if !daemons[number].requests.isEmpty && !daemons[number].isTaskQueued && !daemons[number].isBlocked {
      startTask(of: number)
    }
    checkStranded(number)
  }

  /// Lets what waited happen, in the order in which a loop takes it.
  func again(_ waiting: [Occurrence]) {
    guard !waiting.isEmpty else { return }
    for rank in 0...3 {
      for occurrence in waiting where occurrence.kind.rank == rank {
        var late = occurrence
        late.time = now + 1
        queue.push(late)
      }
    }
  }

  /// The process leaves its loop; a supervisor starts it again, unless it was stopped.
  func exit(_ number: Int, _ code: Int32) {
    coverage.count(.exited)
    note(number, "exits with \(code)")
    if daemons[number].callers.contains(where: \.isHeard) {
      violate(.reply, of: number, "exits and leaves a caller without a reply")
    }
    let (isStopped, isAwaited) = (daemons[number].isStopping, daemons[number].isAwaited)
    if code != 0 { coverage.count(.failed) }
    die(number)
    if isStopped && !isAwaited { return }
    schedule(.launch, at: now + daemons[number].random.within(25...60) * .millisecond, target: number)
  }
}
