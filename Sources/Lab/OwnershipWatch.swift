import CLab
package import Internet

/// Hears from every host's kernel which IPv4 addresses it has.
package final class OwnershipWatch: @unchecked Sendable {
  private let loop: ObserverLoop
  private var sockets: [RouteSocket] = []
  private var recorded = OwnershipHistory()
  private var changes: [(time: Duration, host: Int, change: AddressChange)] = []
  private var present: [Int: Set<IPv4Address>] = [:]
  private var dumpsPending = 0

  init(_ loop: ObserverLoop) { self.loop = loop }

  /// Watches `namespace` as `host`, beginning with the addresses it has already.
  func add(host: Int, in namespace: Namespace) throws {
    let socket = try RouteSocket(in: namespace, groups: RTMGRP_IPV4_IFADDR)
    loop.held {
      sockets.append(socket)
      dumpsPending += 1
    }
    socket.requestDump(RTM_GETADDR)
    loop.add(socket.descriptor) { [unowned self] _ in
      while let messages = try? socket.receive() {
        let now = MonotonicClock.now
        for message in messages { handle(message, of: host, at: now) }
      }
    }
    try loop.wait(for: "the addresses of host \(host)", within: .seconds(5)) { dumpsPending == 0 }
  }

  private func handle(_ message: RouteSocket.Message, of host: Int, at now: Duration) {
    switch message {
    case .address(let change):
      changes.append((now, host, change))
      let known = present[host, default: []].contains(change.address)
      if change.isPresent, !known {
        present[host, default: []].insert(change.address)
        recorded.record(host, .has(change.address), at: now)
      } else if !change.isPresent, known {
        present[host, default: []].remove(change.address)
        recorded.record(host, .lost(change.address), at: now)
      }
    case .endOfDump: dumpsPending -= 1
    case .neighbour: break
    }
  }

  /// Notes that `host` was cut off from, or rejoined, the segment.
  func noteReachable(_ host: Int, _ isReachable: Bool) {
    let now = MonotonicClock.now
    loop.held { recorded.record(host, .reachable(isReachable), at: now) }
  }

  /// All that was seen so far.
  package var history: OwnershipHistory { loop.held { recorded } }

  /// Every address message of `host`'s kernel at or after `start`, renewals of a lifetime included.
  package func addressMessages(
    of host: Int, from start: Duration
  ) -> [(time: Duration, change: AddressChange)] {
    loop.held { changes.filter { $0.host == host && $0.time >= start }.map { ($0.time, $0.change) } }
  }

  /// The addresses `host` has now.
  package func addresses(of host: Int) -> Set<IPv4Address> { loop.held { present[host] ?? [] } }

  /// Waits until exactly `hosts` have `address`.
  package func waitForOwners(
    _ hosts: [Int], of address: IPv4Address, within limit: Duration
  ) throws(LabError) {
    do {
      try loop.wait(for: "\(hosts) to own \(address)", within: limit) {
        recorded.owners(of: address) == hosts.sorted()
      }
    } catch {
      throw LabError("\(error.description); its owners are \(history.owners(of: address))")
    }
  }
}
