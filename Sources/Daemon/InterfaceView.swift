import Configuration
import Internet
import Linux
import Neighbor
import Netlink
import Ownership

/// What netlink told about the one interface that carries the VIP.
struct InterfaceView {
  /// The interface's name; one that is deleted and made anew under it is the same to us.
  let name: String
  /// The VIP's addresses.
  let addresses: [IPNetwork]

  /// The interface as it is now; nil while there is none of that name.
  private(set) var link: Link?
  /// Where Advertisements come from; stays the same as long as the interface has it.
  private var primary: IPv4Address?
  /// Where those over IPv6 come from.
  private var primaryIPv6: IPv6Address?

  /// With VirtualMAC=, the macvlans that carry the VIP's addresses, as far as they are there.
  private(set) var macvlans: [AddressFamily: Link] = [:]
  /// VRID of the virtual router whose hardware address the macvlans have; nil for none.
  private let virtualMAC: UInt8?

  private var own: [LinkAddress] = []
  private var present: AddressSet = []

  /// Whether peers may be behind routers, where a link-local address leads nowhere.
  private let isRouted: Bool

  init(_ settings: Settings) {
    name = settings.interface
    addresses = settings.addresses
    virtualMAC = settings.virtualMAC ? settings.virtualRouterID : nil
    isRouted = settings.peers.contains { $0.ipv6?.isLinkLocal == false }
  }

  var condition: LinkCondition {
    guard let link else { return .absent }
    guard link.isUp else { return .down }
    guard link.hasCarrier else { return .noCarrier }
    guard let hardware = link.macAddress else { return .noAddress }
    let identity = Identity(ipv4: primary, ipv6: primaryIPv6, hardware: hardware)
    guard addresses.allSatisfy({ identity.address($0.address.family) != nil }) else { return .noAddress }
    return .ready(identity)
  }

  /// Index of the link that gets addresses of `family`; nil if there is none yet.
  func carrier(_ family: AddressFamily) -> Int32? {
    virtualMAC == nil ? link?.index : macvlans[family]?.index
  }

  /// The macvlan that carries addresses of `family`. The interface's index is in its name, because another
  /// interface may have a virtual router of the same number.
  func macvlan(_ family: AddressFamily) -> MacvlanRequest? {
    guard let virtualMAC, let link else { return nil }
    return MacvlanRequest(
      name: "vip\(family == .ipv4 ? 4 : 6)-\(virtualMAC).\(link.index)", parentIndex: link.index,
      hardware: .virtualRouter(virtualMAC, family))
  }

  /// The macvlan was made, or set up or down: netlink's news of that comes later.
  mutating func note(macvlan: Link, _ family: AddressFamily) { macvlans[family] = macvlan }

  /// Whether the host has an address of its own in the subnet of `network`, and so a route to it.
  func hasSubnet(of network: IPNetwork) -> Bool {
    own.contains { $0.network.prefixLength == network.prefixLength && $0.network.subnet == network.subnet }
  }

  /// The VIP's addresses that the interface has, whoever added them, and whether vipd did.
  private(set) var leftover: AddressSet = []

  /// Takes over a whole snapshot; returns the VIP's addresses that are not there.
  mutating func replace(links: [Link], addresses all: [LinkAddress]) -> AddressSet {
    link = links.first { $0.name == name }
    macvlans = [:]
    for link in links { noteMacvlan(link) }
    own = []
    present = []
    leftover = []
    for address in all { note(address) }
    choosePrimary()
    return AddressSet.all(addresses.count).subtracting(present)
  }

  /// Takes over one change; returns the index of the VIP's address that it removed, if any.
  mutating func apply(_ change: RouteChange) -> Int? {
    defer { choosePrimary() }
    switch change {
    case .link(let changed):
      if changed.name == name {
        if changed.index != link?.index { forgetAddresses() }
        link = changed
      } else if changed.index == link?.index {
        // Renamed: what we knew by this name is gone.
        forgetLink()
      } else {
        noteMacvlan(changed)
      }
    case .linkRemoved(let index, _):
      if index == link?.index { forgetLink() }
      macvlans = macvlans.filter { $0.value.index != index }
    case .address(let address):
      note(address)
    case .addressRemoved(let address):
      return forget(address)
    }
    return nil
  }

  private mutating func noteMacvlan(_ link: Link) {
    for family in AddressFamily.allCases where macvlan(family)?.name == link.name { macvlans[family] = link }
  }

  /// The index of the VIP's address that `address` is, on the link that carries it.
  private func index(of address: LinkAddress) -> Int? {
    guard address.linkIndex == carrier(address.network.address.family) else { return nil }
    return addresses.firstIndex(of: address.network)
  }

  private mutating func note(_ address: LinkAddress) {
    if let index = index(of: address) {
      present.insert(AddressSet(index: index))
      if address.protocolNumber == AddressRequest.protocolNumber { leftover.insert(AddressSet(index: index)) }
      return
    }
    guard address.linkIndex == link?.index else { return }
    own.removeAll { $0.network == address.network }
    own.append(address)
  }

  private mutating func forget(_ address: LinkAddress) -> Int? {
    if address.linkIndex == link?.index { own.removeAll { $0.network == address.network } }
    guard let index = index(of: address) else { return nil }
    present.remove(AddressSet(index: index))
    leftover.remove(AddressSet(index: index))
    return index
  }

  private mutating func forgetLink() {
    link = nil
    macvlans = [:]
    forgetAddresses()
  }

  private mutating func forgetAddresses() {
    own = []
    present = []
    leftover = []
  }

  private mutating func choosePrimary() {
    primary = choose(primary, among: primaryCandidates { $0.scope == .global }.compactMap(\.ipv4))
    let ofIPv6 = primaryCandidates { $0.isUsable }.compactMap(\.ipv6)
    primaryIPv6 = choose(primaryIPv6, among: ofIPv6.filter { $0.isLinkLocal != isRouted })
  }

  /// Stays with `current` as long as it is there.
  private func choose<Address: Equatable>(_ current: Address?, among candidates: [Address]) -> Address? {
    if let current, candidates.contains(current) { return current }
    return candidates.first
  }

  /// The host's own addresses, those in a VIP's subnet first. Never an address of the VIP or of another
  /// instance's: those come and go with ownership.
  private func primaryCandidates(_ isSuitable: (LinkAddress) -> Bool) -> [IPAddress] {
    let candidates = own.filter { candidate in
      isSuitable(candidate) && candidate.protocolNumber != AddressRequest.protocolNumber
        && !addresses.contains { $0.address == candidate.network.address }
    }.map(\.network.address)
    let isNear = { (address: IPAddress) in self.addresses.contains { $0.contains(address) } }
    return candidates.filter(isNear) + candidates.filter { !isNear($0) }
  }
}
