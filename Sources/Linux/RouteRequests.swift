import CNetlink
import Glibc
public import Internet
public import Netlink

/// Questions and changes to the kernel's links, addresses and routes.
///
/// Questions are answered at once, for start-up and after ``RouteMonitor`` lost changes. Changes are sent
/// without waiting: the kernel's answers arrive at ``fd`` and are read by ``receive(_:)``.
public final class RouteRequests {
  private let questions: NetlinkSocket
  let changes: NetlinkSocket

  /// Opens both sockets.
  public init() throws(LinuxError) {
    questions = try NetlinkSocket()
    // The kernel answers within the send; the limit only keeps a broken one from hanging the daemon.
    try questions.set(SOL_SOCKET, SO_RCVTIMEO, timeval(tv_sec: 1, tv_usec: 0))
    changes = try NetlinkSocket()
    try changes.setNonBlocking()
    for socket in [questions, changes] { try socket.set(SOL_NETLINK, NETLINK_EXT_ACK, Int32(1)) }
  }

  /// Becomes readable when answers to changes wait.
  public var fd: Int32 { changes.fd }

  /// Every link.
  public func links() throws(LinuxError) -> [Link] {
    try dump(Int32(RTM_GETLINK), family: AF_UNSPEC) { $0.link }
  }

  /// Every address of every link, in the kernel's order: of IPv4, primary addresses before secondary ones.
  public func addresses() throws(LinuxError) -> [LinkAddress] {
    try dump(Int32(RTM_GETADDR), family: AF_UNSPEC) { $0.address }
  }

  /// Every address of the link with index `linkIndex`.
  public func addresses(on linkIndex: Int32) throws(LinuxError) -> [LinkAddress] {
    try addresses().filter { $0.linkIndex == linkIndex }
  }

  /// The default route of the main table with the lowest metric; nil if `family` has none. Of a route with
  /// several next hops, the first.
  public func defaultRoute(_ family: AddressFamily = .ipv4) throws(LinuxError) -> DefaultRoute? {
    let routes = try dump(Int32(RTM_GETROUTE), family: family.number) { $0.defaultRoute }
    return routes.min { $0.metric < $1.metric }?.route
  }

  /// Whether this host is an IPv6 router on the link with index `linkIndex`, and so says it in its Neighbor
  /// Advertisements (RFC 4861 §4.4).
  public func forwardsIPv6(on linkIndex: Int32) throws(LinuxError) -> Bool {
    try dump(Int32(RTM_GETNETCONF), family: AF_INET6) { $0.forwarding }
      .contains { $0.linkIndex == linkIndex && $0.isOn }
  }

  /// Asks the kernel to add an address, or to renew its lifetime if the link has it. The answer carries the returned sequence number.
  public func add(_ request: AddressRequest) throws(LinuxError) -> UInt32 {
    let address = try AddressObject(request)
    return try changes.send(address.additionMessage(), "adding an address")
  }

  /// Asks the kernel to remove `network` from a link. The answer carries the returned sequence number.
  public func remove(_ network: IPNetwork, from linkIndex: Int32) throws(LinuxError) -> UInt32 {
    let address = try AddressObject(
      AddressRequest(network: network, linkIndex: linkIndex, validLifetime: nil))
    return try changes.send(address.removalMessage(), "removing an address")
  }

  /// Lets secondary addresses of a link survive the primary one of their subnet (promote_secondaries).
  ///
  /// Without it the kernel removes the host's own address along with the VIP, should the VIP have become the
  /// primary one: the host's was removed and came back meanwhile, as DHCP clients do.
  public func promoteSecondaries(on linkIndex: Int32) throws(LinuxError) {
    let change = try LinkObject()
    try change.setIPv4(IPV4_DEVCONF_PROMOTE_SECONDARIES, 1)
    _ = try changes.send(change.changeMessage(linkIndex), "setting promote_secondaries")
  }

  /// Hands every answer that waits to `body`: the sequence number of the change, and nil if it was made.
  public func receive(_ body: (_ sequence: UInt32, _ error: LinuxError?) -> Void) throws(LinuxError) {
    while try changes.receive(
      "reading netlink answers",
      { header in
        if let outcome = RouteMessage(header).outcome { body(outcome.sequence, outcome.error) }
      })
    {}
  }
}

extension RouteRequests {
  /// Makes a change and waits for the kernel's answer, which it gives within the send.
  func make(_ change: NetlinkMessage, _ operation: String) throws(LinuxError) {
    let sequence = try questions.send(change, operation)
    var outcome: (sequence: UInt32, error: LinuxError?)?
    while outcome == nil {
      let answered = try questions.receive(operation) { header in
        if let report = RouteMessage(header).outcome, report.sequence == sequence { outcome = report }
      }
      guard answered else { throw LinuxError(operation, errno: ETIMEDOUT) }
    }
    if let error = outcome?.error { throw error }
  }

  /// Asks for everything of one kind. A dump that changed under way is asked for again.
  func dump<Value>(
    _ type: Int32, family: Int32, _ parse: (RouteMessage) -> Value?
  ) throws(LinuxError) -> [Value] {
    for _ in 0..<5 {
      if let values = try dumpOnce(type, family: family, parse) { return values }
    }
    throw LinuxError("asking the kernel for links, addresses or routes", netlink: NLE_DUMP_INTR)
  }

  /// One dump; nil if what was asked for changed meanwhile, so that the answer may be inconsistent.
  private func dumpOnce<Value>(
    _ type: Int32, family: Int32, _ parse: (RouteMessage) -> Value?
  ) throws(LinuxError) -> [Value]? {
    let operation = "asking the kernel for links, addresses or routes"
    let request = try NetlinkMessage(type: type, flags: NLM_F_DUMP)
    try request.append(rtgenmsg(rtgen_family: UInt8(family)))
    let sequence = try questions.send(request, operation)
    var values: [Value] = []
    var dump = DumpProgress()
    while !dump.isDone {
      let answered = try questions.receive(operation) { header in
        let message = RouteMessage(header)
        guard message.sequence == sequence else { return }
        dump.follow(message)
        if let value = parse(message) { values.append(value) }
      }
      guard answered else { throw LinuxError(operation, errno: ETIMEDOUT) }
    }
    if let error = dump.error { throw error }
    return dump.isInterrupted ? nil : values
  }
}

/// How far the answer to a dump request has come.
private struct DumpProgress {
  var isDone = false
  var isInterrupted = false
  var error: LinuxError?

  mutating func follow(_ message: RouteMessage) {
    if message.has(NLM_F_DUMP_INTR) { isInterrupted = true }
    if message.type == NLMSG_DONE { isDone = true }
    guard let outcome = message.outcome else { return }
    isDone = true
    error = outcome.error
  }
}
