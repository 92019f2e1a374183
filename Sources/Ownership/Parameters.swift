public import Internet
import Neighbor
public import VRRP

/// What configuration says about an instance.
public struct Parameters: Hashable, Sendable {
  /// When a Backup router leaves the VIP alone although it hears no Active router.
  public enum WitnessMode: Hashable, Sendable, CaseIterable {
    /// As long as somebody answers for it.
    case strict
    /// As `strict`, but no longer than an owner's lease and a second.
    case lease
    /// Never: RFC 9568's timing only.
    case off
  }

  /// The virtual router's number, 1...255.
  public var virtualRouterID: UInt8
  /// The addresses that the VIP consists of, 1...255. The family of the first one elects: see
  /// `Instance.hearInOtherFamily`.
  public var addresses: [IPNetwork]
  /// RFC 9568's own.
  public var priority: UInt8
  /// Advertisement_Interval.
  public var interval: AdvertisementInterval
  /// Preempt_Mode.
  public var preempts: Bool
  /// How long a worse Active router is left in place.
  public var preemptDelay: Duration
  /// The kernel lifetime of the addresses; nil if they stay until removed.
  public var lease: Duration?
  /// What ARP answers may hold off.
  public var witness: WitnessMode
  /// Whose answers show that this host is on the network, more than half of them; empty to rely on what is heard anyway.
  public var references: [IPAddress]
  /// Whether a host that is cut off gives way.
  public var isolation: Bool
  /// Which VRRP is spoken.
  public var version = ProtocolVersion.v3
  /// How to form checksums of version 3 over IPv4; nil for as the others do.
  public var checksum: ChecksumForm?
  /// Whether the VIP is at the virtual router's hardware address, the same on every host.
  public var usesVirtualMAC = false
  /// The family without which this host takes no part, which is the one that elects; nil for all that the VIP has.
  public var requiredFamily: AddressFamily?
  /// How many gratuitous ARPs make a burst.
  public var announcementRepeat: Int
  /// How often to announce while Active; nil for never again.
  public var announcementRefresh: Duration?
  /// The time between two packets that announce addresses; nil for none.
  public var announcementInterval: Duration?
  /// Step down when the loop was late. Only the simulator switches this off, to show what it is for.
  public var checksLateness = true
  /// Listen before going on after a restart that took long. Only the simulator switches this off.
  public var checksResumption = true
  /// References are what counts. Only the simulator switches this off.
  public var countsReferences = true

  /// All that configuration gives.
  public init(
    virtualRouterID: UInt8, addresses: [IPNetwork], priority: UInt8, interval: AdvertisementInterval,
    preempts: Bool, preemptDelay: Duration, lease: Duration?, witness: WitnessMode, references: [IPAddress],
    isolation: Bool, announcementRepeat: Int, announcementRefresh: Duration?
  ) {
    self.virtualRouterID = virtualRouterID
    self.addresses = addresses
    self.priority = priority
    self.interval = interval
    self.preempts = preempts
    self.preemptDelay = preemptDelay
    self.lease = lease
    self.witness = witness
    self.references = references
    self.isolation = isolation
    self.announcementRepeat = announcementRepeat
    self.announcementRefresh = announcementRefresh
  }

  func election(primary: IPAddress) -> Election.Parameters {
    Election.Parameters(
      priority: priority, interval: interval, preempts: preempts, preemptDelay: preemptDelay,
      primary: primary, version: version)
  }

  /// The family that elects.
  public var family: AddressFamily { addresses[0].address.family }

  /// The addresses without which nobody owns the VIP.
  public var required: AddressSet {
    guard let requiredFamily else { return .all(addresses.count) }
    return indices { $0 == requiredFamily }
  }

  /// The addresses of those families that `matches`.
  func indices(where matches: (AddressFamily) -> Bool) -> AddressSet {
    var set: AddressSet = []
    for (index, network) in addresses.enumerated() where matches(network.address.family) {
      set.insert(AddressSet(index: index))
    }
    return set
  }

  /// Whether `address` is one of the VIP's.
  func has(_ address: IPAddress) -> Bool { addresses.contains { $0.address == address } }

  /// Whether `hardware` is the virtual router's, at which some routers have the VIP.
  func isVirtualRouter(_ hardware: MACAddress) -> Bool {
    hardware == .virtualRouter(virtualRouterID, .ipv4) || hardware == .virtualRouter(virtualRouterID, .ipv6)
  }
}
