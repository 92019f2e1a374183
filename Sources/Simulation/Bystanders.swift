import Internet
import Neighbor
import VRRP

/// The router that is the default gateway.
struct Router {
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

  /// Whether the gateway of the network answers for it.
  func isGateway(_ address: IPAddress) -> Bool {
    address == plan.network.gatewayAddress || address == Station.otherGateway(address.family)
  }

  func gatewayReceives(_ frame: Frame) {
    guard plan.network.gateway == .router, gateway.down == 0, case .neighbor(let packet) = frame.content,
      packet.operation == .request,
      isGateway(packet.target) || plan.network.gatewayIsProxy && Int(frame.source) < machines.count
    else { return }
    guard now - gateway.lastAnswer >= gateway.spacing else { return }
    gateway.lastAnswer = now
    answer(
      packet, from: Station.gateway, at: Station.hardware(Station.gateway), after: plan.network.gatewayDelay)
  }

  /// Answers an ARP request as the owner of the address that it asks for.
  func answer(
    _ request: NeighborPacket, from station: Int, at hardware: MACAddress, after delay: Time
  ) {
    let reply = NeighborPacket(
      operation: .reply, senderHardware: hardware, sender: request.target,
      targetHardware: request.senderHardware, target: request.sender)
    send(reply, from: station, to: request.senderHardware, at: now + delay)
  }

  // MARK: The second reference

  func isBystander(_ address: IPAddress) -> Bool {
    address == Station.address(Station.bystander, address.family)
  }

  func bystanderReceives(_ frame: Frame) {
    guard case .neighbor(let packet) = frame.content, packet.operation == .request, isBystander(packet.target)
    else { return }
    answer(packet, from: Station.bystander, at: Station.hardware(Station.bystander), after: 50 * .microsecond)
  }

  // MARK: Stranger

  func strangerReceives(_ frame: Frame) {
    guard strangerActive > 0, case .neighbor(let packet) = frame.content, packet.operation == .request,
      packet.target == plan.network.address(0, 0)
    else { return }
    answer(packet, from: Station.stranger, at: Station.hardware(Station.stranger), after: 20 * .microsecond)
  }

  // MARK: Clients and chatter

  func sendTraffic(from station: Int) {
    if station == Station.bystander {
      let period = plan.network.chatter
      send(.chatter, from: station, to: evidenceListeners)
      return schedule(.traffic, at: now + random.within(period / 2...period), target: station)
    }
    let number = station - Station.firstClient
    let period = clients[number].period
    ask(client: number)
    schedule(.traffic, at: now + random.within(period / 2...period), target: station)
  }

  private func ask(client number: Int) {
    clients[number].unanswered += 1
    // As a kernel does whose neighbour entry failed: forget, and ask everybody.
    if clients[number].unanswered > 3 { clients[number].cached = nil }
    let station = Station.firstClient + number
    if let hardware = clients[number].cached { return request(from: station, to: hardware) }
    let target = plan.network.address(0, 0)
    let question = NeighborPacket(
      operation: .request, senderHardware: Station.hardware(station),
      sender: Station.address(station, target.family),
      target: target)
    send(question, from: station, to: .broadcast)
  }

  private func request(from station: Int, to hardware: MACAddress) {
    let virtual = Station.virtualNumber(hardware)
    if virtual != 0 {
      let port = Int(learnt[Int(virtual)])
      let receivers: Stations = port < Station.count ? Stations(port) : .hosts
      return send(.request, from: station, to: receivers, toVirtual: virtual, isUnicast: true)
    }
    guard let owner = Station.number(hardware) else { return }
    send(.request, from: station, to: Stations(owner), isUnicast: true)
  }

  func clientReceives(_ frame: Frame, client number: Int) {
    guard number < clients.count else { return }
    switch frame.content {
    case .neighbor(let packet) where packet.sender == plan.network.address(0, 0):
      clients[number].cached = packet.senderHardware
      clients[number].unanswered = 0
    case .reply:
      clients[number].unanswered = 0
      clients[number].served += 1
    default: break
    }
  }
}
