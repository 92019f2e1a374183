import Internet
import VRRP

/// An Active router cannot send, because the host's own address is gone: DHCP clients and network managers remove it and
/// add another one, or the same.
struct Lapse: Hashable, Sendable {
  /// When the VIP goes, if there is no address by then.
  let end: Instant
  /// What the host was known by.
  let identity: Identity
}

extension Instance {
  mutating func linkChanged(to condition: LinkCondition, at now: Instant, _ actions: inout Actions) {
    guard condition != link else { return }
    let before = identity ?? phase.service?.lapse?.identity
    link = condition
    guard case .ready(let identity) = condition, let primary = identity.address(parameters.family) else {
      if case .noAddress = condition, let before, outlasts(the: before, at: now) { return }
      return becomeUnusable(condition, at: now, &actions)
    }
    // Somebody may have spoken in this host's name before it had one.
    for address in AddressFamily.allCases.compactMap(identity.address) { routers.forget(address) }
    // Neighbours send to where the VIP was.
    if let before, before.hardware != identity.hardware, !holdings.present.isEmpty {
      phase.service?.announcements.start(at: now)
    }
    election.reconfigure(parameters.election(primary: primary), at: now)
    if phase.service?.lapse != nil {
      phase.service?.lapse = nil
      elect(.timer, at: now, &actions)
    }
    startUpIfPossible(at: now, &actions)
    followServable(&actions)
  }

  /// How many intervals after its last Advertisement an Active router keeps the VIP without an address to send from: the
  /// others wait for three, and the kernel must have removed the VIP by then.
  private static let lapseIntervals = 2

  /// Whether an Active router keeps the VIP although what it was known by is gone. Who has offered it has promised to
  /// let go.
  private mutating func outlasts(the identity: Identity, at now: Instant) -> Bool {
    guard let service = phase.service, !service.isOffering else { return false }
    let end = service.activity.lastAdvertised + service.activity.interval.duration * Self.lapseIntervals
    guard now < end else { return false }
    phase.service?.lapse = Lapse(end: end, identity: identity)
    return true
  }

  /// Who gave the VIP up while it had no address takes no part until it has one.
  mutating func considerLapse(at now: Instant, _ actions: inout Actions) {
    guard election.state == .backup, identity == nil, let link else { return }
    becomeUnusable(link, at: now, &actions)
  }

  /// No address came in time.
  mutating func lapseIsOver(at now: Instant, _ actions: inout Actions) {
    if let link { becomeUnusable(link, at: now, &actions) }
  }

  private mutating func becomeUnusable(
    _ condition: LinkCondition, at now: Instant, _ actions: inout Actions
  ) {
    actions.append(.report(.linkUnusable(condition)))
    // An interface that comes up later is no place to resume.
    let leftover = phase.resumption?.found
    elect(.shutdown, at: now, &actions)
    // Nobody can hear it; the link that comes back may be another one.
    isResigning = false
    switch phase {
    case .initialize(.found), .initialize(.refused): phase = .initialize(.idle)
    default: break
    }
    if let leftover {
      holdings.adopt(leftover)
      letGo(&actions)
    }
    if condition == .absent { holdings.lose() }
  }

  mutating func startUpIfPossible(at now: Instant, _ actions: inout Actions) {
    guard case .ready = link, !isStopping else { return }
    switch phase {
    case .initialize(.idle): startUp(at: now, &actions)
    case .initialize(.found(let resumption)): resume(resumption, at: now, &actions)
    default: break
    }
  }

  /// RFC 9568 §6.4.1 has an address owner become Active at once; it too asks first whether it is alone.
  private mutating func startUp(at now: Instant, _ actions: inout Actions) {
    let asksFirst = parameters.priority == 255 && (parameters.witness != .off || isBarred)
    elect(asksFirst ? .listen(parameters.interval.duration) : .startup, at: now, &actions)
  }

  private mutating func resume(_ resumption: Resumption, at now: Instant, _ actions: inout Actions) {
    holdings.adopt(resumption.found)
    if !parameters.checksResumption || resumption.end.map({ now <= $0 }) == true {
      elect(.resume, at: now, &actions)
    } else {
      elect(.listen(parameters.interval.duration), at: now, &actions)
    }
  }
}
