import Internet
import Neighbor
import VRRP

/// What a forger says by ARP or neighbour discovery. Neither knows a proof, so a host on the link can have
/// clients send to it whatever the routers do; but it must not make two of them own the VIP.
enum Forgery: Int64, CaseIterable {
  /// The VIP is at the forger's hardware address.
  case claim = 1
  /// It is at the hardware address of another host.
  case foreignClaim
  /// It is at the forger's, in answer to a question that may have been asked.
  case answer
  /// The forger stands by, or does not.
  case standby
  /// Another host stands by, at the forger's hardware address.
  case foreignStandby
  /// So do ever other hosts that nobody has seen.
  case crowd
  /// The gateway is at the forger's hardware address.
  case gateway
  /// Another host is.
  case host
}

extension World {
  /// One burst of forged packets, and the next one.
  func forge(_ occurrence: Occurrence) {
    let fault = plan.faults[Int(occurrence.detail)]
    guard now < fault.end else { return }
    coverage.count(fault.kind == .forgedVRRP ? .forgedVRRP : .forgedARP)
    fault.stations.forEach { name in
      if fault.kind == .forgedVRRP {
        forgeAdvertisement(UInt8(clamping: fault.amount), name)
      } else {
        forge(Forgery(rawValue: fault.amount) ?? forgeries.pick(Forgery.allCases), name)
      }
    }
    schedule(.forgery, at: now + forgeries.logarithmic(19, 25), detail: occurrence.detail)
  }

  /// A valid Advertisement in the name of station `name`.
  private func forgeAdvertisement(_ priority: UInt8, _ name: Int) {
    let vip = forgeries.below(plan.network.instances)
    let advertisement = Advertisement(
      virtualRouterID: Station.virtualRouterID(vip), priority: priority,
      interval: forgeries.pick(plan.hosts.map(\.interval) + [.shortest]))
    for family in plan.network.advertised {
      let sent = Frame.Sent(
        advertisement: advertisement, source: Station.address(name, family), checksum: .rfc5798,
        slots: plan.network.initialSlots(family))
      send(.advertisement(sent), from: Station.forger, to: .hosts)
    }
  }

  private func forge(_ form: Forgery, _ name: Int) {
    let vip = forgeries.below(plan.network.instances)
    let address = plan.network.address(vip, forgeries.below(plan.network.addressCount))
    switch form {
    case .claim, .foreignClaim:
      let hardware = Station.hardware(form == .claim ? Station.forger : name)
      for operation in address.family.announcements {
        let packet = NeighborPacket.announcement(operation, for: address, at: hardware)
        send(packet, from: Station.forger, to: .broadcast)
      }
    case .answer: answerAll(for: address)
    case .gateway: if let gateway = plan.network.gatewayAddress { answerAll(for: gateway) }
    case .host: answerAll(for: Station.address(name, address.family))
    case .standby: standBy(vip, for: address, as: Station.address(Station.forger, address.family))
    case .foreignStandby: standBy(vip, for: address, as: Station.address(name, address.family))
    case .crowd:
      let stranger = Station.count + forgeries.below(100)
      standBy(vip, for: address, as: Station.address(stranger, address.family))
    }
  }

  /// Tells every host that `address` is at the forger's hardware address.
  private func answerAll(for address: IPAddress) {
    for number in machines.indices {
      let packet = NeighborPacket(
        operation: .reply, senderHardware: Station.hardware(Station.forger), sender: address,
        targetHardware: Station.hardware(number), target: Station.address(number, address.family))
      send(packet, from: Station.forger, to: Station.hardware(number))
    }
  }

  private func standBy(_ vip: Int, for address: IPAddress, as sender: IPAddress) {
    let mark = StandbyMark(
      virtualRouterID: Station.virtualRouterID(vip), priority: UInt8(forgeries.below(256)),
      isReady: forgeries.chance(50))
    let packet = NeighborPacket.request(
      for: address, from: sender, at: Station.hardware(Station.forger), standby: mark)
    send(packet, from: Station.forger, to: .broadcast)
  }
}
