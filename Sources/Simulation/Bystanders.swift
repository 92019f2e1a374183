import Internet
import Neighbor
import VRRP

/// The default gateway.
struct Gateway {
  var down = 0
  /// Answers no more often than this.
  var spacing: Time = 0
  var lastAnswer = -Time.second
}

/// Somebody who uses the VIP.
struct Client {
  let period: Time
  /// To whom its ARP cache says the VIP belongs.
  var cached: MACAddress?
  var unanswered = 0
  var served = 0

  init(period: Time) { self.period = period }
}

extension World {
  // MARK: Gateway

  mutating func gatewayReceives(_ frame: Frame) {
    guard plan.network.gateway == .router, gateway.down == 0, case .neighbor(let packet) = frame.content,
      packet.operation == .request, packet.target == plan.network.gatewayAddress
    else { return }
    guard now - gateway.lastAnswer >= gateway.spacing else { return }
    gateway.lastAnswer = now
    answer(packet, from: Station.gateway, after: plan.network.gatewayDelay)
  }

  /// Answers an ARP request as the owner of the address that it asks for.
  mutating func answer(_ request: NeighborPacket, from station: Int, after delay: Time) {
    let reply = NeighborPacket(
      operation: .reply, senderHardware: Station.hardware(station), sender: request.target,
      targetHardware: request.senderHardware, target: request.sender)
    send(reply, from: station, to: request.senderHardware, at: now + delay)
  }

  // MARK: Stranger

  mutating func strangerReceives(_ frame: Frame) {
    guard strangerActive > 0, case .neighbor(let packet) = frame.content, packet.operation == .request,
      packet.target == plan.network.virtualAddress(0)
    else { return }
    answer(packet, from: Station.stranger, after: 20 * .microsecond)
  }

  // MARK: Clients and chatter

  mutating func sendTraffic(from station: Int) {
    if station == Station.bystander {
      let period = plan.network.chatter
      send(.chatter, from: station, to: listeners)
      return schedule(.traffic, at: now + random.within(period / 2...period), target: station)
    }
    let number = station - Station.firstClient
    let period = clients[number].period
    ask(client: number)
    schedule(.traffic, at: now + random.within(period / 2...period), target: station)
  }

  private mutating func ask(client number: Int) {
    clients[number].unanswered += 1
    // As a kernel does whose neighbour entry failed: forget, and ask everybody.
    if clients[number].unanswered > 3 { clients[number].cached = nil }
    let station = Station.firstClient + number
    if let hardware = clients[number].cached {
      guard let owner = Station.number(hardware) else { return }
      return send(.request, from: station, to: Stations(owner))
    }
    let target = plan.network.virtualAddress(0)
    let question = NeighborPacket(
      operation: .request, senderHardware: Station.hardware(station),
      sender: Station.address(station, target.family),
      target: target)
    send(question, from: station, to: .broadcast)
  }

  mutating func clientReceives(_ frame: Frame, client number: Int) {
    guard number < clients.count else { return }
    switch frame.content {
    case .neighbor(let packet) where packet.sender == plan.network.virtualAddress(0):
      clients[number].cached = packet.senderHardware
      clients[number].unanswered = 0
    case .reply:
      clients[number].unanswered = 0
      clients[number].served += 1
    default: break
    }
  }
}
