import Configuration
import Internet
import Netlink
import Ownership

/// Whether the view is complete, and what came while a look at everything was under way.
struct Look: Hashable, Sendable {
  /// News since the look was asked for: they may be newer than the snapshot, or older.
  var since: [RouteChange] = []
  var isPending = false
  /// More may have changed while it was under way than was told: it must be taken once more.
  var isOutdated = false
  var retry = Retry()

  /// A snapshot is asked for.
  mutating func begin() {
    isPending = true
    isOutdated = false
    since.removeAll(keepingCapacity: true)
  }

  /// Something changed.
  mutating func note(_ change: RouteChange) {
    if isPending { since.append(change) }
  }

  /// The snapshot is of some moment between the question and now, and the news that came meanwhile are of before and
  /// after: taken over once more in their order, the last one about each thing is what counts.
  mutating func take(_ snapshot: Snapshot, into view: inout KernelView) {
    isPending = false
    retry.succeeded()
    view.replace(snapshot)
    for change in since {
      if view.apply(change) { isOutdated = true }
    }
    since.removeAll(keepingCapacity: true)
  }

  /// What was lost meanwhile is looked for then.
  mutating func refused(at now: Instant) {
    retry.refused(at: now)
    since.removeAll(keepingCapacity: true)
  }
}

extension Host {
  /// Asks for a snapshot.
  mutating func lookAtEverything(at now: Instant, into effects: inout Effects) {
    look.begin()
    ask(.look, about: .look, isAddition: true, into: &effects)
  }

  mutating func ask(
    _ request: KernelRequest, about subject: PendingRequests.Subject, isAddition: Bool,
    isUrgent: Bool = true, into effects: inout Effects
  ) {
    effects.append(.request(pending.open(subject, isAddition: isAddition), request, isUrgent: isUrgent))
  }

  // MARK: News

  mutating func note(_ change: RouteChange, at now: Instant, into effects: inout Effects) {
    look.note(change)
    let isRenewal = view.isRenewal(change)
    let hidesOthers = view.apply(change)
    if !isRenewal {
      loosenNewsFilter(at: change, into: &effects)
      if !followAlone(change, at: now, into: &effects) { hasChanged = true }
    }
    if hidesOthers { lookAgain(at: now, into: &effects) }
    if case .addressRemoved(let gone) = change { missInGroup(gone.network.address, at: now, into: &effects) }
  }

  /// What goes may come again, exactly so, and must be told then: before it is asked for. That there is more to leave out
  /// can wait for the next timer.
  private mutating func loosenNewsFilter(at change: RouteChange, into effects: inout Effects) {
    isNewsFilterOutdated = true
    switch change {
    case .addressRemoved, .linkRemoved: loosenNewsFilter(into: &effects)
    default: break
    }
  }

  mutating func loosenNewsFilter(into effects: inout Effects) {
    isNewsFilterOutdated = true
    guard var filter = newsFilter, !filter.known.isEmpty else { return }
    filter.known = []
    newsFilter = filter
    effects.append(.filterNews(filter))
  }

  mutating func filterNews(into effects: inout Effects) {
    isNewsFilterOutdated = false
    let filter = view.newsFilter(hearsRemovals: group != nil)
    guard filter != newsFilter else { return }
    newsFilter = filter
    effects.append(.filterNews(filter))
  }

  mutating func changesWereLost(at now: Instant, into effects: inout Effects) {
    effects.append(.notice(.changesLost))
    if rules.contains(.resynchronize) { lookAgain(at: now, into: &effects) }
  }

  mutating func lookAgain(at now: Instant, into effects: inout Effects) {
    if look.isPending {
      look.isOutdated = true
    } else {
      lookAtEverything(at: now, into: &effects)
    }
  }

  private mutating func take(_ snapshot: Snapshot, at now: Instant, into effects: inout Effects) {
    look.take(snapshot, into: &view)
    filterNews(into: &effects)
    hasChanged = true
    missInGroup(snapshot, at: now, into: &effects)
    if phase == .running { noticeUnseenLosses(at: now, into: &effects) }
    if look.isOutdated { lookAtEverything(at: now, into: &effects) }
    if phase == .waiting { begin(at: now, into: &effects) }
  }

  /// The kernel has said what there is: goes on where an earlier run left off, if one did.
  private mutating func begin(at now: Instant, into effects: inout Effects) {
    phase = .running
    let leftover = addresses.leftover(settings, view, carriers)
    addresses.told = leftover
    addresses.wanted = leftover
    checks = Checks(settings, assumedToPass: !leftover.isEmpty)
    effects.append(.watchUnits(checks.units))
    effects.append(.runCommands(checks.plan))
    followChecks(into: &effects)
    followParameters(at: now, into: &effects)
    followEligibility(at: now, into: &effects)
    if !leftover.isEmpty {
      effects.append(.notice(.leftover(leftover)))
      tell(.resume(leftover, until: memory.resumableUntil), at: now, into: &effects)
    }
    effects.append(.notify(.ready))
    reload.readIfAsked(into: &effects)
    if stopsAtOnce { tell(.stop, at: now, into: &effects) }
  }

  // MARK: Answers

  mutating func note(
    _ answer: KernelAnswer, to sequence: UInt32, at now: Instant, into effects: inout Effects
  ) {
    guard let entry = pending.close(sequence) else { return }
    if case .snapshot(let snapshot) = answer { return take(snapshot, at: now, into: &effects) }
    var refusal: KernelRefusal?
    if case .refused(let why) = answer { refusal = why }
    if refusal != nil || !isRenewal(entry) { hasChanged = true }
    switch entry.subject {
    case .look: lookWasRefused(at: now)
    case .address(let network, let linkIndex):
      addressAnswered(network, on: linkIndex, entry.isAddition, refusal, at: now, into: &effects)
    case .replacement(let network, _): replacementAnswered(network, refusal, into: &effects)
    case .route(let route): routeAnswered(route, entry.isAddition, refusal, at: now, into: &effects)
    case .macvlan(let family): macvlanAnswered(family, refusal, at: now, into: &effects)
    case .upness(let index):
      upnessAnswered(index, entry.isAddition, refusal, at: now, into: &effects)
    case .removal(let index): carrierRemovalAnswered(index, refusal, at: now, into: &effects)
    case .setting: settingAnswered(refusal, at: now, into: &effects)
    }
  }

  /// Whether the request was for an address that the core knows to be there.
  private func isRenewal(_ entry: PendingRequests.Entry) -> Bool {
    guard entry.isAddition, case .address(let network, _) = entry.subject,
      let index = self.index(of: network)
    else { return false }
    return addresses.told.contains(AddressSet(index: index))
  }

  private mutating func lookWasRefused(at now: Instant) {
    look.refused(at: now)
    if let deadline = look.retry.deadline { alarms.advance(.look, to: deadline) }
  }

  /// Whether what was refused may be asked for again; if not yet, this is looked at again when it may.
  mutating func allows(_ retry: Retry, at now: Instant) -> Bool {
    guard rules.contains(.retry) else { return !retry.isRefused }
    if retry.allows(at: now) { return true }
    schedule(retry)
    return false
  }

  /// Has `retry` looked at again when its pause is over.
  mutating func schedule(_ retry: Retry) {
    guard rules.contains(.retry), let deadline = retry.deadline else { return }
    alarms.advance(.retry, to: deadline)
  }
}
