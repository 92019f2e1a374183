import Internet
import Neighbor
import VRRP

/// Two routers that both have the VIP.
struct Contest: Hashable, Sendable {
  /// The one with the greatest hardware address, if there are several.
  var rival: MACAddress
  /// When the election must have ended it, or the rival must have answered.
  var deadline: Instant
  var isAsked = false
}

extension Instance {
  // MARK: What is heard

  mutating func hear(_ packet: ARPPacket, at now: Instant, _ actions: inout Actions) {
    let station = packet.senderHardware
    guard case .ready(_, let own) = link, station != own else { return }
    let isForVIP = parameters.addresses.contains(packet.target)
    if packet.operation == .request && isForVIP && packet.targetHardware == mark {
      routers.hearStandby(packet.sender, at: station, at: now)
    }
    if routers.resolve(packet.sender, at: station, at: now) { isolation.hearPeer(at: now) }
    if packet.sender == parameters.gateway && !routers.contains(station) {
      isolation.hearGateway(at: station, now)
    }
    hearFrame(from: station, at: now)
    if parameters.addresses.contains(packet.sender) { hearClaim(of: station, at: now, &actions) }
  }

  mutating func hearFrame(from station: MACAddress, at now: Instant) {
    guard case .ready(_, let own) = link, station != own else { return }
    if routers.contains(station) {
      isolation.hearPeer(at: now)
    } else {
      isolation.hearThird(at: now)
    }
  }

  /// A station says that the VIP is at its hardware address.
  private mutating func hearClaim(of station: MACAddress, at now: Instant, _ actions: inout Actions) {
    guard election.state == .active && claim == nil else {
      witness.hear(station, at: now)
      // The Active router that is heard is the one that answers, as long as nothing better is known.
      if let following, !isHeartbeatLate { routers.guess(following, at: station) }
      return abandonResumption(at: now, &actions)
    }
    guard holdings.wanted else { return }
    if let departure {
      // A successor that can be seen, whether it was heard or not.
      let successor = departure.successor ?? routers.address(at: station) ?? .any
      return departed(to: successor, at: now, &actions)
    }
    if routers.contains(station) { return contest(with: station, at: now, &actions) }
    // A stranger is answered, and named once (RFC 5227 §2.4 c).
    _ = announcements.contradictRival(at: now)
    if conflict != station { actions.append(.report(.conflict(station))) }
    conflict = station
  }

  /// Another router has the VIP too. The election decides between them; where they cannot hear each other,
  /// ARP must: after the time in which the election would have ended it, the rival is asked, and if it still
  /// answers, the lower hardware address gives way.
  private mutating func contest(with rival: MACAddress, at now: Instant, _ actions: inout Actions) {
    guard let current = contest else {
      contest = Contest(rival: rival, deadline: now + parameters.interval.duration * 2)
      return
    }
    guard current.rival == rival else {
      // Of several rivals the one that everybody yields to counts.
      if !current.isAsked && rival.bits > current.rival.bits { contest?.rival = rival }
      return
    }
    guard current.isAsked, case .ready(_, let own) = link else { return }
    contest = nil
    if own.bits < rival.bits { return elect(.resign(.conflict), at: now, &actions) }
    _ = announcements.contradictRival(at: now)
  }

  mutating func contestIsDue(at now: Instant, _ actions: inout Actions) {
    guard var current = contest, case .ready(let primary, let own) = link, !current.isAsked else {
      contest = nil
      return
    }
    current.isAsked = true
    current.deadline = now + parameters.interval.duration
    contest = current
    actions.append(
      .sendARP(.request(for: parameters.addresses[0], from: primary, at: own), to: current.rival))
  }

  // MARK: What is asked

