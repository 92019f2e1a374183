import Internet
import Neighbor
import VRRP

/// Two routers that both have the VIP.
struct Contest: Hashable, Sendable {
  /// The one with the greatest hardware address, if there are several.
  var rival: MACAddress
  /// What it claimed; at a virtual MAC address it answers for one family only.
  var address: IPAddress
  /// When the election must have ended it, or the rival must have answered.
  var deadline: Instant
  var isAsked = false
}

extension Instance {
  // MARK: What is heard

  mutating func hear(_ packet: NeighborPacket, at now: Instant, _ actions: inout Actions) {
    let station = packet.senderHardware
    guard let identity, station != identity.hardware else { return }
    if let mark = packet.standby, mark.virtualRouterID == parameters.virtualRouterID,
      parameters.addresses.contains(packet.target),
      packet.sender != identity.address(packet.sender.family), let peer = peer(packet.sender, at: station)
    {
      routers.hearStandby(peer, mark, at: station, at: now)
    }
    if routers.resolve(packet.sender, at: station, at: now) { isolation.hearPeer(at: now) }
    if packet.sender == parameters.gateway && !isRouter(station) {
      isolation.hearGateway(at: station, now)
    }
    hearFrame(from: station, at: now)
    if parameters.addresses.contains(packet.sender) {
      hearClaim(of: packet.sender, by: station, at: now, &actions)
    }
  }

  /// The address by which the sender of a packet is known: its own of the family that elects. In the other family
  /// its hardware address must tell who it is.
  private func peer(_ sender: IPAddress, at station: MACAddress) -> IPAddress? {
    sender.family == parameters.family ? sender : routers.address(at: station)
  }

  mutating func hearFrame(from station: MACAddress, at now: Instant) {
    guard let identity, station != identity.hardware else { return }
    if isRouter(station) {
      isolation.hearPeer(at: now)
    } else {
      isolation.hearThird(at: now)
    }
  }

  /// Whether a router of this VIP is at `station`, as far as is known.
  func isRouter(_ station: MACAddress) -> Bool {
    routers.contains(station) || parameters.isVirtualRouter(station)
  }

  /// A station says that one of the addresses is at its hardware address.
  private mutating func hearClaim(
    of address: IPAddress, by station: MACAddress, at now: Instant, _ actions: inout Actions
  ) {
    guard election.state == .active && claim == nil else {
      witness.hear(station, for: address.family, at: now)
      // The Active router that is heard is the one that answers, as long as nothing better is known.
      if let following, !isHeartbeatLate, !parameters.isVirtualRouter(station) {
        routers.guess(following, at: station)
      }
      return abandonResumption(at: now, &actions)
    }
    guard holdings.wanted else { return }
    if let departure {
      // A successor that can be seen, whether it was heard or not.
      let successor = departure.successor ?? routers.address(at: station) ?? .any(parameters.family)
      return departed(to: successor, at: now, &actions)
    }
    if isRouter(station) { return contest(with: station, over: address, at: now, &actions) }
    // A stranger is answered, and named once (RFC 5227 §2.4 c).
    _ = announcements.contradictRival(at: now)
    if conflict != station { actions.append(.report(.conflict(station))) }
    conflict = station
  }

  /// Another router has the VIP too. The election decides between them; where they cannot hear each other,
  /// ARP must: after the time in which the election would have ended it, the rival is asked, and if it still
  /// answers, the lower hardware address gives way.
  private mutating func contest(
    with rival: MACAddress, over address: IPAddress, at now: Instant, _ actions: inout Actions
  ) {
    // Where all have the same hardware address, only the election can tell them apart.
    if parameters.usesVirtualMAC && parameters.isVirtualRouter(rival) {
      _ = announcements.contradictRival(at: now)
      return
    }
    guard let current = contest else {
      contest = Contest(
        rival: rival, address: address, deadline: now + parameters.interval.duration * 2)
      return
    }
    guard current.rival == rival else {
      // Of several rivals the one that everybody yields to counts.
      if !current.isAsked && rival.bits > current.rival.bits {
        contest?.rival = rival
        contest?.address = address
      }
      return
    }
    guard current.isAsked, let identity else { return }
    contest = nil
    // Nobody is invited: the rival has the VIP, whether its daemon lives or not.
    if identity.hardware.bits < rival.bits { return elect(.withdraw(.conflict), at: now, &actions) }
    _ = announcements.contradictRival(at: now)
  }

