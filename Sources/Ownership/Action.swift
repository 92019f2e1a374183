public import Internet
public import Neighbor
public import VRRP

/// What an instance wants done, in order.
public enum Action: Hashable, Sendable {
  /// Send an Advertisement, in each family that the VIP has addresses of.
  case advertise(priority: UInt8, interval: AdvertisementInterval)
  /// Ask this station, by ARP or neighbour discovery.
  case ask(NeighborPacket, to: MACAddress)
  /// Report what these answer to this host, and the VIP's addresses in any case; nobody else's answers.
  case hearAnswers(of: [IPAddress])
  /// Report what one of these stations sends; where there are none, any station other than a peer.
  case listenForEvidence(of: [MACAddress], Attention)
  /// Report no frames any more.
  case ignoreEvidence
  /// Ask the kernel to add these addresses, or to renew their lifetime where it has them already.
  case add(AddressSet)
  /// Ask the kernel to remove these addresses.
  case remove(AddressSet)
  /// Announce these addresses, in this form; those of a family that does not have it are not announced.
  case announce(AddressSet, AnnouncementForm = .first)
  /// Tell the operator.
  case report(Report)
  /// Answer all `Event.handover` that were not answered yet. Each of them is, once, before the instance exits.
  case handoverEnded(HandoverOutcome)
  /// The instance has stopped and owns nothing: leave the loop.
  case exit
}

/// How closely evidence is listened for.
public enum Attention: Hashable, Sendable {
  /// What they answer, to whomever, is reported with the next timer.
  case resting
  /// Whatever they send next is reported at once; after that, nothing is wanted for a while.
  case once
  /// Whatever they send next is reported at once, and will be wanted again in a moment.
  case again
}

/// Something an operator wants to know.
public enum Report: Hashable, Sendable {
  /// The state changed.
  case transition(Election.State, Election.Cause)
  /// The interface cannot carry the VIP; what it lacks.
  case linkUnusable(LinkCondition)
  /// The kernel confirmed the last of the addresses: this host owns the VIP.
  case owned
  /// Addresses that somebody else removed were asked for again.
  case reinstated(AddressSet)
  /// The kernel refused to add an address, with this errno.
  case addFailed(index: Int, errno: Int32)
  /// The kernel refused to remove an address, with this errno; it is asked again.
  case removeFailed(index: Int, errno: Int32)
  /// The loop was late by so much that others may have taken over.
  case late(by: Duration)
  /// An Active router was heard that this one beat.
  case beat(IPAddress)
  /// The Active router that this Backup router listens to is another one than before.
  case following(IPAddress, priority: UInt8)
  /// A router lists other addresses for this virtual router.
  case addressesDiffer(IPAddress)
  /// A router advertises at another interval than configured here.
  case intervalDiffers(IPAddress, AdvertisementInterval)
  /// A packet came from this host's own primary address.
  case ownSource
  /// The Active router is silent, and yet this Backup router leaves the VIP alone.
  case holding(Hold)
  /// A station that is no router of this VIP claims it.
  case conflict(MACAddress)
  /// An Active router is heard, but nobody answers for the VIP.
  case unanswered(by: IPAddress)
  /// A standby hears this Active router, but gets no answer for the VIP.
  case unreached(by: IPAddress)
  /// A reference answers this Active router, but not this address of its VIP.
  case blocked(IPAddress, before: IPAddress)
  /// A station that answers for every address: what it answers for the VIP is ignored.
  case proxy(MACAddress)
  /// This host lost every sign of the network and releases the VIP.
  case isolated(since: Instant)
  /// Nobody took over, so the VIP stays.
  case handoverRefused
  /// This router is to leave the VIP to the successor.
  case handedOver(to: IPAddress)
  /// Whether the owner knows a standby that would take over; told when that changes.
  case protected(Bool)
}

/// What became of a handover.
public enum HandoverOutcome: Hashable, Sendable {
  /// Another router has the VIP now. Its address is unspecified if it was seen to have the VIP and never heard.
  case takenOver(by: IPAddress)
  /// The VIP is not handed over.
  case refused(HandoverRefusal)
}

/// Why the VIP was not handed over.
public enum HandoverRefusal: Hashable, Sendable {
  /// This host does not own the VIP; who is the Active router, if that is known.
  case notActive(owner: IPAddress?)
  /// No router is there that would take over.
  case nobodyStandsBy
  /// A router was there, and did not.
  case nobodyTookOver
  /// The VIP went, or stays, for another reason before it was known who takes over.
  case interrupted
}

/// Why a Backup router does not take over.
public enum Hold: Hashable, Sendable {
  /// A router still answers for the VIP at this hardware address; its daemon fell silent, or is not heard.
  case answered(at: MACAddress, last: IPAddress?)
  /// Somebody answers for the VIP who is no router of it.
  case foreign(MACAddress)
  /// This host hears neither the Active router nor anybody else, and last heard anybody then.
  case isolated(since: Instant)
  /// This host must not own the VIP for now.
  case barred
}

/// What one event makes an instance want done, in order.
///
/// A driver that keeps one of these and has it filled again and again allocates nothing.
public struct Actions: Sendable {
  private var all: [Action] = []

  /// Room for the actions of one event.
  public init() {}

  /// How many there are.
  public var count: Int { all.count }

  /// The action at `index`, 0..<count.
  public subscript(index: Int) -> Action { all[index] }

  mutating func removeAll() {
    if !all.isEmpty { all.removeAll(keepingCapacity: true) }
  }

  mutating func append(_ action: Action) {
    // One event causes seldom more.
    if all.isEmpty { all.reserveCapacity(8) }
    all.append(action)
  }
}
