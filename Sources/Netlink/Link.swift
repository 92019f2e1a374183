public import Internet

/// A network interface, as the kernel describes it (RTM_NEWLINK).
public struct Link: Hashable, Sendable {
  /// The interface index; positive, and never reused while the interface exists.
  public let index: Int32
  /// The interface's name.
  public let name: String
  /// The hardware address, where it has the 48 bits of an Ethernet address.
  public let macAddress: MACAddress?
  /// IFF_UP: set up by the administrator.
  public let isUp: Bool
  /// IFF_LOWER_UP and IFF_RUNNING: the cable is plugged in, or the equivalent, and frames can be sent. A link
  /// that just got its carrier is not running, and drops what it is given, until the kernel has set it to work.
  public let hasCarrier: Bool
  /// IFF_LOOPBACK.
  public let isLoopback: Bool
  /// Not IFF_NOARP.
  public let isARPCapable: Bool
  /// The link's type is ARPHRD_ETHER: Ethernet frames, as on bonds, bridges, VLANs and veth pairs.
  public let isEthernet: Bool
  /// IFLA_INFO_KIND: the kind of a link that is made of software, such as `bridge` or `macvlan`.
  public let kind: String?
  /// IFLA_LINK: index of the link that this one is stacked on; of a veth pair, the other end's.
  public let parentIndex: Int32?
  /// IFLA_INFO_SLAVE_KIND: it belongs to a link, such as a bridge or a bond, that takes what comes in by it
  /// (rx_handler). Not so the members of a VRF, which are but a routing table.
  public let isPort: Bool

  /// A link with these properties.
  public init(
    index: Int32, name: String, macAddress: MACAddress?, isUp: Bool = true, hasCarrier: Bool = true,
    isLoopback: Bool = false, isARPCapable: Bool = true, isEthernet: Bool = true, kind: String? = nil,
    parentIndex: Int32? = nil, isPort: Bool = false
  ) {
    self.index = index
    self.name = name
    self.macAddress = macAddress
    self.isUp = isUp
    self.hasCarrier = hasCarrier
    self.isLoopback = isLoopback
    self.isARPCapable = isARPCapable
    self.isEthernet = isEthernet
    self.kind = kind
    self.parentIndex = parentIndex
    self.isPort = isPort
  }
}
