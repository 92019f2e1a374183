import Configuration
import Host
import Internet
import Netlink

/// What befalls links, addresses and routes of a host, and what looks after them.
extension World {
  /// What the host's own network management says.
  private static let management: UInt8 = 16
  private static let otherLink: Int32 = 3

  /// The machine as it is before its daemons start.
  func setUp(_ machine: Int) {
    machines[machine].kernel.makeNIC(
      hardware: Station.hardware(machine), isUp: true, hasCarrier: true, index: 2)
    let other = IPAddress.ipv4(IPv4Address(bits: Kernel.otherNetwork + UInt32(machine) + 10))
    if let network = IPNetwork(other, prefixLength: 24) {
      machines[machine].kernel.addOwn(network, Self.otherLink)
    }
    lookAfter(machine)
    machines[machine].kernel.news.removeAll()
    machines[machine].seenVersion = machines[machine].kernel.version
    machines[machine].wasConnected = true
  }

  func manage(_ machine: Int) {
    if machines[machine].paused > 0 || machines[machine].lockHeld > 0 {
      return schedule(.manage, at: now + 10 * .millisecond, target: machine)
    }
    lookAfter(machine)
    publish(machine)
  }

  private func manageSoon(_ machine: Int) {
    let delay = machines[machine].random.within(0...5000) * .microsecond
    schedule(.manage, at: now + delay, target: machine)
  }

  // MARK: Links

  func applyToLink(_ fault: Fault, _ machine: Int, _ step: Int) {
    let nic = machines[machine].kernel.nic
    switch fault.kind {
    case .carrier: cables[machine].dark += step
    case .linkDown: machines[machine].linkDown += step
    case .renamed: machines[machine].renamed += step
    case .interfaceGone:
      machines[machine].cardGone += step
      if step > 0 && fault.amount == 1 { machines[machine].card = 1 - machines[machine].card }
    default: break
    }
    let isUp = machines[machine].linkDown == 0
    let hasCarrier = cables[machine].dark == 0
    if machines[machine].cardGone > 0 {
      machines[machine].kernel.removeLink(nic)
    } else if nic == 0 {
      let hardware = Station.hardware(machine, card: machines[machine].card)
      machines[machine].kernel.makeNIC(hardware: hardware, isUp: isUp, hasCarrier: hasCarrier)
    }
    let card = machines[machine].kernel.nic
    if card != 0 {
      let name = machines[machine].renamed > 0 ? "renamed0" : Kernel.nicName
      machines[machine].kernel.change(card) { $0.with(name: name, hasCarrier: $0.isUp && hasCarrier) }
      machines[machine].kernel.setUp(isUp, card, hasCarrier: hasCarrier)
    }
    updateReach()
    manageSoon(machine)
  }

  // MARK: Addresses and routes

  func applyToRoutes(_ fault: Fault, _ machine: Int, _ step: Int) {
    switch (fault.kind, fault.amount) {
    case (.readdressed, 0): machines[machine].lacksAddress += step
    case (.readdressed, _): machines[machine].readdressed += step
    case (.lostFamily, _):
      machines[machine].lostFamily += step
      machines[machine].kernel.lostFamily =
        machines[machine].lostFamily > 0 ? plan.network.families.dropFirst().first : nil
    case (_, 0): machines[machine].lacksRoute += step
    case (_, 1): machines[machine].reroutedByGateway += step
    default: machines[machine].reroutedByLink += step
    }
    manageSoon(machine)
  }

  /// Has the host's own addresses and default routes on its links, and no others of them.
  private func lookAfter(_ machine: Int) {
    let nic = machines[machine].kernel.nic
    guard nic != 0 else { return }
    if machines[machine].isConnected { lookAfterAddresses(machine, nic) }
    let wanted = wantedRoutes(machine, nic)
    if let first = wanted.first,
      machines[machine].kernel.routes.contains(where: { $0.isReplaced(by: first) }),
      machines[machine].random.chance(50)
    {
      machines[machine].kernel.replace(first)
    }
    for route in machines[machine].kernel.routes
    where route.protocolNumber == Self.management && !wanted.contains(route) {
      _ = machines[machine].kernel.remove(route)
    }
    for route in wanted where !machines[machine].kernel.routes.contains(route) {
      _ = machines[machine].kernel.add(route)
    }
  }

  private func lookAfterAddresses(_ machine: Int, _ nic: Int32) {
    for family in AddressFamily.allCases {
      let isMoved = machines[machine].readdressed > 0
      let usual = Station.address(machine, family)
      let other = Station.otherAddress(machine, family)
      let length = family == .ipv4 ? 24 : 64
      let isLost = machines[machine].lacksAddress > 0 || machines[machine].kernel.lostFamily == family
      let wanted = isLost ? nil : isMoved ? other : usual
      addOwn(wanted, length, machine, nic)
      for address in [usual, other] where address != wanted && machines[machine].kernel.has(address) {
        if let network = IPNetwork(address, prefixLength: length) {
          _ = machines[machine].kernel.remove(network, nic)
        }
      }
      // It may have gone as a secondary one.
      addOwn(wanted, length, machine, nic)
    }
  }

  private func addOwn(_ address: IPAddress?, _ length: Int, _ machine: Int, _ nic: Int32) {
    guard let address, let network = IPNetwork(address, prefixLength: length),
      !machines[machine].kernel.has(address)
    else { return }
    machines[machine].kernel.addOwn(network, nic)
  }

  private func wantedRoutes(_ machine: Int, _ nic: Int32) -> [Route] {
    var routes: [Route] = []
    let family = plan.network.families[0]
    let everywhere = Route.everywhere(family)
    if var gateway = plan.network.gatewayAddress, gateway != Station.address(machine, family),
      machines[machine].lacksRoute == 0
    {
      if machines[machine].reroutedByGateway > 0 { gateway = Station.otherGateway(family) }
      routes.append(
        Route(
          destination: everywhere, linkIndex: nic, gateway: gateway, metric: 100,
          protocolNumber: Self.management))
    }
    if machines[machine].reroutedByLink > 0 {
      let gateway: IPAddress =
        family == .ipv4
        ? .ipv4(IPv4Address(bits: Kernel.otherNetwork + 1))
        : .ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x9_0001))
      routes.append(
        Route(
          destination: everywhere, linkIndex: Self.otherLink, gateway: gateway, metric: 50,
          protocolNumber: Self.management))
    }
    return routes
  }

  // MARK: The VIP's

  func deleteAddress(_ number: Int) {
    let machine = daemons[number].machine
    let first = daemons[number].host.settings.addresses[0].address
    let held = machines[machine].kernel.held.first { $0.address.network.address == first }
    guard let held else { return }
    note("\(Station.name(machine)): somebody deletes \(first)")
    _ = machines[machine].kernel.remove(held.address.network, held.address.linkIndex)
    publish(machine)
  }

  func deleteRoutes(_ number: Int) {
    let machine = daemons[number].machine
    for route in machines[machine].kernel.routes where route.protocolNumber == Route.vipd {
      _ = machines[machine].kernel.remove(route)
    }
    publish(machine)
  }
}

extension Route {
  /// Whether `ip route replace` has `other` take the place of this one, which leads to another router.
  fileprivate func isReplaced(by other: Route) -> Bool {
    linkIndex == other.linkIndex && destination == other.destination && metric == other.metric
      && protocolNumber == other.protocolNumber && gateway != other.gateway
  }
}
