import Internet
import Neighbor
import VRRP

/// An Active router's claim on a VIP that another one still answers for.
struct Claim: Hashable, Sendable {
  /// The Active router that is preempted.
  let rival: IPAddress
  /// When it must have let go; it cannot hear us if it has not.
  let deadline: Instant
}

/// A better Active router that is heard in the family that does not elect.
struct OtherFamilyRival: Hashable, Sendable {
  let address: IPAddress
  let since: Instant
  var last: Instant
}

extension Hold {
  fileprivate var isAnswered: Bool {
    switch self {
    case .answered, .foreign: true
    case .isolated, .barred: false
    }
  }
}

extension Instance {
  mutating func elect(_ event: Election.Event, at now: Instant, _ actions: inout Actions) {
    let before = election.state
    let wasClaiming = claim != nil
    let outcome = election.handle(event, at: now)
    if let cause = outcome.transition { note(cause, at: now, &actions) }
    // Let go before the resignation invites somebody else: netlink removes while it is being asked.
    if before == .active && election.state != .active { letGo(&actions) }
    // Who only claims the VIP has nothing to give away.
    if let priority = outcome.advertise, priority > 0 || !wasClaiming {
      advertise(priority, interval: parameters.interval, at: now, &actions)
    }
    if before != .active && election.state == .active { becomeActive(at: now, &actions) }
    if let rival = outcome.beat, announcements.contradictRival(at: now) {
      actions.append(.report(.beat(rival)))
    }
  }

  private mutating func note(_ cause: Election.Cause, at now: Instant, _ actions: inout Actions) {
    self.cause = cause
    since = now
    following = nil
    heartbeat = nil
    isHeartbeatLate = false
    hold = nil
    if case .better(let sender, _) = cause {
      following = sender
      heartbeat = now
    }
    actions.append(.report(.transition(election.state, cause)))
  }

  mutating func advertise(
    _ priority: UInt8, interval: AdvertisementInterval, at now: Instant, _ actions: inout Actions
  ) {
    // A link without carrier or address cannot carry a resignation.
    guard case .ready = link else { return }
    if election.state == .active { lastAdvertised = now }
    actions.append(.advertise(priority: priority, interval: interval))
  }

  /// A loop that slept (a paused machine, a stopped process, a starved CPU) may have slept through a
  /// takeover: it must let go before it sends anything. The fastest possible Backup router waits three
  /// intervals.
  mutating func stepDownIfLate(at now: Instant, _ actions: inout Actions) {
    guard parameters.checksLateness, election.state == .active, let lastAdvertised else { return }
    let silence = now - (departure?.deadline ?? lastAdvertised)
    guard silence > parameters.interval.duration * 3 else { return }
    departure = nil
    actions.append(.report(.late(by: silence - parameters.interval.duration)))
    elect(.late, at: now, &actions)
  }

  mutating func hear(_ received: ReceivedAdvertisement, at now: Instant, _ actions: inout Actions) {
    guard received.sender != identity?.address(received.sender.family) else {
      if !ownSourceReported { actions.append(.report(.ownSource)) }
      ownSourceReported = true
      return
    }
    if let form = received.checksum { heardDialect.checksum = form }
    if let isListed = received.listsDerivedAddress { heardDialect.listsDerivedAddress = isListed }
    guard received.sender.family == parameters.family else {
      return hearInOtherFamily(received, at: now, &actions)
    }
    let news = routers.hear(received, ownInterval: parameters.interval, at: now)
    let (heard, sender) = (received.advertisement, received.sender)
    if news.addressesDiffer { actions.append(.report(.addressesDiffer(sender))) }
    if news.intervalDiffers { actions.append(.report(.intervalDiffers(sender, heard.interval))) }
    if heard.priority > 0 {
      if departure != nil { return offerIsAccepted(by: sender, at: now) }
      abandonResumption(at: now, &actions)
    }
    let yields = heard.priority == 0 && claim?.rival == sender
    elect(.advertisement(heard, from: sender), at: now, &actions)
    if yields { take(at: now, &actions) }
    if election.state == .backup && heard.priority > 0 { follow(sender, heard.priority, at: now, &actions) }
  }

  /// A VIP with addresses of both families consists of two virtual routers (RFC 9568 §1) under one decision.
  /// The family of the first address elects: were both to break ties, they could do so in opposite ways. What is
  /// heard in the other one keeps a Backup router waiting; an Active router yields to a better one that goes on
  /// there for a whole Active_Down_Interval, so that the first family cannot be what decides between them.
  private mutating func hearInOtherFamily(
    _ received: ReceivedAdvertisement, at now: Instant, _ actions: inout Actions
  ) {
    let (heard, sender) = (received.advertisement, received.sender)
    guard heard.priority > 0 else { return }
    var own = election.parameters
    own.primary = identity?.address(sender.family) ?? sender
    switch election.state {
    case .initialize: return
    case .backup:
      // What was sent before a resignation may come after that of the first family.
      if case .resignation = election.impendingCause { return }
      guard !own.overrules(heard.priority) else { return }
      elect(.advertisement(heard, from: following ?? sender), at: now, &actions)
      follow(following ?? sender, heard.priority, at: now, &actions)
    case .active:
      guard own.givesWay(to: heard.priority, at: sender), departure == nil else { return }
      let patience = heard.interval.activeDownInterval(priority: parameters.priority, parameters.version)
      if let rival = otherFamilyRival, rival.address == sender, now - rival.last <= patience {
        otherFamilyRival?.last = now
        guard now - rival.since > patience else { return }
        elect(.resign(.better(sender, priority: heard.priority)), at: now, &actions)
        follow(sender, heard.priority, at: now, &actions)
      } else {
        otherFamilyRival = OtherFamilyRival(address: sender, since: now, last: now)
      }
    }
  }

