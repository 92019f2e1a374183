public import Internet

/// What the kernel is asked for. Requests are carried out and answered in the order in which they were made.
public enum KernelRequest: Hashable, Sendable {
  /// Look at everything; answered by ``KernelAnswer/snapshot(_:)``.
  case look
  /// Add an address, or renew its lifetime if the link has it.
  case addAddress(AddressRequest)
  /// Make an IPv4 address that the link has the last one of its kind there, and of another kind if the request says so,
  /// which the kernel does for no address that is there. It is removed and added again, in one go, and the link has it
  /// with the prefix length of `stopgap` meanwhile: no packet is lost.
  case replaceAddress(AddressRequest, stopgap: IPNetwork)
  /// Remove an address from the link with this index.
  case removeAddress(IPNetwork, linkIndex: Int32)
  /// Add a route. Refused as `exists` if it is there; for IPv6 also if another one has its destination and metric.
  /// An IPv4 route goes before others of its destination and metric, which stay.
  case addRoute(Route)
  /// Remove a route that vipd added, never one of another protocol.
  case removeRoute(Route)
  /// Make a macvlan, or take it up if it is there.
  case makeMacvlan(MacvlanRequest)
  /// Remove a link with its addresses and routes.
  case removeLink(Int32)
  /// Set a link up or down.
  case setUp(Bool, linkIndex: Int32)
  /// Let secondary addresses of a link survive the primary one of their subnet (promote_secondaries): else the
  /// kernel removes the host's own address along with the VIP, should the VIP have become the primary one.
  case promoteSecondaries(linkIndex: Int32)
  /// Let a link tell its hardware address for its own addresses only (arp_ignore, arp_announce), not for one that
  /// is on a macvlan above it.
  case confineARP(linkIndex: Int32)
}

/// What the kernel answered to a request.
public enum KernelAnswer: Hashable, Sendable {
  /// It was done.
  case done
  /// It was refused.
  case refused(KernelRefusal)
  /// What there is.
  case snapshot(Snapshot)
}

/// Why the kernel did not do what it was asked for.
public struct KernelRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// What follows from it.
  public enum Kind: Hashable, Sendable {
    /// The link no longer exists.
    case linkGone
    /// The link is down, or there is no way out.
    case linkDown
    /// The address to remove or to send from is not there.
    case addressMissing
    /// The route to remove is not there.
    case routeMissing
    /// What is to be added is there.
    case exists
    /// A capability is missing.
    case notPermitted
    /// Anything else.
    case other
  }

  /// What follows from it.
  public let kind: Kind
  /// The kernel's errno(3).
  public let code: Int32
  /// The operation and the reason, for the operator.
  public let description: String

  /// All three.
  public init(_ kind: Kind, code: Int32, _ description: String) {
    self.kind = kind
    self.code = code
    self.description = description
  }
}
