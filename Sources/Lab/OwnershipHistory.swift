package import Internet

/// Who had which address when, and who could be reached when: plain data, so that the arithmetic is testable.
package struct OwnershipHistory: Sendable {
  /// Something that changed for one host.
  package enum Change: Equatable, Sendable {
    case has(IPAddress)
    case lost(IPAddress)
    case reachable(Bool)
  }
  /// A change with its time.
  package struct Entry: Equatable, Sendable {
    package let time: Duration
    package let host: Int
    package let change: Change
  }
  /// A stretch of time during which the same hosts had the address.
  package struct Span: Equatable, Sendable {
    package let start: Duration
    package let end: Duration
    package let owners: [Int]
    /// Those of `owners` that were not cut off from the segment.
    package let reachableOwners: [Int]
    package var length: Duration { end - start }

    /// The same, with `origin` at zero.
    func since(_ origin: Duration) -> Span {
      Span(start: start - origin, end: end - origin, owners: owners, reachableOwners: reachableOwners)
    }
  }

  package private(set) var entries: [Entry] = []

  package init() {}

  /// Adds an entry; times may come slightly out of order.
  package mutating func record(_ host: Int, _ change: Change, at time: Duration) {
    let place = entries.lastIndex { $0.time <= time }.map { $0 + 1 } ?? 0
    entries.insert(Entry(time: time, host: host, change: change), at: place)
  }

  /// The stretches between `start` and `end`, each with its owners of `address`.
  package func spans(of address: some InternetAddress, from start: Duration, to end: Duration) -> [Span] {
    var owners: Set<Int> = []
    var cutOff: Set<Int> = []
    var result: [Span] = []
    var since = start
    func close(at time: Duration) {
      let from = max(since, start)
      let to = min(time, end)
      if from < to {
        result.append(
          Span(
            start: from, end: to, owners: owners.sorted(),
            reachableOwners: owners.subtracting(cutOff).sorted()))
      }
      since = time
    }
    let address = address.ip
    for entry in entries {
      let before = (owners, cutOff)
      var after = before
      switch entry.change {
      case .has(address): after.0.insert(entry.host)
      case .lost(address): after.0.remove(entry.host)
      case .reachable(true): after.1.remove(entry.host)
      case .reachable(false): after.1.insert(entry.host)
      case .has, .lost: break
      }
      if after == before { continue }
      close(at: entry.time)
      (owners, cutOff) = after
    }
    close(at: end)
    return result
  }

  /// Hosts that have `address` now.
  package func owners(of address: some InternetAddress) -> [Int] {
    entries.reduce(into: Set<Int>()) { owners, entry in
      if entry.change == .has(address.ip) { owners.insert(entry.host) }
      if entry.change == .lost(address.ip) { owners.remove(entry.host) }
    }.sorted()
  }

  /// How long two or more hosts had `address` between `start` and `end`.
  package func overlap(of address: some InternetAddress, from start: Duration, to end: Duration) -> Overlap {
    let spans = spans(of: address, from: start, to: end)
    let both = spans.filter { $0.owners.count > 1 }.map(\.length)
    let reachable = spans.filter { $0.reachableOwners.count > 1 }.map(\.length)
    return Overlap(
      all: both.reduce(.zero, +), reachable: reachable.reduce(.zero, +), longest: both.max() ?? .zero)
  }

  /// Time during which an address had more than one owner.
  package struct Overlap: Equatable, Sendable {
    /// In total, wherever the owners were.
    package let all: Duration
    /// In total, while at least two of them could be reached by the client.
    package let reachable: Duration
    /// The longest stretch of `all`.
    package let longest: Duration
  }

  /// When `host` first got `address` at or after `start`; nil if it did not.
  package func acquisition(of address: some InternetAddress, by host: Int, from start: Duration) -> Duration?
  {
    entries.first { $0.time >= start && $0.host == host && $0.change == .has(address.ip) }?.time
  }

  /// When `host` first lost `address` at or after `start`; nil if it did not.
  package func loss(of address: some InternetAddress, by host: Int, from start: Duration) -> Duration? {
    entries.first { $0.time >= start && $0.host == host && $0.change == .lost(address.ip) }?.time
  }

  /// How often, between `start` and `end`, a host got `address` that was not the last one to get it.
  package func takeovers(of address: some InternetAddress, from start: Duration, to end: Duration) -> Int {
    var last: Int?
    var count = 0
    for entry in entries where entry.time <= end && entry.change == .has(address.ip) {
      if entry.time >= start, let last, last != entry.host { count += 1 }
      last = entry.host
    }
    return count
  }
}
