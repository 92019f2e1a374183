import Internet
import Neighbor
import VRRP

extension Instance {
  mutating func hear(_ packet: NeighborPacket, at now: Instant, _ actions: inout Actions) {
    let station = packet.senderHardware
    guard let identity, station != identity.hardware else { return }
    if let mark = packet.standby, mark.virtualRouterID == parameters.virtualRouterID,
      parameters.has(packet.target), packet.sender != identity.address(packet.sender.family)
    {
      if let peer = peer(packet.sender, at: station) {
        hearStandby(peer, mark, at: station, at: now, &actions)
      } else {
        introduce(to: station, &actions)
      }
    }
    let isReply = packet.operation == .reply
    let isProxied = isReply && !isRouter(station) && proxies.contains(station, at: now)
    let isDoubtful = isReply && isolation.isReference(station, besides: packet.sender)
    if !isProxied,
      routers.resolve(packet.sender, at: station, isReply: isReply, isDoubtful: isDoubtful, at: now)
    {
      isolation.hearPeer(at: now)
    }
    hearReach(packet, at: now, &actions)
    if !isRouter(station) { isolation.hearAnswer(of: packet.sender, at: station, now) }
    hearFrame(from: station, at: now)
    hearTrial(packet, at: now, &actions)
    if parameters.has(packet.sender), isClaim(packet, at: now) { hearClaim(packet, at: now, &actions) }
  }

  /// Whether the packet says that its sender has the address: not what somebody else asked for, which a switch or a
  /// proxy may answer with whatever it remembers, nor what a proxy answers to anybody.
  private func isClaim(_ packet: NeighborPacket, at now: Instant) -> Bool {
    guard packet.operation == .reply, !packet.isAnnouncement else { return true }
    guard isAnswer(packet) else { return false }
    return isRouter(packet.senderHardware) || !proxies.contains(packet.senderHardware, at: now)
  }

  /// Whether it is an answer to a question of this host.
  func isAnswer(_ packet: NeighborPacket) -> Bool {
    packet.operation == .reply && packet.target == identity?.address(packet.target.family)
  }

  private mutating func hearStandby(
    _ peer: IPAddress, _ mark: StandbyMark, at station: MACAddress, at now: Instant, _ actions: inout Actions
  ) {
    let wasReached = unreached(at: now).isEmpty
    routers.hearStandby(peer, mark, at: station, at: now)
    if wasReached, !unreached(at: now).isEmpty { actions.append(.report(.unreached(by: peer))) }
  }

  /// A standby that asked in the other family, and is known by no address, has never heard this router, either: where
  /// VRRP is blocked, and a proxy answers what both ask, neither would learn that the other is one.
  private mutating func introduce(to station: MACAddress, _ actions: inout Actions) {
    ask(for: parameters.addresses[0].address, at: station, standby: standbyMark, &actions)
  }

  /// The address by which the sender of a packet is known: its own of the family that elects. In the other family
  /// its hardware address must tell who it is.
  private func peer(_ sender: IPAddress, at station: MACAddress) -> IPAddress? {
    sender.family == parameters.family ? sender : routers.address(at: station)
  }

  mutating func hearFrame(from station: MACAddress, at now: Instant) {
    guard let identity, station != identity.hardware else { return }
    if isRouter(station) {
      routers.hearFrame(from: station, at: now)
      isolation.hearPeer(at: now)
    } else {
      isolation.hearFrame(from: station, at: hearing(at: now))
    }
  }

  /// Whether a router of this VIP is at `station`, as far as is known.
  func isRouter(_ station: MACAddress) -> Bool {
    routers.contains(station) || parameters.isVirtualRouter(station)
  }

  /// A station says that one of the addresses is at its hardware address.
  private mutating func hearClaim(
    _ packet: NeighborPacket, at now: Instant, _ actions: inout Actions
  ) {
    let (address, station) = (packet.sender, packet.senderHardware)
    guard case .serving(let service) = phase else {
      return hearOwner(of: address, at: station, at: now, &actions)
    }
    if let offer = service.offer {
      // A successor that can be seen, whether it was heard or not.
      let successor = offer.successor ?? routers.address(at: station) ?? .any(parameters.family)
      return departed(to: successor, at: now, &actions)
    }
    if isRouter(station) {
      return contest(with: station, over: address, isAnswer: isAnswer(packet), at: now, &actions)
    }
    // A stranger is answered, and named once (RFC 5227 §2.4 c).
    _ = contradictRival(at: now)
    if service.stranger != station { actions.append(.report(.conflict(station))) }
    phase.service?.stranger = station
  }

  /// Another station says that it has the VIP, which this host has not.
  private mutating func hearOwner(
    of address: IPAddress, at station: MACAddress, at now: Instant, _ actions: inout Actions
  ) {
    phase.changeWitness { $0.hear(station, for: address.family, at: now) }
    let index = parameters.addresses.firstIndex { $0.address == address }
    if let index { witnessTurn.hear(index) }
    guard case .backup(let backup) = phase else { return }
    // The Active router that is heard is the one that answers, as long as nobody else does.
    if let active = backup.active, !active.isLate, !parameters.isVirtualRouter(station),
      !backup.witness.isDisputed, !isolation.isReference(station, besides: active.address)
    {
      routers.guess(active.address, at: station)
    }
    if backup.resumption != nil { abandonResumption(at: now, &actions) }
  }
}
