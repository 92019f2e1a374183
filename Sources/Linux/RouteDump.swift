import CNetlink
import Glibc
import Internet
public import Netlink

extension RouteRequests {
  /// All that there is. Not of one moment: what changes meanwhile may be in one part and not in another, and
  /// ``RouteMonitor`` tells of it.
  public func snapshot() throws(LinuxError) -> Snapshot {
    Snapshot(
      links: try links(), addresses: try addresses(), routes: try routes(),
      forwardingLinks: try dump(Int32(RTM_GETNETCONF), family: AF_INET6) {
        $0.forwarding.flatMap { $0.isOn ? $0.linkIndex : nil }
      })
  }

  /// Every link.
  public func links() throws(LinuxError) -> [Link] {
    try dump(Int32(RTM_GETLINK), family: AF_UNSPEC) { $0.link }
  }

  /// Every address of every link, in the kernel's order: of IPv4, primary addresses before secondary ones.
  public func addresses() throws(LinuxError) -> [LinkAddress] {
    try dump(Int32(RTM_GETADDR), family: AF_UNSPEC) { $0.address }
  }

  /// The default routes of the main table, and in whatever table those that vipd added.
  public func routes() throws(LinuxError) -> [Route] {
    try dump(Int32(RTM_GETROUTE), family: AF_UNSPEC) { $0.route }
  }

  /// Asks for everything of one kind. A dump that changed under way is asked for again.
  private func dump<Value>(
    _ type: Int32, family: Int32, _ parse: (RouteMessage) -> Value?
  ) throws(LinuxError) -> [Value] {
    for _ in 0..<5 {
      if let values = try dumpOnce(type, family: family, parse) { return values }
    }
    throw LinuxError(DumpProgress.operation, netlink: NLE_DUMP_INTR)
  }

  /// Of 32 KiB: some 20 ms of computing.
  private static let datagramsPerSleep = 128

  /// One dump; nil if what was asked for changed meanwhile, so that the answer may be inconsistent.
  private func dumpOnce<Value>(
    _ type: Int32, family: Int32, _ parse: (RouteMessage) -> Value?
  ) throws(LinuxError) -> [Value]? {
    let operation = DumpProgress.operation
    let request = try NetlinkMessage(type: type, flags: NLM_F_DUMP)
    try request.append(rtgenmsg(rtgen_family: UInt8(family)))
    let sequence = try socket.send(request, operation)
    var values: [Value] = []
    var dump = DumpProgress()
    var datagrams = 0
    while !dump.isDone {
      // A realtime thread that does not sleep for a second is killed (RLIMIT_RTTIME), and a router's table can take
      // that long.
      datagrams += 1
      if datagrams.isMultiple(of: Self.datagramsPerSleep) { usleep(1) }
      let answered = try socket.receive(operation) { header in
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
struct DumpProgress {
  static let operation = "asking the kernel for links, addresses or routes"

  private(set) var isDone = false
  private(set) var isInterrupted = false
  private(set) var error: LinuxError?

  mutating func follow(_ message: RouteMessage) {
    if message.has(NLM_F_DUMP_INTR) { isInterrupted = true }
    if message.type == NLMSG_DONE {
      isDone = true
      // A dump that fails when it has begun says so here, and what came before is not all.
      if let code = message.fixedPart(Int32.self), code < 0 {
        error = LinuxError(Self.operation, errno: Int32(clamping: code.magnitude))
      }
    }
    guard let outcome = message.outcome(of: Self.operation) else { return }
    isDone = true
    error = outcome.error
  }
}
