import Internet
import VRRP

extension Instance {
  mutating func linkChanged(to condition: LinkCondition, at now: Instant, _ actions: inout Actions) {
    guard condition != link else { return }
    let hardware = identity?.hardware
    link = condition
    guard case .ready(let identity) = condition, let primary = identity.address(parameters.family) else {
      return becomeUnusable(condition, at: now, &actions)
    }
    // Somebody may have spoken in this host's name before it had one.
    for address in AddressFamily.allCases.compactMap(identity.address) { routers.forget(address) }
    // Neighbours send to where the VIP was.
    if let hardware, hardware != identity.hardware, !holdings.present.isEmpty {
      phase.service?.announcements.start(at: now)
    }
    election.reconfigure(parameters.election(primary: primary), at: now)
    startUpIfPossible(at: now, &actions)
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