  /// Sends what is due to be asked, at the pace that the situation demands.
  mutating func question(at now: Instant, _ actions: inout Actions) {
    guard case .ready(let primary, let own) = link else {
      witness.stop()
      isolation.stopListening()
      return
    }
    if let pace = witnessPace { witness.ask(every: pace, at: now) } else { witness.stop() }
    if let probe = witness.probe(at: now) {
      // In turn: one address that somebody deleted is not the whole VIP.
      witnessTurn = (witnessTurn + 1) % parameters.addresses.count
      actions.append(send(probe, primary, own))
    }
    if let window = evidenceWindow(at: now) {
      isolation.listen(within: window, at: now)
    } else {
      isolation.stopListening()
    }
    if isolation.shouldReopen(at: now) { actions.append(.listenForEvidence) }
    let asks = isolation.shouldAsk(at: now)
    let checks = isolation.shouldCheckGateway(at: now)
    if let gateway = isolation.gateway, checks || asks && isolation.gatewayHardware != nil {
      actions.append(
        .sendARP(.request(for: gateway, from: primary, at: own), to: isolation.gatewayTarget))
    }
    callRoll(asks && election.state == .active, primary, own, at: now, &actions)
  }

  private func send(_ probe: Witness.Probe, _ primary: IPv4Address, _ own: MACAddress) -> Action {
    let vip = parameters.addresses[witnessTurn]
    let question = ARPPacket.request(for: vip, from: primary, at: own, mark: mark)
    switch probe {
    case .broadcast: return .sendARP(question, to: .broadcast)
    case .unicast(let owner): return .sendARP(question, to: owner)
    }
  }

  /// An Active router asks its peers every second whether they stand by, and whenever it doubts that it is
  /// on the network itself.
  private mutating func callRoll(
    _ isDoubting: Bool, _ primary: IPv4Address, _ own: MACAddress, at now: Instant, _ actions: inout Actions
  ) {
    let isDue = rollCall.map { $0 <= now } ?? false
    guard isDue || isDoubting else { return }
    if isDue { rollCall = now + .seconds(1) }
    for peer in routers.all where isDue || peer.hardware != nil {
      actions.append(
        .sendARP(.request(for: peer.address, from: primary, at: own), to: peer.hardware ?? .broadcast))
    }
  }

  /// How often to ask whether the VIP is answered for; nil for not at all.
  private var witnessPace: Duration? {
    guard parameters.witness != .off else { return nil }
    // Two misses at this pace are the outage of a preemption.
    if claim != nil { return .milliseconds(4) }
    guard election.state == .backup else { return nil }
    let interval = election.activeInterval.duration
    // Not slower: this is also how the owner learns who stands by.
    let slow = Duration.seconds(1)
    switch hold {
    case .foreign, .isolated: return slow
    // The client waits from now on, whatever the interval.
    case .answered: return min(fastPace(interval), .milliseconds(25))
    case nil: break
    }
    if isHeartbeatLate { return fastPace(interval) }
    return following == nil ? max(interval / 2, .milliseconds(20)) : slow
  }

  /// Several probes fit between the first late Advertisement and the end of Active_Down_Interval.
  private func fastPace(_ interval: Duration) -> Duration {
    min(max(interval / 4, .milliseconds(5)), .milliseconds(250))
  }

  /// How fresh evidence of being on the network must be; nil if nobody needs any.
  ///
  /// The others may have heard our last Advertisement a whole interval before we were cut off, and have a
  /// Skew_Time near zero: an Active router must know within two intervals.
  private func evidenceWindow(at now: Instant) -> Duration? {
    guard parameters.isolation else { return nil }
    switch election.state {
    case .initialize: return nil
    case .active:
      guard holdings.wanted, !routers.standbys(at: now).isEmpty else { return nil }
      return parameters.interval.duration * 19 / 10
    case .backup: return isHeartbeatLate ? .milliseconds(200) : .seconds(2)
    }
  }

  // MARK: Isolation

  /// When to look after the evidence of being on the network.
  var isolationDeadline: Instant? {
    earliest([isolation.asking, isolation.checking, isolation.reopening, cutOff])
  }

  private var cutOff: Instant? {
    election.state == .active && holdings.wanted && departure == nil ? isolation.cutOff : nil
  }

  mutating func leaveIfCutOff(at now: Instant, _ actions: inout Actions) {
    guard let due = cutOff, due <= now else { return }
    actions.append(.report(.isolated(since: isolation.lastThird ?? now)))
    elect(.resign(.isolation), at: now, &actions)
  }

  private var mark: MACAddress { ARPPacket.standbyMark(virtualRouterID: parameters.virtualRouterID) }
}
