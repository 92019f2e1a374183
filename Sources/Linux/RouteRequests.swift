import CNetlink
import Glibc
import Internet
public import Netlink

/// Questions and changes to the links, addresses and routes of this network namespace; each waits for the kernel's
/// answer.
///
/// The kernel does all of it within sendto(2), under a lock of the whole machine (RTNL) that another process may hold
/// for seconds. Whoever must not wait that long asks from a thread of his own.
public final class RouteRequests {
  let socket: NetlinkSocket

  /// Opens a socket for them.
  public init() throws(LinuxError) {
    socket = try NetlinkSocket()
    // The kernel answers within the send; the limit only keeps a broken one from hanging the caller.
    try socket.set(SOL_SOCKET, SO_RCVTIMEO, timeval(tv_sec: 1, tv_usec: 0))
    try socket.set(SOL_NETLINK, NETLINK_EXT_ACK, Int32(1))
  }

  /// Carries `request` out. All news of what it did are in the buffers of ``RouteMonitor`` before this returns.
  public func perform(_ request: KernelRequest) -> KernelAnswer {
    do throws(LinuxError) {
      switch request {
      case .look: return .snapshot(try snapshot())
      case .addAddress(let address): try add(address)
      case .removeAddress(let network, let linkIndex): try remove(network, from: linkIndex)
      case .addRoute(let route): try add(route)
      case .removeRoute(let route): try remove(route)
      case .makeMacvlan(let macvlan): _ = try makeMacvlan(macvlan)
      case .removeLink(let index): try removeLink(index)
      case .setUp(let isUp, let linkIndex): try setUp(isUp, linkIndex: linkIndex)
      case .promoteSecondaries(let linkIndex): try promoteSecondaries(on: linkIndex)
      case .confineARP(let linkIndex): try confineARP(on: linkIndex)
      }
      return .done
    } catch {
      return .refused(KernelRefusal(error))
    }
  }

  /// Sends a change and waits for its answer.
  func make(_ change: NetlinkMessage, _ operation: String) throws(LinuxError) {
    let sequence = try socket.send(change, operation)
    var outcome: (sequence: UInt32, error: LinuxError?)?
    while outcome == nil {
      let answered = try socket.receive(operation) { header in
        let report = RouteMessage(header).outcome(of: operation)
        if let report, report.sequence == sequence { outcome = report }
      }
      guard answered else { throw LinuxError(operation, errno: ETIMEDOUT) }
    }
    if let error = outcome?.error { throw error }
  }
}

extension RouteRequests {
  /// See ``KernelRequest/addAddress(_:)``.
  func add(_ request: AddressRequest) throws(LinuxError) {
    try make(AddressObject(request).additionMessage(), "adding an address")
  }

  /// See ``KernelRequest/removeAddress(_:linkIndex:)``.
  func remove(_ network: IPNetwork, from linkIndex: Int32) throws(LinuxError) {
    let address = try AddressObject(
      AddressRequest(network: network, linkIndex: linkIndex, validLifetime: nil))
    try make(address.removalMessage(), "removing an address")
  }

  /// See ``KernelRequest/addRoute(_:)``. The route's source must be there, else the error is EINVAL.
  func add(_ route: Route) throws(LinuxError) {
    try make(RouteObject(route).additionMessage(), "adding a route")
  }

  /// See ``KernelRequest/removeRoute(_:)``. Of a route that is not there the error is of kind `routeMissing`.
  func remove(_ route: Route) throws(LinuxError) {
    try make(RouteObject(route).removalMessage(), "removing a route")
  }

  /// See ``KernelRequest/promoteSecondaries(linkIndex:)``: the VIP becomes the primary address when the host's own
  /// goes and comes back, as with DHCP.
  func promoteSecondaries(on linkIndex: Int32) throws(LinuxError) {
    let change = try LinkObject()
    try change.setIPv4(IPV4_DEVCONF_PROMOTE_SECONDARIES, 1)
    try make(change.changeMessage(linkIndex), "setting promote_secondaries")
  }

  /// See ``KernelRequest/setUp(_:linkIndex:)``.
  func setUp(_ isUp: Bool, linkIndex: Int32) throws(LinuxError) {
    let change = try LinkObject()
    change.setUp(isUp)
    try make(change.changeMessage(linkIndex), "changing a link")
  }

  /// See ``KernelRequest/removeLink(_:)``.
  func removeLink(_ linkIndex: Int32) throws(LinuxError) {
    try make(LinkObject.removalMessage(linkIndex), "removing a link")
  }
}
