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
      case .replaceAddress(let address, let stopgap): try replace(address, stopgap: stopgap)
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
    if let error = try answers(to: [sequence], operation)[0] { throw error }
  }

  /// What the kernel answers to changes that were sent, in their order; nil where it did as it was told.
  private func answers(to sequences: [UInt32], _ operation: String) throws(LinuxError) -> [LinuxError?] {
    var errors = [LinuxError?](repeating: nil, count: sequences.count)
    var missing = Set(sequences)
    while !missing.isEmpty {
      let answered = try socket.receive(operation) { header in
        guard let report = RouteMessage(header).outcome(of: operation),
          missing.remove(report.sequence) != nil, let place = sequences.firstIndex(of: report.sequence)
        else { return }
        errors[place] = report.error
      }
      guard answered else { throw LinuxError(operation, errno: ETIMEDOUT) }
    }
    return errors
  }
}

extension RouteRequests {
  /// See ``KernelRequest/addAddress(_:)``.
  func add(_ request: AddressRequest) throws(LinuxError) {
    try make(AddressObject(request).additionMessage(), "adding an address")
  }

  /// See ``KernelRequest/replaceAddress(_:stopgap:)``. The kernel gets all in one datagram: a process that dies leaves
  /// nothing half done.
  func replace(_ request: AddressRequest, stopgap: IPNetwork) throws(LinuxError) {
    let operation = "replacing an address"
    let interim = AddressRequest(
      network: stopgap, linkIndex: request.linkIndex, scope: request.scope,
      validLifetime: request.validLifetime, addsPrefixRoute: false)
    let (lasting, passing) = (try AddressObject(request), try AddressObject(interim))
    let changes = [
      try passing.additionMessage(), try lasting.removalMessage(), try lasting.additionMessage(),
      try passing.removalMessage(),
    ]
    let errors = try answers(to: try socket.send(changes, operation), operation)
    // What could not be removed was not there, which is no reason to complain.
    if let error = errors[2] { throw error }
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
