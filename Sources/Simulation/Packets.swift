import Host
import Internet
import Neighbor
import Netlink
import VRRP

/// Frames at a host: its kernel sees them, then its daemons do.
extension World {
  func hostReceives(_ occurrence: Occurrence) {
    let machine = Int(occurrence.target)
    let slot = occurrence.detail
    if machines[machine].paused > 0 {
      // What does not fit into the card's ring is lost.
      if machines[machine].waiting.count < 256 { return machines[machine].waiting.append(occurrence) }
      return frames.release(slot)
    }
    let frame = frames[slot]
    if frame.virtualTarget == 0 || hasMacvlan(frame.virtualTarget, machine) {
      kernelReceives(frame, on: machine)
      for number in daemons(on: machine) { daemonMayReceive(frame, slot, number) }
    }
    frames.release(slot)
  }

  private func hasMacvlan(_ virtual: UInt8, _ machine: Int) -> Bool {
    machines[machine].kernel.links.contains { link in
      link.isUp && link.macAddress.map { Station.virtualNumber($0) == virtual } == true
    }
  }

  private func daemonMayReceive(_ frame: Frame, _ slot: Int32, _ number: Int) {
    guard daemons[number].isAlive, isListening(number) else { return }
    passFilter(frame, number)
    guard isWanted(frame, by: number) else { return }
    frames.addCopy(slot)
    let time = now + daemons[number].loopLatency()
    schedule(.packet, at: time, target: number, life: daemons[number].life, detail: slot)
  }

  /// Whether the daemon has sockets on the link that packets come from.
  private func isListening(_ number: Int) -> Bool {
    guard let index = daemons[number].sockets?.plan.linkIndex else { return false }
    return index == machines[daemons[number].machine].kernel.nic
  }

  /// Whether the daemon's sockets let the frame through.
  private func isWanted(_ frame: Frame, by number: Int) -> Bool {
    guard case .neighbor(let packet) = frame.content else { return false }
    // By a standby, in the name of the VIP, or an answer.
    if let mark = packet.standby {
      return mark.virtualRouterID == Station.virtualRouterID(daemons[number].vip)
    }
    if isVirtual(packet.sender, number) { return true }
    guard frame.isUnicast, packet.operation == .reply else { return false }
    return daemons[number].sockets?.answerers.contains(packet.sender) == true
      || isVirtual(packet.target, number)
  }

  /// Whether `address` is one of the VIP as the daemon's sockets know it.
  private func isVirtual(_ address: IPAddress, _ number: Int) -> Bool {
    guard let place = Station.place(address), place >> 3 == daemons[number].vip else { return false }
    let slots = daemons[number].sockets?.slots(address.family) ?? 0
    return slots >> UInt8(place & 7) & 1 == 1
  }

  /// The filter for evidence lets one frame of a third station through, then shuts.
  private func passFilter(_ frame: Frame, _ number: Int) {
    guard let sockets = daemons[number].sockets, sockets.isListening else { return }
    if frame.virtualSource == 0 && sockets.excluded.has(Int(frame.source)) { return }
    if frame.virtualSource != 0 && sockets.excludedVirtual >> UInt16(frame.virtualSource) & 1 == 1 { return }
    if sockets.isQuiet {
      guard case .neighbor = frame.content else { return }
      // As many as have room.
      if sockets.heard.count < 3 {
        daemons[number].sockets?.heard.append(
          HeardFrame(station: Int(frame.source), virtual: frame.virtualSource))
      }
      return
    }
    daemons[number].sockets?.isListening = false
    let time = now + daemons[number].loopLatency()
    schedule(
      .evidence, at: time, target: number, index: Int(frame.virtualSource), life: daemons[number].life,
      detail: Int32(frame.source))
  }

  /// Looks at what was heard while it was not woken for it.
  func takeQuietEvidence(_ number: Int) {
    guard let sockets = daemons[number].sockets, sockets.isQuiet else { return }
    daemons[number].sockets?.heard = []
    for frame in sockets.heard where daemons[number].isAlive {
      tell(.frame(from: hardware(frame.station, virtual: frame.virtual)), to: number)
    }
  }

  func evidenceArrives(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    guard isReady(number, for: occurrence), daemons[number].sockets != nil else { return }
    tell(.frame(from: hardware(Int(occurrence.detail), virtual: occurrence.index)), to: number)
  }

