public import Internet
public import Neighbor
public import VRRP

/// What can happen to an instance.
public enum Event: Hashable, Sendable {
  /// An earlier run left these addresses on the interface; it last advertised then, if that is known.
  case resume(AddressSet, lastAdvertised: Instant?)
  /// The interface's condition as netlink told it; the first such event starts the instance.
  case link(LinkCondition)
  /// A valid Advertisement for this virtual router.
  case advertisement(ReceivedAdvertisement)
  /// An ARP packet that speaks of the VIP, or was sent to this host alone.
  case arp(ARPPacket)
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
  /// Configuration changed; the addresses are the same.
  case reconfigure(Parameters)
  /// Let another host take over, and stay if none does.
  case handover
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
  /// It has no address of its own to send from.
  case noAddress
  /// Packets can be sent from these addresses.
  case ready(primary: IPv4Address, hardware: MACAddress)
}
