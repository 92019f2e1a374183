import Configuration
import Internet
import Netlink
import Ownership

/// Where the VIP's addresses are among the host's own, which come and go: what the host says of itself must not come from
/// the VIP, and the subnet must stay reachable.
extension Host {
  /// Puts right what the host's own addresses made wrong. An IPv4 address becomes the primary one of its subnet when the
  /// host's own is removed, and stays that when another one is added: only removing it makes it secondary again.
  mutating func followOwnAddresses(at now: Instant, into effects: inout Effects) {
    let misplaced = settings.addresses.indices.filter { isMisplaced($0) }
    // Of one that is being renewed nothing is known before the answer.
    addresses.awaitsPlace = settings.addresses.indices.contains { isAsked($0) }
    guard !misplaced.isEmpty else {
      // It stayed in its place for as long as nobody touched it.
      if !addresses.awaitsPlace && addresses.placing.allows(at: now) { addresses.placing.succeeded() }
      return
    }
    guard rules.contains(.placing), allows(addresses.placing, at: now) else { return }
    for index in misplaced { place(index, into: &effects) }
    addresses.placing.refused(at: now)
    schedule(addresses.placing)
  }

  private func isAsked(_ index: Int) -> Bool {
    let network = settings.addresses[index]
    guard let carrier = carriers.index(network.address.family, in: view) else { return false }
    return pending.outcome(.of(network, linkIndex: carrier)) != nil
  }

  /// The VIP's entry of the kernel, as long as nothing is asked about it.
  private func entry(_ index: Int) -> LinkAddress? {
    let network = settings.addresses[index]
    guard addresses.wanted.contains(AddressSet(index: index)), !isBeingReplaced(index), !isAsked(index),
      let carrier = carriers.index(network.address.family, in: view),
      let entry = view.address(network, on: carrier),
      // Before 5.18 the kernel does not say whose an address is: each of two instances would go behind the other.
      entry.protocolNumber == AddressRequest.protocolNumber
    else { return nil }
    return entry
  }

  func isMisplaced(_ index: Int) -> Bool {
    guard let entry = entry(index) else { return false }
    let network = settings.addresses[index]
    if entry.addsPrefixRoute == view.reachesSubnet(of: network, on: entry.linkIndex) { return true }
    return network.address.family == .ipv4 && view.isAheadOfOwn(entry)
  }

  private mutating func place(_ index: Int, into effects: inout Effects) {
    let network = settings.addresses[index]
    guard let carrier = carriers.index(network.address.family, in: view) else { return }
    let request = request(network, on: carrier)
    // The kernel changes an IPv6 address that is there (inet6_addr_modify()).
    guard network.address.family == .ipv4 else {
      return ask(
        .addAddress(request), about: .of(network, linkIndex: carrier), isAddition: true, into: &effects)
    }
    guard let stopgap = view.stopgap(for: network, on: carrier) else { return }
    loosenNewsFilter(into: &effects)
    ask(
      .replaceAddress(request, stopgap: stopgap), about: .replacement(network, linkIndex: carrier),
      isAddition: true, into: &effects)
  }

  /// Whether the kernel removes an address and adds it again, in one go.
  func isBeingReplaced(_ index: Int) -> Bool {
    guard pending.replacements > 0 else { return false }
    let network = settings.addresses[index]
    return pending.has { entry in
      if case .replacement(network, _) = entry.subject { true } else { false }
    }
  }

  /// News come before answers: whether the address is there is known.
  mutating func replacementAnswered(
    _ network: IPNetwork, _ refusal: KernelRefusal?, into effects: inout Effects
  ) {
    guard let refusal, refusal.kind != .linkGone, addresses.placing.isFirst else { return }
    effects.append(.notice(.addressRefused(network, refusal)))
  }
}
