public import Internet
public import VRRP

/// What can happen to an instance.
public enum Event: Hashable, Sendable {
  /// Addresses that an earlier run left on the interface.
  case found(AddressSet)
  /// The interface's condition as netlink told it; the first such event starts the instance.
  case link(LinkCondition)
  /// A valid Advertisement for this virtual router.
  case advertisement(ReceivedAdvertisement)
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
  /// Configuration changed.
  case reconfigure(Parameters)
  /// Stop for good.
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
  /// Advertisements can be sent from this address.
  case ready(primary: IPv4Address)
}

/// What configuration says about an instance.
public struct Parameters: Hashable, Sendable {
  /// How many addresses the VIP consists of, 1...64.
  public var addressCount: Int
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
  /// How many gratuitous ARPs make a burst.
  public var announcementRepeat: Int
  /// How often to announce while Active; nil for never again.
  public var announcementRefresh: Duration?

  /// All of them.
  public init(
    addressCount: Int, priority: UInt8, interval: AdvertisementInterval, preempts: Bool,
    preemptDelay: Duration, lease: Duration?, announcementRepeat: Int, announcementRefresh: Duration?
  ) {
    self.addressCount = addressCount
    self.priority = priority
    self.interval = interval
    self.preempts = preempts
    self.preemptDelay = preemptDelay
    self.lease = lease
    self.announcementRepeat = announcementRepeat
    self.announcementRefresh = announcementRefresh
  }

  func election(primary: IPv4Address) -> Election.Parameters {
    Election.Parameters(
      priority: priority, interval: interval, preempts: preempts, preemptDelay: preemptDelay,
      primary: primary)
  }
}