  private mutating func follow(
    _ sender: IPAddress, _ priority: UInt8, at now: Instant, _ actions: inout Actions
  ) {
    heartbeat = now
    isHeartbeatLate = false
    guard following != sender || hold != nil else { return }
    following = sender
    actions.append(.report(.following(sender, priority: priority)))
  }

  // MARK: From Backup to Active

  /// A Backup router whose Active_Down_Timer has fired takes over, unless it should not.
  ///
  /// Only the timer's own event takes over, which comes when all packets that wait were read: after a pause, a
  /// heartbeat may be among them.
  mutating func considerTakeover(after event: Event, at now: Instant, _ actions: inout Actions) {
    guard election.state == .backup, let due = election.deadline, due <= now else {
      hold = nil
      holdEnded = nil
      return
    }
    if hold == nil && event != .timer { return }
    // A Backup router that slept through its timer heard nobody because it was not listening.
    if parameters.checksLateness && hold == nil && now - due > election.activeInterval.duration {
      return elect(.late, at: now, &actions)
    }
    guard let reason = reasonToHold(since: due, at: now) else {
      holdEnded = now
      if event == .timer { elect(.timer, at: now, &actions) }
      return
    }
    holdEnded = nil
    // Of several that answer in turn one is as good as any other to name.
    if witness.isDisputed && reason.isAnswered && hold?.isAnswered == true { return }
    if reason != hold { actions.append(.report(.holding(reason))) }
    hold = reason
  }

  private func reasonToHold(since due: Instant, at now: Instant) -> Hold? {
    if isBarred { return .barred }
    switch election.impendingCause {
    case .resignation(let router) where isOwner(router): return nil
    // The rival is alive and will let go when it hears us: see `Claim`.
    case .preemption: return nil
    default: break
    }
    let patience = (parameters.lease ?? .zero) + .seconds(1)
    let isPatient = parameters.witness == .strict || now - due <= patience
    if parameters.witness != .off && isPatient, let owner = witnessed {
      return isRouter(owner) ? .answered(at: owner, last: following) : .foreign(owner)
    }
    // Only what is heard after the Advertisement failed to come tells why it did.
    guard parameters.isolation, !isGatewayRouter, let reference = heartbeat.map({ $0 + lateAfter }) ?? since
    else { return nil }
    return isolation.isSilent(since: reference) ? .isolated(since: isolation.lastThird ?? reference) : nil
  }

  /// Whether `router` may give the VIP away: not if it is known to be another station that answers for it.
  private func isOwner(_ router: IPAddress) -> Bool {
    guard let hardware = routers.all.first(where: { $0.address == router })?.hardware else { return true }
    // Whoever is at the virtual router's hardware address is the Active router.
    return witnessed.map { $0 == hardware || parameters.isVirtualRouter($0) } ?? true
  }

  /// Whether the gateway is a router of this VIP, so that its silence is what a takeover is for.
  private var isGatewayRouter: Bool {
    routers.all.contains { router in
      router.address == isolation.gateway
        || router.hardware != nil && router.hardware == isolation.gatewayHardware
    }
  }

  private mutating func becomeActive(at now: Instant, _ actions: inout Actions) {
    if case .preemption(let rival, _) = cause, parameters.witness != .off {
      // Long enough for several Advertisements to get through. The rival may have become Active a moment ago, and
      // may have died since: what its kernel answers must be asked now.
      claim = Claim(rival: rival, deadline: now + parameters.interval.duration * 3)
      witness.askAnew(at: now)
    } else {
      take(at: now, &actions)
    }
  }

  /// Takes the VIP when the router that was preempted no longer answers for it, or leaves it to that router
  /// if it goes on: then it cannot hear us, and two owners would be worse than the wrong one.
  mutating func considerClaim(at now: Instant, _ actions: inout Actions) {
    guard let claim else { return }
    if witness.isSilent { return take(at: now, &actions) }
    guard claim.deadline <= now else { return }
    elect(.withdraw(.ignored(by: claim.rival)), at: now, &actions)
    election.postponePreemption(until: now + Self.deafRivalPause)
  }

  /// How long a rival that cannot hear us is left alone.
  static let deafRivalPause = Duration.seconds(60)
}
