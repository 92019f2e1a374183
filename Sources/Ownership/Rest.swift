import Internet
import VRRP

/// How an Active router relies on evidence without being woken for it: with each Advertisement it asks its references, and
/// with the next one it looks whether they were heard.
///
/// What was heard by then was heard after the Advertisement before, which the others heard, too: they wait for three
/// intervals from that one, and so evidence counts as if it came when it is looked for, but never as more than an interval
/// younger than that Advertisement. Where nothing was heard, it is looked for in earnest: see `Evidence`.
///
/// All instances of a host hear what the references answer to any of them: who hears them without having asked leaves
/// asking to the others.
struct Rest: Hashable, Sendable {
  /// When the latest Advertisement was sent.
  let tick: Instant
  /// Whether frames are reported with the next timer, and not at once.
  var isQuiet = false
  /// Frames that were reported since then.
  var frames = 0
  /// Whether the references were asked with it.
  var hasAsked = true
}

extension Instance {
  /// References answer no more than about fourteen questions a second for long: see `Reference`.
  private static let shortestInterval = Duration.milliseconds(75)

  /// What the others wait by, whatever a reload says meanwhile.
  var advertisedInterval: Duration { (phase.activity?.interval ?? parameters.interval).duration }

  /// When to look for evidence although no Advertisement was sent, a moment before a standby would be asked; nil while it
  /// is not waited for.
  var restDeadline: Instant? {
    guard let rest = isolation.rest, rest.isQuiet else { return nil }
    return rest.tick + advertisedInterval * 17 / 16
  }

  /// Goes on resting with each Advertisement, as long as references are heard.
  mutating func considerRest(at now: Instant, _ actions: inout Actions) {
    guard let service = phase.service, isolation.demand != nil, !service.isOffering, service.lapse == nil,
      advertisedInterval >= Self.shortestInterval
    else { return endRest(at: now) }
    guard service.activity.lastAdvertised == now else {
      return
    }
    let last = isolation.rest
    if last?.tick == now { return }
    let isHeard = takeFreshness()
    guard let last, isHeard, now - last.tick < advertisedInterval * 3 / 2 else {
      endRest(at: now)
      isolation.rest = Rest(tick: now)
      return
    }
    var rest = Rest(tick: now, isQuiet: true)
    rest.hasAsked = !last.isQuiet || last.hasAsked && !leavesAsking(last, at: now)
    isolation.rest = rest
    if rest.hasAsked { askCountingReferences(at: now, &actions) }
    if !last.isQuiet {
      isolation.rests()
      actions.append(.listenForEvidence(of: audible, .resting))
    }
    unhearReferences(&actions)
  }

  /// Whether more than half of the references that count were heard since this was asked last.
  private mutating func takeFreshness() -> Bool {
    var (counting, fresh) = (0, 0)
    for index in isolation.references.indices {
      if counts(isolation.references[index]) {
        counting += 1
        if isolation.references[index].isFresh { fresh += 1 }
      }
      isolation.forgetFreshness(of: index)
    }
    return fresh * 2 > counting
  }

  /// Somebody else asks, too: one of two is enough. Two that wake up together must not both stop. Of a reference that
  /// takes its time there would be nothing to hear for long when the other one stops.
  private func leavesAsking(_ last: Rest, at now: Instant) -> Bool {
    let drawn = UInt64(bitPattern: now.nanoseconds) &* 0x9E37_79B9_7F4A_7C15
    return last.frames > 1 && drawn >> 63 == 0
      && !isolation.references.contains { $0.isSlow(within: advertisedInterval / 2, at: now) }
  }

  /// Their answers are evidence now and nothing else, or not even that, unless `Reach` waits for one.
  mutating func unhearReferences(_ actions: inout Actions) {
    var isChanged = false
    for index in isolation.references.indices {
      let address = isolation.references[index].address
      if reach.isAskedAsHost(address) || routers.contains(address) { continue }
      if answerers.remove(address) { isChanged = true }
    }
    if isChanged { actions.append(.hearAnswers(of: answerers.all)) }
  }

  mutating func endRest(at now: Instant) {
    guard let rest = isolation.rest else { return }
    isolation.rest = nil
    if rest.isQuiet { isolation.watches(at: now) }
  }

  /// When a frame that is reported now was heard, at the latest.
  func hearing(at now: Instant) -> Instant {
    guard isolation.isResting, let rest = isolation.rest else { return now }
    return min(now, rest.tick + advertisedInterval)
  }
}
