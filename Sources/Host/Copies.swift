import Configuration
public import Internet
import Netlink

/// An address of the VIP that this host has as its own on another link than the VIP's, too: there it does not come and
/// go with ownership.
public struct Copy: Hashable, Sendable {
  /// The address.
  public let address: IPAddress
  /// The link's name.
  public let interface: String
  /// Whether neighbours on that link find the address by ARP.
  public let isFoundByNeighbors: Bool
}

extension Copy {
  /// What it means, and what to do.
  func explanation(_ settings: Settings) -> String {
    let (name, vip) = (interface.printable, settings.interface.printable)
    if isFoundByNeighbors {
      return
        "\(address) is this host's own address on \(name), too, where neighbours find it whoever owns the VIP: "
        + "remove it from \(name)"
    }
    // ndisc_recv_ns() answers for addresses of the link that it was asked by, arp_process() for all of the host.
    guard address.family == .ipv4 else {
      return "\(address) is on \(name), too, where it stays whoever owns the VIP"
    }
    return
      "\(address) is on \(name), too, and the kernel answers ARP for it on \(vip) whoever owns the VIP, unless "
      + "net.ipv4.conf.all.arp_ignore=1 (and arp_announce=2) is set: see that it is, on every host; "
      + "\"vipctl check \(settings.instance)\" looks"
  }
}

extension Host {
  /// Says where else the VIP is, once each time that it comes there.
  mutating func followCopies(into effects: inout Effects) {
    let found = view.copies
    guard found != copies else { return }
    for copy in found where !copies.contains(copy) { effects.append(.notice(.copied(copy))) }
    copies = found
  }
}
