import Internet
import Linux
import Netlink

/// What carries the addresses: the interface itself, or with VirtualMAC= a macvlan for each family.
extension InterfaceView {
  /// Makes what carries addresses of `families`, so that a takeover need not.
  mutating func prepareCarriers(
    _ families: [AddressFamily], by requests: RouteRequests
  ) throws(LinuxError) {
    guard let link, macvlan(families[0]) != nil else { return }
    try requests.confineARP(on: link.index)
    for family in families { _ = try madeMacvlan(family, by: requests) }
  }

  /// The link that addresses of `family` are put on, which is set up: only the owner of the VIP may have a macvlan
  /// up. Whether it is up netlink tells late, so that who is not the owner yet sets it up in any case.
  mutating func carrier(
    _ family: AddressFamily, isOwner: Bool, by requests: RouteRequests
  ) throws(LinuxError) -> Int32? {
    guard let macvlan = try madeMacvlan(family, by: requests) else { return link?.index }
    if !macvlan.isUp || !isOwner { _ = try requests.setUp(true, linkIndex: macvlan.index) }
    return macvlan.index
  }

  /// Who does not own the VIP must not be heard at the virtual router's hardware address.
  func setCarriersDown(by requests: RouteRequests) throws(LinuxError) {
    try macvlans.values.tryEach { macvlan throws(LinuxError) in
      _ = try requests.setUp(false, linkIndex: macvlan.index)
    }
  }

  /// Removes what was made to carry the addresses, without waiting for the answer.
  func removeCarriers(by requests: RouteRequests) {
    for macvlan in macvlans.values { _ = try? requests.removeLink(macvlan.index) }
  }

  /// The macvlan for addresses of `family`, made if it is not there; nil without VirtualMAC=.
  private mutating func madeMacvlan(
    _ family: AddressFamily, by requests: RouteRequests
  ) throws(LinuxError) -> Link? {
    guard let request = macvlan(family) else { return nil }
    if let known = macvlans[family] { return known }
    let made = try requests.makeMacvlan(request)
    note(macvlan: made, family)
    // Where systemd hides sysctls from this process, sysctl.d(5) does that for every new link.
    try? requests.ignoreRouters(on: made)
    return made
  }
}
