import CNetlink
import Glibc
import Internet
import Netlink

extension RouteRequests {
  /// The macvlan that `request` describes, taken up if it is there, as after a crash, and made if not. It is
  /// set up only by ``setUp(_:linkIndex:)``.
  ///
  /// It is in mode `bridge`: a private one takes to itself every multicast frame that comes from its own
  /// hardware address, and those are the Advertisements of the other routers, which the parent has to hear.
  /// Nobody but the owner of the VIP may have it up, else it would forward packets to the virtual router.
  ///
  /// Throws an error of kind `exists` if a link of that name is no macvlan with a virtual router's address.
  func makeMacvlan(_ request: MacvlanRequest) throws(LinuxError) -> Link {
    if let found = try macvlan(request) {
      try setUpMacvlan(found)
      return found
    }
    let operation = "making a macvlan"
    try make(LinkObject(request).additionMessage(), operation)
    guard let made = try macvlan(request) else { throw LinuxError(operation, errno: ENODEV) }
    try setUpMacvlan(made)
    return made
  }

  /// The macvlan of that name; nil if there is none, or only one of another virtual router or on another
  /// link, which is removed.
  private func macvlan(_ request: MacvlanRequest) throws(LinuxError) -> Link? {
    guard let link = try links().first(where: { $0.name == request.name }) else { return nil }
    let operation = "taking up a macvlan"
    // 00-00-5E-00 is what all virtual routers' addresses begin with.
    guard link.kind == "macvlan", let hardware = link.macAddress, hardware.bits >> 16 == 0x0000_5E00 else {
      throw LinuxError(operation, errno: EEXIST, explanation: "\(request.name) is another link")
    }
    if hardware == request.hardware, link.parentIndex == request.parentIndex { return link }
    try make(LinkObject.removalMessage(link.index), operation)
    return nil
  }

  /// Answers for its own addresses only, and takes packets whose way back is by the parent.
  private func setUpMacvlan(_ link: Link) throws(LinuxError) {
    let operation = "setting up a macvlan"
    let ipv4 = try LinkObject()
    try ipv4.setIPv4(IPV4_DEVCONF_ARP_IGNORE, 1)
    try ipv4.setIPv4(IPV4_DEVCONF_ARP_ANNOUNCE, 2)
    // Loose; the larger of this and `all` counts, so that a strict `all` does not.
    try ipv4.setIPv4(IPV4_DEVCONF_RP_FILTER, 2)
    try ipv4.setIPv4(IPV4_DEVCONF_PROMOTE_SECONDARIES, 1)
    try make(ipv4.changeMessage(link.index), operation)
    do throws(LinuxError) {
      // Every router would make up the same address from the same hardware address.
      let ipv6 = try LinkObject()
      try ipv6.setNoIPv6Address()
      try make(ipv6.changeMessage(link.index), operation)
    } catch {
      // A kernel without IPv6 has nothing to set up.
      guard error.cause == .errno(EAFNOSUPPORT) else { throw error }
    }
    // Where systemd hides sysctls from this process, sysctl.d(5) does that for every new link.
    try? ignoreRouters(on: link)
  }

  /// Keeps a macvlan from making addresses and routes from router advertisements; before it is set up, as it
  /// then hears them.
  ///
  /// Netlink cannot say that; sysctl can, and lets CAP_NET_ADMIN write, if `/proc/sys/net` is not mounted
  /// read-only as by ProtectKernelTunables= (then an error of kind `notPermitted`). A kernel without IPv6 has
  /// nothing to set.
  private func ignoreRouters(on macvlan: Link) throws(LinuxError) {
    let operation = "setting accept_ra of \(macvlan.name)"
    let path = "/proc/sys/net/ipv6/conf/\(macvlan.name)/accept_ra"
    do throws(LinuxError) {
      let file = try Descriptor(open(path, O_WRONLY | O_CLOEXEC), operation)
      guard write(file.number, "0", 1) == 1 else { throw LinuxError(operation, errno: errno) }
    } catch {
      guard error.cause == .errno(ENOENT) else { throw error }
    }
  }

  /// See ``KernelRequest/confineARP(linkIndex:)``: arp_ignore 1, arp_announce 2. Stays so; other daemons on the link
  /// need it just as much.
  func confineARP(on linkIndex: Int32) throws(LinuxError) {
    let change = try LinkObject()
    try change.setIPv4(IPV4_DEVCONF_ARP_IGNORE, 1)
    // 1 would not do: the VIP is in the target's subnet, too.
    try change.setIPv4(IPV4_DEVCONF_ARP_ANNOUNCE, 2)
    try make(change.changeMessage(linkIndex), "setting arp_ignore and arp_announce")
  }
}
