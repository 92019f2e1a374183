import Internet

/// What a client and the hosts' kernels see of the VIP while something happens to it.
package final class ContainerObservation {
  /// What was seen.
  package struct Outcome: CustomStringConvertible, Sendable {
    /// What the client saw.
    package let probe: ProbeReport
    /// The hosts whose kernels had the address, in order, each group once per stretch of time.
    package let owners: [[Int]]
    /// Time without an owner.
    package let unowned: Duration
    /// Time with more than one owner.
    package let overlap: Duration
    /// How often a host got or lost an address, whichever.
    package let changes: Int

    package var description: String {
      "\(probe.lost) of \(probe.asked) questions lost, the longest gap \(probe.outage.milliseconds) ms; "
        + "owners \(owners), \(overlap.milliseconds) ms of overlap, \(unowned.milliseconds) ms without"
    }
  }

  private let address: IPv4Address
  private let loop: ObserverLoop
  private let ownership: OwnershipWatch
  private let probe: Probe
  private let responders: [Responder]

  init(of address: IPv4Address, client: Namespace, hosts: [(number: Int, namespace: Namespace)]) throws {
    self.address = address
    let loop = try ObserverLoop()
    self.loop = loop
    do {
      ownership = OwnershipWatch(loop)
      for host in hosts { try ownership.add(host: host.number, in: host.namespace) }
      responders = try hosts.map {
        try Responder(loop, name: "\($0.number)", in: $0.namespace, at: .ipv4(address))
      }
      probe = try Probe(loop, from: client, to: .ipv4(address))
    } catch {
      loop.stop()
      throw error
    }
  }

  deinit { loop.stop() }

  /// Waits until the client is served by a host, named by the last octet of its address.
  package func waitForAnswer(from host: Int, within limit: Duration = .seconds(10)) throws {
    try probe.waitForAnswer(from: "\(host)", within: limit)
  }

  /// Watches while `body` runs, and for `rest` afterwards: longer than a lease, so that one that nobody
  /// renewed shows.
  package func during(rest: Duration = .milliseconds(2500), _ body: () throws -> Void) throws -> Outcome {
    let start = MonotonicClock.now
    try body()
    pause(rest)
    let end = MonotonicClock.now
    let spans = ownership.history.spans(of: address, from: start, to: end)
    let changes = ownership.history.entries.filter { entry in
      guard case .reachable = entry.change else { return (start...end).contains(entry.time) }
      return false
    }
    return Outcome(
      probe: probe.report(from: start, to: end),
      owners: spans.map(\.owners).reduce(into: []) { if $0.last != $1 { $0.append($1) } },
      unowned: spans.filter { $0.owners.isEmpty }.map(\.length).reduce(.zero, +),
      overlap: spans.filter { $0.owners.count > 1 }.map(\.length).reduce(.zero, +),
      changes: changes.count)
  }
}
