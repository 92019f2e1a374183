public import Internet
public import Neighbor
public import VRRP

/// What can happen to an instance.
public enum Event: Hashable, Sendable {
  /// An earlier run left these addresses on the interface; its `resumableUntil`, if that is known.
  case resume(AddressSet, until: Instant?)
  /// The interface's condition as netlink told it; the first such event starts the instance.
  case link(LinkCondition)
  /// A valid Advertisement for this virtual router.
  case advertisement(ReceivedAdvertisement)
  /// A packet of ARP or neighbour discovery that speaks of the VIP, or was sent to this host alone.
  case neighbor(NeighborPacket)
  /// A frame came from this station; answers `Action.listenForEvidence`.
  case frame(from: MACAddress)
  /// `deadline` has come.
  case timer
  /// The kernel acknowledged the addition or renewal of an address.
  case added(index: Int)
  /// The kernel refused it.
  case addFailed(index: Int, errno: Int32)
  /// The kernel acknowledged a removal, or the address was already gone.
  case removed(index: Int)
  /// The kernel refused it.
  case removeFailed(index: Int, errno: Int32)
  /// Netlink told that an address is gone from the interface, whoever removed it.
  case vanished(index: Int)
  /// The link's queue was full before these addresses could be announced in this form.
  case unannounced(AddressSet, AnnouncementForm)
  /// Configuration changed. The virtual router's number, and the families of the addresses, are the same. Addresses
  /// that are no longer listed are the driver's to remove, when the actions that this causes are carried out.
  case reconfigure(Parameters)
  /// Let another host take over, and stay if none does; `Action.handoverEnded` answers.
  case handover
  /// Whether this host must not own the VIP, whatever happens: another one gets it first if there is one.
  case standBack(Bool)
  /// Stop for good; another host may take over.
  case stop
}

/// Whether an interface can carry the VIP.
public enum LinkCondition: Hashable, Sendable {
  /// There is no interface of that name.
  case absent
  /// Administratively down.
  case down
  /// Up, but the cable is out.
  case noCarrier
  /// It is a port of a bridge, bond or team, which takes the packets that come in by it.
  case port
  /// It has no hardware address, by which neighbours could find the VIP.
  case noHardwareAddress
  /// It lacks an address of its own to send from, in this family, which the VIP has addresses of.
  case noAddress(AddressFamily)
  /// Packets can be sent.
  case ready(Identity)
}

/// How this host is known on the link.
public struct Identity: Hashable, Sendable {
  /// Its primary IPv4 address; there if the VIP has IPv4 addresses.
  public var ipv4: IPv4Address?
  /// Its link-local IPv6 address; there if the VIP has IPv6 addresses.
  public var ipv6: IPv6Address?
  /// The interface's hardware address.
  public var hardware: MACAddress

  /// All of it.
  public init(ipv4: IPv4Address? = nil, ipv6: IPv6Address? = nil, hardware: MACAddress) {
    self.ipv4 = ipv4
    self.ipv6 = ipv6
    self.hardware = hardware
  }

  /// What packets of `family` are sent from.
  public func address(_ family: AddressFamily) -> IPAddress? {
    switch family {
    case .ipv4: ipv4.map { .ipv4($0) }
    case .ipv6: ipv6.map { .ipv6($0) }
    }
  }
}