  /// Where a frame comes from.
  private func hardware(_ station: Int, virtual: UInt8) -> MACAddress {
    if virtual != 0 {
      let id = Station.virtualRouterID(Int(virtual - 1) / 2)
      return .virtualRouter(id, virtual % 2 == 1 ? .ipv4 : .ipv6)
    }
    return station < machines.count ? machines[station].kernel.hardware : Station.hardware(station)
  }

  func packetArrives(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    let machine = daemons[number].machine
    if machines[machine].paused > 0 && daemons[number].waiting.count >= 256 { return discard(occurrence) }
    guard isReady(number, for: occurrence) else { return }
    let content = frames[occurrence.detail].content
    frames.release(occurrence.detail)
    guard isListening(number) else { return }
    switch content {
    case .advertisement(let sent): daemonReceives(sent, number)
    case .neighbor(let packet): tell(.neighbor(packet), to: number)
    case .chatter, .request, .reply: break
    }
  }

  private func daemonReceives(_ sent: Frame.Sent, _ number: Int) {
    let family = sent.source.family
    if dropsOtherFamily && family != plan.network.families[0] { return }
    guard let plan = daemons[number].sockets?.plan,
      let router = plan.routers.first(where: { $0.family == family })
    else { return }
    if let peers = router.unicastPeers {
      guard sent.destination == plan.source(family) else { return }
      guard peers.contains(sent.source) else {
        let envelope = Envelope(source: sent.source, destination: plan.source(family), timeToLive: 255)
        return tell(.discarded(.source, envelope), to: number)
      }
    }
    if self.plan.network.onTheWire { return tellBytes(of: sent, router, to: number) }
    let received = ReceivedAdvertisement(
      sent.advertisement, from: sent.source, checksum: family == .ipv4 ? sent.checksum : nil,
      addressesMatch: sent.slots == daemons[number].sockets?.slots(family))
    tell(.advertisement(received), to: number)
  }

  /// The same by way of the encoder and the decoder.
  private func tellBytes(of sent: Frame.Sent, _ router: VirtualRouter, to number: Int) {
    var sender = router
    sender.addresses = (0..<Station.slotCount).filter { sent.slots >> UInt8($0) & 1 == 1 }.map {
      plan.network.address(daemons[number].vip, $0)
    }
    sender.interval = sent.advertisement.interval
    var message: [UInt8] = []
    let target = sent.destination ?? Advertisement.group(router.family)
    sender.encode(
      sent.advertisement, from: sent.source, to: target, in: Dialect(checksum: sent.checksum), into: &message)
    let received = try? router.decode(
      message.span, in: Envelope(source: sent.source, destination: target, timeToLive: 255))
    guard let received, received.advertisement == sent.advertisement else {
      return violate(.hostile, "an Advertisement did not survive encoding and decoding")
    }
    tell(.advertisement(received), to: number)
  }

  // MARK: The kernel

  private func kernelReceives(_ frame: Frame, on machine: Int) {
    switch frame.content {
    case .neighbor(let packet) where packet.operation == .request: answer(packet, machine)
    case .request:
      if machines[machine].kernel.answering & 1 == 1 {
        send(.reply, from: machine, to: Stations(Int(frame.source)), isUnicast: true)
      }
    default: break
    }
  }

  /// Answers for its addresses at the hardware address of their link; the one below a macvlan answers, too, unless it
  /// is confined to its own.
  private func answer(_ packet: NeighborPacket, _ machine: Int) {
    if let place = Station.place(packet.target), machines[machine].kernel.answering >> UInt32(place) & 1 == 0
    {
      return
    }
    guard let link = machines[machine].kernel.link(answeringFor: packet.target) else { return }
    let nic = machines[machine].kernel.nic
    let own = machines[machine].kernel.hardware
    if link.index == nic || link.parentIndex == nic {
      answer(packet, from: machine, at: link.macAddress ?? own, after: 10 * .microsecond)
    }
    guard link.index != nic, packet.target.family == .ipv4, !machines[machine].kernel.isConfined(nic) else {
      return
    }
    answer(packet, from: machine, at: own, after: 10 * .microsecond)
  }
}
