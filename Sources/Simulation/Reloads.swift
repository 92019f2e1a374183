import Configuration
import Host
import Internet
import VRRP

/// Changes of a daemon's files, and the reloads that follow.
extension World {
  /// Whether the daemon lives or not, its files change: the next run reads them.
  func reload(_ fault: Fault, _ number: Int) {
    var files = daemons[number].files
    change(&files, fault, number)
    daemons[number].files = files
    guard daemons[number].isAlive else { return }
    if daemons[number].random.chance(50) { return post(.reload(nil), to: number) }
    ask(number) { .reload($0) }
  }

  private func change(_ files: inout Settings, _ fault: Fault, _ number: Int) {
    let (machine, vip) = (daemons[number].machine, daemons[number].vip)
    switch fault.kind {
    case .reload: files.priority = UInt8(clamping: fault.amount)
    case .reloadAddresses:
      let slots = UInt8(truncatingIfNeeded: fault.amount & 15)
      let networks = plan.network.networks(vip, slots: slots, isNarrow: isNarrow(files))
      files.addresses = fault.amount & 16 == 0 ? networks : networks.reversed()
      // A route's source must be one of the addresses.
      files.routes.removeAll { route in
        route.source.map { source in !files.addresses.contains { $0.address == source } } ?? false
      }
    case .reloadPrefix:
      files.addresses = files.addresses.compactMap { network in
        let width = network.address.family.width
        let wide = network.address.family == .ipv4 ? 24 : 64
        return IPNetwork(network.address, prefixLength: fault.amount == 1 ? width : wide)
      }
    case .reloadLabel: files.label = fault.amount == 1 ? "\(Kernel.nicName):vip" : nil
    case .reloadRoutes:
      files.routes = plan.network.virtualRoutes(vip, Int(fault.amount)).filter { route in
        route.source.map { source in files.addresses.contains { $0.address == source } } ?? true
      }
    case .reloadPeers: files.peers = fault.amount == 1 ? plan.peers : []
    case .reloadLease:
      if files.lease != nil || !dropped.contains(.lease) {
        files.lease = fault.amount == 0 ? nil : .nanoseconds(fault.amount)
      }
    case .reloadGateway:
      files.gateways = plan.gateways([.auto, .none, .address][Int(fault.amount) % 3], of: machine)
    case .reloadInterval:
      files.advertisementInterval =
        AdvertisementInterval(exactly: .nanoseconds(fault.amount)) ?? files.advertisementInterval
    case .reloadPreempt: files.preempt = fault.amount == 1
    case .reloadGroup: files.group = fault.amount == 1 ? "group" : nil
    default: break
    }
  }

  private func isNarrow(_ files: Settings) -> Bool {
    files.addresses[0].prefixLength == files.addresses[0].address.family.width
  }
}
