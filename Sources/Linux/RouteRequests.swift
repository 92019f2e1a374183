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
    // Else every refusal repeats what was refused.
    try socket.set(SOL_NETLINK, NETLINK_CAP_ACK, Int32(1))
    // For the refusals of a whole datagram; rmem_max does not bind who may make changes.
    try? socket.set(SOL_SOCKET, SO_RCVBUFFORCE, Int32(1 << 18))
  }

  /// Carries `requests` out, one after the other. All news of what they did are in the buffers of ``RouteMonitor`` before
  /// this returns.
  public func perform(_ requests: [KernelRequest]) -> [KernelAnswer] {
    var answers: [KernelAnswer] = []
    while answers.count < requests.count { answers += performFirst(of: requests[answers.count...]) }
    return answers
  }

  /// Carries out the first request, and those of its kind that follow and fit into one datagram with it.
  private func performFirst(of requests: ArraySlice<KernelRequest>) -> [KernelAnswer] {
    let first = requests[requests.startIndex]
    do throws(LinuxError) {
      switch first {
      case .look: return [.snapshot(try snapshot())]
      case .addAddress, .removeAddress, .addRoute, .removeRoute:
        let alike = requests.prefix(Self.datagramCapacity).prefix { $0.operation == first.operation }
        return change(alike).map { error in error.map { .refused(KernelRefusal($0)) } ?? .done }
      case .replaceAddress(let address, let stopgap): try replace(address, stopgap: stopgap)
      case .makeMacvlan(let macvlan): _ = try makeMacvlan(macvlan)
      case .removeLink(let index): try removeLink(index)
      case .setUp(let isUp, let linkIndex): try setUp(isUp, linkIndex: linkIndex)
      case .promoteSecondaries(let linkIndex): try promoteSecondaries(on: linkIndex)
      case .confineARP(let linkIndex): try confineARP(on: linkIndex)
      }
      return [.done]
    } catch {
      return [.refused(KernelRefusal(error))]
    }
  }

  /// Messages in one datagram: some 14 KiB, of the 64 that the socket takes.
  private static let datagramCapacity = 128

  /// Carries out changes that one message says each; what went wrong with each. The kernel does those after one that it
  /// refuses, too.
  func change(_ requests: ArraySlice<KernelRequest>) -> [LinuxError?] {
    guard let operation = requests.first?.operation else { return [] }
    var errors: [LinuxError?] = []
    var datagram = NetlinkDatagram()
    for request in requests {
      do throws(LinuxError) {
        try socket.append(try request.message(), to: &datagram)
        errors.append(nil)
      } catch {
        errors.append(error)
      }
    }
    let sent = errors.indices.filter { errors[$0] == nil }
    do throws(LinuxError) {
      for (index, error) in zip(sent, try make(datagram, operation)) { errors[index] = error }
    } catch {
      for index in sent { errors[index] = error }
    }
    return errors
  }

  /// Sends a change and waits for its answer.
  func make(_ change: NetlinkMessage, _ operation: String) throws(LinuxError) {
    var datagram = NetlinkDatagram()
    try socket.append(change, to: &datagram)
    if let error = try make(datagram, operation)[0] { throw error }
  }

  /// Sends changes and waits for the answer to the last of them; what the kernel answers to each, nil where it did as it
  /// was told.
  private func make(_ changes: NetlinkDatagram, _ operation: String) throws(LinuxError) -> [LinuxError?] {
    var errors = [LinuxError?](repeating: nil, count: changes.count)
    guard changes.count > 0 else { return errors }
    try socket.send(changes, operation)
    var isAnswered = false
    while !isAnswered {
      let received = try socket.receive(operation) { header in
        guard let report = RouteMessage(header).outcome(of: operation) else { return }
        let place = Int(report.sequence &- changes.first)
        guard errors.indices.contains(place) else { return }
        errors[place] = report.error
        if place == errors.count - 1 { isAnswered = true }
      }
      guard received else { throw LinuxError(operation, errno: ETIMEDOUT) }
    }
    return errors
  }
}

extension KernelRequest {
  /// What it does, if one message says it; those of one operation go into one datagram.
  fileprivate var operation: String? {
    switch self {
    case .addAddress: "adding an address"
    case .removeAddress: "removing an address"
    case .addRoute: "adding a route"
    case .removeRoute: "removing a route"
    default: nil
    }
  }

  /// The one message that says it.
  fileprivate func message() throws(LinuxError) -> NetlinkMessage {
    switch self {
    case .addAddress(let request): try AddressObject(request).additionMessage()
    case .removeAddress(let network, let linkIndex):
      try AddressObject(AddressRequest(network: network, linkIndex: linkIndex, validLifetime: nil))
        .removalMessage()
    case .addRoute(let route): try RouteObject(route).additionMessage()
    case .removeRoute(let route): try RouteObject(route).removalMessage()
    default: preconditionFailure("one message does not say it")
    }
  }
}

extension RouteRequests {
  /// See ``KernelRequest/replaceAddress(_:stopgap:)``. The kernel gets all in one datagram: a process that dies leaves
  /// nothing half done.
  func replace(_ request: AddressRequest, stopgap: IPNetwork) throws(LinuxError) {
    let operation = "replacing an address"
    let interim = AddressRequest(
      network: stopgap, linkIndex: request.linkIndex, scope: request.scope,
      validLifetime: request.validLifetime, addsPrefixRoute: false)
    let (lasting, passing) = (try AddressObject(request), try AddressObject(interim))
    var changes = NetlinkDatagram()
    try socket.append(try passing.additionMessage(), to: &changes)
    try socket.append(try lasting.removalMessage(), to: &changes)
    try socket.append(try lasting.additionMessage(), to: &changes)
    try socket.append(try passing.removalMessage(), to: &changes)
    let errors = try make(changes, operation)
    // What could not be removed was not there, which is no reason to complain.
    if let error = errors[2] { throw error }
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
