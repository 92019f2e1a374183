import Host
import Internet
import Neighbor
import Ownership
import VRRP

/// Packets that must change nothing.
extension World {
  func sendHostilePackets(to number: Int) {
    // Over a link that is down comes nothing.
    guard runs(number), daemons[number].sockets != nil, case .ready = daemons[number].host.core.link else {
      return
    }
    for family in plan.network.advertised {
      for form in 0..<9 { refuseAdvertisement(form, family, number) }
      for form in 0..<4 { refuseClaim(form, family, number) }
    }
    impersonate(number)
  }

  /// An Advertisement of priority 255 that is wrong in one point, so that RFC 9568 §7.1 has it discarded.
  private func refuseAdvertisement(_ form: Int, _ family: AddressFamily, _ number: Int) {
    let vip = daemons[number].vip
    let id = Station.virtualRouterID(vip)
    let router = VirtualRouter(id: id, addresses: plan.network.addresses(vip, family), interval: .shortest)
    var envelope = Envelope(
      source: Station.address(Station.bystander, family), destination: Advertisement.group(family),
      timeToLive: 255)
    let foreignID = form == 5 ? id &+ 1 : id
    var message: [UInt8] = []
    router.encode(
      Advertisement(virtualRouterID: foreignID, priority: 255, interval: .shortest), from: envelope.source,
      to: envelope.destination, in: Dialect(checksum: .rfc9568), into: &message)
    switch form {
    case 0: envelope.timeToLive = UInt8(daemons[number].random.below(255))
    case 1: message.removeLast(1 + daemons[number].random.below(message.count))
    case 2: message.replace(0, by: 0x21, in: envelope)
    case 3: message.replace(0, by: 0x32, in: envelope)
    case 4: message[daemons[number].random.below(message.count)] ^= 0x10
    case 6: message.replace(3, by: 0, in: envelope)
    case 7: message.replace(5, by: 0, in: envelope)
    case 8:
      daemons[number].random.scribble(over: &message, from: 0)
      // By chance the rest may be right.
      message[1] = foreignID &+ 1
    default: break
    }
    let received = try? router.decode(message.span, in: envelope)
    if received != nil { violate(.hostile, "form \(form) over \(family) passed the decoder") }
  }

  /// A claim of the VIP that is wrong in one point, so that RFC 826 or RFC 4861 §7.1.2 has it discarded.
  private func refuseClaim(_ form: Int, _ family: AddressFamily, _ number: Int) {
    guard let address = plan.network.addresses(daemons[number].vip, family).first else { return }
    let machine = daemons[number].machine
    let claim = NeighborPacket(
      operation: .reply, senderHardware: Station.hardware(Station.forger), sender: address,
      targetHardware: Station.hardware(machine), target: Station.address(machine, family))
    var frame: [UInt8] = []
    claim.encode(to: Station.hardware(machine), into: &frame)
    switch (form, family) {
    case (0, _): frame.removeLast(1 + daemons[number].random.below(frame.count))
    // Hardware type, protocol type and the lengths of their addresses; hop limit.
    case (1, .ipv4): frame[14 + daemons[number].random.below(6)] ^= 0x10
    case (1, .ipv6): frame[21] = UInt8(daemons[number].random.below(255))
    // RARP; one bit of the ICMPv6 message, which has a checksum.
    case (2, .ipv4): frame[21] = 3
    case (2, .ipv6): frame[54 + daemons[number].random.below(frame.count - 54)] ^= 0x10
    default: daemons[number].random.scribble(over: &frame, from: 14)
    }
    if NeighborPacket(decoding: frame.span) != nil {
      violate(.hostile, "claim \(form) over \(family) passed the decoder")
    }
  }

  /// An Advertisement and a standby's mark with the host's own address as their sender, and a claim with its
  /// hardware address.
  private func impersonate(_ number: Int) {
    // What is due anyway may happen at any event.
    guard daemons[number].deadlineTime > now, daemons[number].host.core.hold == nil,
      case .ready(let identity) = daemons[number].host.core.link,
      let sender = identity.address(plan.network.families[0])
    else { return }
    let before = daemons[number].host.core
    // While it had no address, a forger may have taken its name.
    if before.peers.contains(where: { $0.address == sender }) { return }
    let id = Station.virtualRouterID(daemons[number].vip)
    let forged = Advertisement(virtualRouterID: id, priority: 255, interval: .shortest)
    tell(.advertisement(ReceivedAdvertisement(forged, from: sender)), to: number)
    let address = plan.network.address(daemons[number].vip, 0)
    tell(.neighbor(.announcement(.reply, for: address, at: identity.hardware)), to: number)
    let mark = StandbyMark(virtualRouterID: id, priority: 255, isReady: true)
    let standby = NeighborPacket.request(
      for: address, from: sender, at: Station.hardware(Station.forger), standby: mark)
    tell(.neighbor(standby), to: number)
    let after = daemons[number].host.core
    if after.election != before.election || after.witnessed != before.witnessed
      || !after.peers.elementsEqual(before.peers, by: { $0.saysTheSame(as: $1) })
    {
      violate(.hostile, of: number, "believed a packet from its own address")
    }
  }
}

extension Peer {
  /// Whether it said nothing new. Questions to it may be due at any event.
  fileprivate func saysTheSame(as other: Peer) -> Bool {
    address == other.address && hardware == other.hardware && priority == other.priority
      && standbyPriority == other.standbyPriority && isReady == other.isReady
      && lastAdvertised == other.lastAdvertised && lastSeen == other.lastSeen
  }
}

extension Random {
  /// Replaces everything from `start` on.
  fileprivate mutating func scribble(over bytes: inout [UInt8], from start: Int) {
    for index in start..<bytes.count { bytes[index] = UInt8(below(256)) }
  }
}

extension [UInt8] {
  /// Changes one octet and repairs the checksum, which over IPv6 covers a pseudo-header (RFC 8200 §8.1).
  fileprivate mutating func replace(_ index: Int, by value: UInt8, in envelope: Envelope) {
    self[index] = value
    self[6] = 0
    self[7] = 0
    var checksum = Checksum()
    checksum.add(span)
    if envelope.source.family == .ipv6 {
      checksum.addPseudoHeader(
        from: envelope.source, to: envelope.destination, protocolNumber: Advertisement.ipProtocol,
        length: count)
    }
    self[6] = UInt8(checksum.value >> 8)
    self[7] = UInt8(truncatingIfNeeded: checksum.value)
  }
}