  /// Asks the rival, or, when that one let go meanwhile, the next one that this router yields to.
  mutating func contestIsDue(at now: Instant, _ actions: inout Actions) {
    guard var current = contest, let identity else { return }
    if current.isAsked {
      let rivals = routers.all.compactMap(\.hardware?.bits).filter {
        $0 > identity.hardware.bits && $0 < current.rival.bits
      }
      guard let next = rivals.max() else {
        contest = nil
        return
      }
      current.rival = MACAddress(bits: next)
    }
    current.isAsked = true
    current.deadline = now + parameters.interval.duration
    contest = current
    ask(for: current.address, at: current.rival, &actions)
    // A rival that never heard this router must learn, in the family that elects, that it is no stranger.
    guard parameters.witness != .off else { return }
    ask(for: parameters.addresses[0], at: current.rival, standby: standbyMark, &actions)
  }

  private var standbyMark: StandbyMark {
    StandbyMark(
      virtualRouterID: parameters.virtualRouterID, priority: parameters.priority, isReady: !isBarred)
  }

  // MARK: What is asked

  /// Sends what is due to be asked, at the pace that the situation demands.
  mutating func question(at now: Instant, _ actions: inout Actions) {
    guard identity != nil else {
      witness.stop()
      isolation.stopListening()
      return
    }
    if let pace = witnessPace { witness.ask(every: pace, at: now) } else { witness.stop() }
    // In turn: one address that somebody deleted is not the whole VIP.
    let next = (witnessTurn + 1) % parameters.addresses.count
    if let probe = witness.probe(for: parameters.addresses[next].family, at: now) {
      witnessTurn = next
      send(probe, &actions)
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
      ask(for: gateway, at: isolation.gatewayTarget, &actions)
    }
    callRoll(asks && election.state == .active, at: now, &actions)
  }

  /// Asks `station` for `target`, which must be of a family that this host has an address of.
  private func ask(
    for target: IPAddress, at station: MACAddress, standby: StandbyMark? = nil, _ actions: inout Actions
  ) {
    guard let identity, let own = identity.address(target.family) else { return }
    actions.append(
      .ask(.request(for: target, from: own, at: identity.hardware, standby: standby), to: station))
  }

  private func send(_ probe: Witness.Probe, _ actions: inout Actions) {
    let station: MACAddress =
      switch probe {
      case .broadcast: .broadcast
      case .unicast(let owner): owner
      }
    ask(for: parameters.addresses[witnessTurn], at: station, standby: standbyMark, &actions)
  }

  /// An Active router asks its peers every second whether they stand by, and whenever it doubts that it is
  /// on the network itself.
  private mutating func callRoll(
    _ isDoubting: Bool, at now: Instant, _ actions: inout Actions
  ) {
    let isDue = rollCall.map { $0 <= now } ?? false
    guard isDue || isDoubting else { return }
    if isDue {
      rollCall = now + .seconds(1)
      noteProtection(at: now, &actions)
    }
    for peer in routers.all where isDue || peer.hardware != nil {
      ask(for: peer.address, at: peer.hardware ?? .broadcast, &actions)
    }
  }

  /// Who just took over knows nobody yet.
  private mutating func noteProtection(at now: Instant, _ actions: inout Actions) {
    let isProtected = !routers.standbys(at: now).isEmpty
    guard isProtected != self.isProtected, owns else { return }
    guard isProtected || since.map({ now - $0 > Peer.memory }) == true else { return }
    self.isProtected = isProtected
    actions.append(.report(.protected(isProtected)))
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
    case .foreign, .isolated, .barred: return slow
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
}
