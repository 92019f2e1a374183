import Glibc
import Internet
import Lab
import Testing

/// A segment with a client that probes, and the daemons on its hosts.
final class Scene {
  let segment: Segment
  let probe: Probe
  private let isProbed: Bool
  private(set) var daemons: [Int: HostDaemon] = [:]

  /// Longer than any daemon takes to become Active, on a machine that does other things too.
  static let patience = Duration.seconds(15)

  var vip: IPv4Address { segment.plan.virtualAddress }

  init(
    hosts: [Int] = [217, 218], gateway: Segment.Gateway = .none, hasIPv6: Bool = false, isProbed: Bool = true
  ) throws {
    var plan = Segment.Plan()
    plan.hosts = hosts
    plan.gateway = gateway
    plan.hasIPv6 = hasIPv6
    segment = try Segment(plan)
    self.isProbed = isProbed
    probe = try segment.startProbe()
    if !isProbed { probe.stop() }
  }

  /// Starts a daemon with the defaults, changed by `configure`, on host `number`.
  @discardableResult
  func start(
    _ number: Int, _ kind: DaemonKind = .vipd, _ configure: (inout DaemonSettings) -> Void = { _ in }
  ) throws -> HostDaemon {
    var settings = DaemonSettings()
    configure(&settings)
    // What is left of the one before must be gone.
    daemons[number] = nil
    let daemon = try HostDaemon(kind, on: number, of: segment, settings)
    daemons[number] = daemon
    return daemon
  }

  /// The daemon on `number`.
  func daemon(_ number: Int) throws -> HostDaemon { try #require(daemons[number]) }

  /// Waits until exactly `hosts` have `address` (the VIP by default); what the daemons said is in the error.
  func expectOwners(_ hosts: Int..., within limit: Duration = patience) throws {
    try expectOwners(hosts, of: vip.ip, within: limit)
  }

  func expectOwners(
    _ hosts: Int..., of address: some InternetAddress, within limit: Duration = patience
  ) throws {
    try expectOwners(hosts, of: address.ip, within: limit)
  }

  private func expectOwners(_ hosts: [Int], of address: IPAddress, within limit: Duration) throws {
    do {
      try segment.ownership.waitForOwners(hosts, of: address, within: limit)
    } catch {
      throw HostDaemon.explain(error, by: running)
    }
  }

  /// Starts .217 and then, when it owns the VIP, .218.
  func startPair(_ kinds: (DaemonKind, DaemonKind) = (.vipd, .vipd)) throws {
    try start(217, kinds.0)
    try expectOwners(217)
    try start(218, kinds.1)
    if isProbed { try probe.waitForAnswer(from: "217", within: Self.patience) }
    pause(.milliseconds(500))
    try expectOwners(217)
  }

  /// Expects that nobody has got or lost the VIP since `start`.
  func expectUnchanged(
    since start: Duration, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectUnchanged(vip, since: start, comment, sourceLocation: sourceLocation)
  }

  /// Expects that nobody has got or lost `address` since `start`; else what the daemons said is in the issue.
  func expectUnchanged(
    _ address: some InternetAddress, since start: Duration, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let moves = segment.ownership.history.entries.filter {
      $0.time >= start && ($0.change == .has(address.ip) || $0.change == .lost(address.ip))
    }
    guard !moves.isEmpty else { return }
    let listing = moves.map { "\n  after \($0.time - start) .\($0.host): \($0.change)" }.joined()
    let error = LabError("\(address) moved:\(listing)")
    Issue.record(
      "\(HostDaemon.explain(error, by: running)) \(comment?.rawValue ?? "")", sourceLocation: sourceLocation)
  }

  private var running: [HostDaemon] { daemons.keys.sorted().compactMap { daemons[$0] } }

  /// The addresses of `number`'s kernel, without the lifetimes, which count down.
  func addressLines(_ number: Int) throws -> [String] {
    let command = Command(["ip", "-n", try segment.host(number).namespace.name, "-o", "address", "show"])
    let words = try command.run().split(separator: "\n").map { $0.split(separator: " ") }
    return words.map { $0.prefix { !$0.hasPrefix("\\") }.joined(separator: " ") }
  }

  /// Waits for a change of the kernels' addresses: when it was.
  func waitForChange(_ what: String, _ find: (OwnershipHistory) -> Duration?) throws -> Duration {
    try segment.loop.wait(for: what, within: Self.patience) { find(segment.ownership.history) != nil }
    return try #require(find(segment.ownership.history))
  }

  /// How long two hosts had the VIP since `start`.
  func overlap(since start: Duration) -> OwnershipHistory.Overlap {
    segment.ownership.history.overlap(of: vip, from: start, to: MonotonicClock.now)
  }
}

extension Segment.Station {
  /// Has each of its interfaces answer ARP, and ask, for its own addresses only, whatever a daemon left out.
  func answerForOwnAddressesOnly() throws {
    let all = "net.ipv4.conf.all"
    try namespace.command(["sysctl", "-q", "\(all).arp_ignore=1", "\(all).arp_announce=2"]).run()
  }
}

/// Scenarios in network namespaces; one at a time, for they measure time.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root"))
enum SegmentTests {}
