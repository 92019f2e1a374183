import Internet
import Linux
import Ownership

/// What netlink told about the one interface that carries the VIP.
struct InterfaceView {
  /// The interface's name; one that is deleted and made anew under it is the same to us.
  let name: String
  /// The VIP's addresses.
  let addresses: [IPv4Network]

  /// The interface as it is now; nil while there is none of that name.
  private(set) var link: Link?
  /// Where Advertisements come from; stays the same as long as the interface has it.
  private(set) var primary: IPv4Address?

  private var own: [LinkAddress] = []
  private var present: AddressSet = []

  init(name: String, addresses: [IPv4Network]) {
    self.name = name
    self.addresses = addresses
  }

  var condition: LinkCondition {
    guard let link else { return .absent }
    guard link.isUp else { return .down }
    guard link.hasCarrier else { return .noCarrier }
    guard let primary, let hardware = link.macAddress else { return .noAddress }
    return .ready(primary: primary, hardware: hardware)
  }

  /// The VIP's addresses that the interface has, whoever added them, and whether vipd did.
  private(set) var leftover: AddressSet = []

  /// Takes over a whole snapshot; returns the VIP's addresses that are not there.
  mutating func replace(links: [Link], addresses all: [LinkAddress]) -> AddressSet {
    link = links.first { $0.name == name }
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
      }
    case .linkRemoved(let index, _):
      if index == link?.index { forgetLink() }
    case .address(let address):
      note(address)
    case .addressRemoved(let address):
      return forget(address)
    }
    return nil
  }

  private mutating func note(_ address: LinkAddress) {
    guard address.linkIndex == link?.index, let network = address.network.ipv4 else { return }
    if let index = addresses.firstIndex(of: network) {
      present.insert(AddressSet(index: index))
      if address.protocolNumber == AddressRequest.protocolNumber { leftover.insert(AddressSet(index: index)) }
      return
    }
    own.removeAll { $0.network == address.network }
    own.append(address)
  }

  private mutating func forget(_ address: LinkAddress) -> Int? {
    guard address.linkIndex == link?.index else { return nil }
    own.removeAll { $0.network == address.network }
    guard let index = addresses.firstIndex(where: { IPNetwork($0) == address.network }) else { return nil }
    present.remove(AddressSet(index: index))
    leftover.remove(AddressSet(index: index))
    return index
  }

  private mutating func forgetLink() {
    link = nil
    forgetAddresses()
  }

  private mutating func forgetAddresses() {
    own = []
    present = []
    leftover = []
  }

  /// Never an address of the VIP or of another instance's: those come and go with ownership.
  private mutating func choosePrimary() {
    let candidates = own.filter { candidate in
      candidate.scope == .global && candidate.protocolNumber != AddressRequest.protocolNumber
        && !addresses.contains { .ipv4($0.address) == candidate.network.address }
    }
    if let primary, candidates.contains(where: { $0.network.address == .ipv4(primary) }) { return }
    let inSubnet = candidates.first { candidate in
      addresses.contains { IPNetwork($0).contains(candidate.network.address) }
    }
    primary = (inSubnet ?? candidates.first)?.network.address.ipv4
  }
}
