import CLab
package import Internet

/// Hears from every host's kernel which addresses it has.
///
/// An address on an interface that its daemon holds down (IFLA_PROTO_DOWN) is there for nobody: that is how
/// FRR's Backup router keeps the VIP.
package final class OwnershipWatch: @unchecked Sendable {
  /// One address may be on several interfaces, and with several prefix lengths on one.
  private struct Place: Hashable {
    let address: IPAddress
    let prefixLength: Int
    let interface: UInt32

    init(_ change: AddressChange) {
      address = change.address
      prefixLength = change.prefixLength
      interface = change.interfaceIndex
    }
  }
  private struct Host {
    var places: Set<Place> = []
    var heldDown: Set<UInt32> = []

    var addresses: Set<IPAddress> {
      Set(places.filter { !heldDown.contains($0.interface) }.map(\.address))
    }
  }

  private let loop: ObserverLoop
  private var sockets: [RouteSocket] = []
  private var recorded = OwnershipHistory()
  private var changes: [(time: Duration, host: Int, change: AddressChange)] = []
  private var hosts: [Int: Host] = [:]
  private var dumpsPending = 0

  init(_ loop: ObserverLoop) { self.loop = loop }

  /// Watches `namespace` as `host`, beginning with the addresses it has already.
  func add(host: Int, in namespace: Namespace) throws {
    let socket = try RouteSocket(
      in: namespace, groups: RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_LINK)
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
    if case .address(let change) = message {
      changes.append((now, host, change))
      // A renewal is nothing new; of hundreds of addresses there are hundreds a second.
      if hosts[host]?.places.contains(Place(change)) == change.isPresent { return }
    }
    let before = hosts[host, default: Host()].addresses
    switch message {
    case .address(let change):
      let place = Place(change)
      if change.isPresent {
        hosts[host, default: Host()].places.insert(place)
      } else {
        hosts[host]?.places.remove(place)
      }
    case .link(let index, isHeldDown: true): hosts[host, default: Host()].heldDown.insert(index)
    case .link(let index, isHeldDown: false): hosts[host]?.heldDown.remove(index)
    case .endOfDump: dumpsPending -= 1
    case .neighbour: break
    }
    let after = hosts[host, default: Host()].addresses
    for address in before.subtracting(after).sorted() { recorded.record(host, .lost(address), at: now) }
    for address in after.subtracting(before).sorted() { recorded.record(host, .has(address), at: now) }
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
  package func addresses(of host: Int) -> Set<IPAddress> { loop.held { hosts[host]?.addresses ?? [] } }

  /// Waits until `condition` is true of what has been seen.
  func wait(
    for what: String, within limit: Duration, until condition: () -> Bool
  ) throws(LabError) { try loop.wait(for: what, within: limit, until: condition) }

  /// Waits until exactly `hosts` have `address`.
  package func waitForOwners(
    _ hosts: [Int], of address: some InternetAddress, within limit: Duration
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
