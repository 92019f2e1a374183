import Configuration
import Internet
import Ownership
import VRRP

/// From cases to the settings of daemons.
extension Case {
  /// What the files of the daemon for `vip` on host `number` say at first.
  func settings(of number: Int, vip: Int, without dropped: [Rule]) -> Settings {
    let setup = hosts[number]
    var settings = Settings()
    settings.instance = Station.instanceNames[vip]
    settings.interface = Kernel.nicName
    settings.virtualRouterID = Station.virtualRouterID(vip)
    settings.group = network.isGrouped ? "group" : nil
    settings.virtualMAC = network.virtualMAC
    settings.requiredFamily = network.isPartial ? network.families[0] : nil
    settings.priority = setup.priority
    settings.advertisementInterval = setup.interval
    settings.preempt = setup.preempts
    settings.preemptDelay = .nanoseconds(setup.preemptDelay)
    settings.lease = setup.isPlain || dropped.contains(.lease) ? nil : setup.lease.map { .nanoseconds($0) }
    settings.witness = setup.isPlain || dropped.contains(.witness) ? .off : setup.witness
    settings.announcementRepeat = 3
    settings.addresses = network.networks(vip, slots: network.initialSlots, isNarrow: network.isNarrow)
    settings.gateways = gateways(network.reference, of: number)
    settings.routes = network.virtualRoutes(vip, (1 << network.routes) - 1)
    if network.unicast { settings.peers = peers }
    if let penalty = network.penalty {
      var track = TrackSettings()
      track.units = [Station.unit]
      track.penalty = penalty
      settings.tracks = [track]
    }
    return settings
  }

  /// All hosts, this one among them: then all may have the same file.
  var peers: [IPAddress] {
    network.advertised.flatMap { family in hosts.indices.map { Station.address($0, family) } }
  }

  func gateways(_ reference: NetworkSetup.Reference, of number: Int) -> [Gateway] {
    let family = network.families[0]
    let bystander = Gateway.address(Station.address(Station.bystander, family))
    switch reference {
    case .auto: return [.auto]
    case .none: return [.none]
    case .address: return [gateway(of: number)].compactMap(\.self)
    case .two: return [gateway(of: number), bystander].compactMap(\.self)
    case .three:
      return [gateway(of: number), bystander, .address(Station.otherGateway(family))].compactMap(\.self)
    }
  }

  /// A host is no reference for itself.
  private func gateway(of number: Int) -> Gateway? {
    guard let address = network.gatewayAddress, address != Station.address(number, network.families[0]) else {
      return nil
    }
    return .address(address)
  }
}

extension NetworkSetup {
  /// The addresses in the slots whose bits are set, in ascending order.
  func networks(_ vip: Int, slots: UInt8, isNarrow: Bool) -> [IPNetwork] {
    var networks: [IPNetwork] = []
    for slot in 0..<Station.slotCount where slots >> UInt8(slot) & 1 == 1 {
      let length =
        switch family(ofSlot: slot) {
        case .ipv4: isNarrow ? 32 : 24
        case .ipv6: isNarrow ? 128 : 64
        }
      if let network = IPNetwork(address(vip, slot), prefixLength: length) { networks.append(network) }
    }
    return networks
  }

  /// Those of a VIP's three routes whose bits are set: with the VIP as their source, without, and with a metric.
  func virtualRoutes(_ vip: Int, _ bits: Int) -> [VirtualRoute] {
    guard bits != 0 else { return [] }
    let all = (families[0] == .ipv4 ? Self.routes4 : Self.routes6)[vip]
    return all.indices.filter { bits >> $0 & 1 == 1 }.map { all[$0] }
  }

  private static let routes4 = (0..<Station.maxInstances).map { vip in
    routes(vip, .ipv4, to: ["10.\(vip + 1).0.0/16", "10.\(vip + 11).0.0/16", "10.\(vip + 21).0.0/16"])
  }

  private static let routes6 = (0..<Station.maxInstances).map { vip in
    routes(vip, .ipv6, to: ["fd0\(vip)::/32", "fd1\(vip)::/32", "fd2\(vip)::/32"])
  }

  private static func routes(_ vip: Int, _ family: AddressFamily, to subnets: [String]) -> [VirtualRoute] {
    let router = Station.address(Station.gateway, family)
    let source = Station.virtualAddress(vip, 0, family)
    let texts = [
      "\(subnets[0]) via \(router) src \(source)", "\(subnets[1]) via \(router)",
      "\(subnets[2]) via \(router) src \(source) metric 50",
    ]
    return texts.compactMap { VirtualRoute($0) }
  }
}
