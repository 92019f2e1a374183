import Internet
import Neighbor
import VRRP

extension World {
  // MARK: Switch

  /// Computes anew who reaches whom; called whenever a port changes.
  mutating func updateReach() {
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
    case 0..<Station.maxHosts: station < hosts.count
    case Station.gateway: plan.network.gateway == .router
    case Station.stranger: true
    case Station.bystander, Station.forger: false
    default: station - Station.firstClient < clients.count
    }
  }

  private func isDown(_ station: Int) -> Bool {
    station < hosts.count && (hosts[station].linkDown > 0 || hosts[station].interfaceGone > 0)
  }

  /// Sends to those of `receivers` whom the switch, the firewalls and luck let it reach.
  mutating func send(
    _ content: Frame.Content, from source: Int, to receivers: Stations, at time: Time? = nil
  ) {
    let frame = Frame(content: content, source: UInt8(source), isUnicast: receivers.count == 1)
    let kind = frame.kind
    let reached = reach[source].intersection(receivers)
    guard !reached.isEmpty, !cables[source].blocksOut.blocks(kind) else { return }
    let departure = max(time ?? now, now)
    var slot: Int32 = -1
    reached.forEach { receiver in
      guard !cables[receiver].blocksIn.blocks(kind) else { return }
      guard !cables[source].loses(kind, to: receiver, at: cables[receiver]) else {
        return coverage.count(.framesLost)
      }
      if slot < 0 { slot = frames.store(frame) }
      deliver(slot, from: source, to: receiver, at: departure)
      let duplication = max(cables[source].duplication, cables[receiver].duplication)
      if cables[source].random.chance(duplication) {
        deliver(slot, from: source, to: receiver, at: departure)
      }
    }
  }

  private mutating func deliver(_ slot: Int32, from source: Int, to receiver: Int, at departure: Time) {
    frames.addCopy(slot)
    let jitter = plan.network.jitter + cables[source].jitter + cables[receiver].jitter
    let delay = plan.network.delay + cables[source].delay + cables[receiver].delay
    let arrival = departure + delay + (jitter > 0 ? cables[source].random.within(0...jitter) : 0)
    schedule(.frame, at: arrival, target: receiver, detail: slot)
  }

  /// Sends ARP: to everybody, or to the one that has `hardware`.
  mutating func send(
    _ packet: NeighborPacket, from source: Int, to hardware: MACAddress, at time: Time? = nil
  ) {
    if hardware == .broadcast {
      send(.neighbor(packet), from: source, to: .all, at: time)
    } else if let receiver = Station.number(hardware) {
      send(.neighbor(packet), from: source, to: Stations(receiver), at: time)
    }
  }

  mutating func frameArrives(_ occurrence: Occurrence) {
    let station = Int(occurrence.target)
    if station < hosts.count { return hostReceives(occurrence) }
    let frame = frames[occurrence.detail]
    frames.release(occurrence.detail)
    switch station {
    case Station.gateway: gatewayReceives(frame)
    case Station.stranger: strangerReceives(frame)
    case Station.bystander, Station.forger: break
    default: clientReceives(frame, client: station - Station.firstClient)
    }
  }
}
