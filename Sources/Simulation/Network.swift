import Internet
import Neighbor
import VRRP

extension World {
  // MARK: Switch

  /// Computes anew who reaches whom; called whenever a port changes.
  func updateReach() {
    for source in 0..<Station.count {
      var reached: Stations = []
      if cables[source].sends && !isDown(source) {
        for receiver in 0..<Station.count where isReader(receiver) && receiver != source {
          guard cables[receiver].receives else { continue }
          let isTogether = splits.allSatisfy { $0.has(source) == $0.has(receiver) }
          if isTogether && !isDown(receiver) { reached.insert(Stations(receiver)) }
        }
      }
      reach[source] = reached
    }
    ownershipChanged()
  }

  /// Whether the station exists and minds what it receives.
  private func isReader(_ station: Int) -> Bool {
    switch station {
    case 0..<Station.maxHosts: station < machines.count
    case Station.gateway: plan.network.gateway == .router
    case Station.stranger: true
    case Station.bystander: plan.network.reference.hasBystander
    case Station.forger: false
    default: station - Station.firstClient < clients.count
    }
  }

  private func isDown(_ station: Int) -> Bool { station < machines.count && !machines[station].isConnected }

  /// Sends to those of `receivers` whom the switch, the firewalls and luck let it reach; from the hardware address of
  /// the virtual router with the number `virtual`, if that is not 0.
  func send(
    _ content: Frame.Content, from source: Int, to receivers: Stations, as virtual: UInt8 = 0,
    toVirtual: UInt8 = 0,
    isUnicast: Bool = false, at time: Time? = nil
  ) {
    let frame = Frame(
      content: content, source: UInt8(source), virtualSource: virtual, virtualTarget: toVirtual,
      isUnicast: isUnicast)
    let kind = frame.kind
    guard !cables[source].blocksOut.blocks(kind) else { return }
    if virtual != 0 && cables[source].sends { learnt[Int(virtual)] = UInt8(source) }
    let reached = reach[source].intersection(receivers)
    guard !reached.isEmpty else { return }
    let departure = max(time ?? now, now)
    var slot: Int32 = -1
    var rest = reached.rawValue
    while rest != 0 {
      let receiver = rest.trailingZeroBitCount
      rest &= rest - 1
      guard !cables[receiver].blocksIn.blocks(kind) else { continue }
      if loses(kind, source, receiver) {
        coverage.count(.framesLost)
        continue
      }
      if slot < 0 { slot = frames.store(frame) }
      deliver(slot, from: source, to: receiver, at: departure)
      let duplication = max(cables[source].duplication, cables[receiver].duplication)
      if duplication > 0 && cables[source].random.chance(duplication) {
        deliver(slot, from: source, to: receiver, at: departure)
      }
    }
  }

  private func loses(_ kind: Frame.Kind, _ source: Int, _ receiver: Int) -> Bool {
    let heavyLoss = max(cables[source].heavyLoss, cables[receiver].heavyLoss)
    let loss = max(cables[source].loss, cables[receiver].loss)
    guard heavyLoss > 0 || loss > 0 else { return false }
    return cables[source].loses(kind, to: receiver, heavyLoss: heavyLoss, loss: loss)
  }

  private func deliver(_ slot: Int32, from source: Int, to receiver: Int, at departure: Time) {
    frames.addCopy(slot)
    let jitter = plan.network.jitter + cables[source].jitter + cables[receiver].jitter
    let delay = plan.network.delay + cables[source].delay + cables[receiver].delay
    let arrival = departure + delay + (jitter > 0 ? cables[source].random.within(0...jitter) : 0)
    if receiver < machines.count, case .advertisement(let sent) = frames[slot].content {
      return deliver(slot, sent, to: receiver, at: arrival)
    }
    schedule(.frame, at: arrival, target: receiver, detail: slot)
  }

  /// Kernels hand Advertisements to the daemon that they are meant for and do nothing else with them.
  private func deliver(_ slot: Int32, _ sent: Frame.Sent, to receiver: Int, at arrival: Time) {
    guard let vip = Station.vip(sent.advertisement.virtualRouterID), vip < plan.network.instances else {
      return frames.release(slot)
    }
    let number = daemon(of: vip, on: receiver)
    let time = arrival + daemons[number].loopLatency()
    schedule(.packet, at: time, target: number, life: daemons[number].life, detail: slot)
  }

  /// Sends ARP: to everybody, or to the one that has `hardware`.
  func send(
    _ packet: NeighborPacket, from source: Int, to hardware: MACAddress, at time: Time? = nil
  ) {
    let virtual = Station.virtualNumber(packet.senderHardware)
    if hardware == .broadcast {
      return send(.neighbor(packet), from: source, to: listeners(to: packet), as: virtual, at: time)
    }
    let target = Station.virtualNumber(hardware)
    if target != 0 {
      // The switch floods what it does not know.
      let port = Int(learnt[Int(target)])
      let receivers: Stations = port < Station.count ? Stations(port) : .hosts
      return send(
        .neighbor(packet), from: source, to: receivers, as: virtual, toVirtual: target, isUnicast: true,
        at: time)
    }
    guard let receiver = Station.number(hardware) else { return }
    // A card that is there no more hears nothing.
    if receiver < machines.count && machines[receiver].kernel.hardware != hardware { return }
    send(.neighbor(packet), from: source, to: Stations(receiver), as: virtual, isUnicast: true, at: time)
  }

  /// Those who mind a broadcast; what the others make of it is not worth an occurrence.
  private func listeners(to packet: NeighborPacket) -> Stations {
    var receivers = Stations.hosts
    let isRequest = packet.operation == .request
    if isRequest, isGateway(packet.target) {
      receivers.insert(Stations(Station.gateway))
      if packet.standby == nil { receivers.subtract(.hosts.subtracting(evidenceListeners)) }
    }
    if isRequest, plan.network.gatewayIsProxy { receivers.insert(Stations(Station.gateway)) }
    if isRequest, plan.network.reference.hasBystander, isBystander(packet.target) {
      receivers.insert(Stations(Station.bystander))
      if packet.standby == nil { receivers.subtract(.hosts.subtracting(evidenceListeners)) }
    }
    if strangerActive > 0 { receivers.insert(Stations(Station.stranger)) }
    if packet.sender == plan.network.address(0, 0) {
      for client in clients.indices { receivers.insert(Stations(Station.firstClient + client)) }
    }
    if plan.network.gateway == .peer, isRequest, isGateway(packet.target) { receivers.insert(Stations(0)) }
    return receivers
  }

  /// Hosts on which some daemon waits for a frame of anybody.
  var evidenceListeners: Stations {
    var stations: Stations = []
    for index in daemons.indices where daemons[index].sockets?.isListening == true {
      stations.insert(Stations(daemons[index].machine))
    }
    return stations
  }

  func frameArrives(_ occurrence: Occurrence) {
    let station = Int(occurrence.target)
    if station < machines.count { return hostReceives(occurrence) }
    let frame = frames[occurrence.detail]
    frames.release(occurrence.detail)
    switch station {
    case Station.gateway: gatewayReceives(frame)
    case Station.stranger: strangerReceives(frame)
    case Station.bystander: bystanderReceives(frame)
    case Station.forger: break
    default: clientReceives(frame, client: station - Station.firstClient)
    }
  }
}
