import Internet
import VRRP

/// How many packets were discarded for which reason (RFC 9568 §7.1 asks that they be counted).
struct DiscardCounters: Hashable, Sendable {
  private var counts = [Int](repeating: 0, count: Discard.allCases.count)

  /// Every reason and its count.
  var all: [(Discard, Int)] { Discard.allCases.map { ($0, counts[$0.rawValue]) } }

  /// Counts one; whether it is the first of its kind and so worth a line.
  mutating func count(_ discard: Discard) -> Bool {
    counts[discard.rawValue] += 1
    return counts[discard.rawValue] == 1
  }
}

extension Discard {
  /// What was wrong, for the operator; nil for what is normal on a shared segment.
  func inWords(timeToLive: UInt8) -> String? {
    switch self {
    case .timeToLive: "its TTL is \(timeToLive), not 255, so it came through a router"
    case .truncated: "it is cut short"
    case .version: "it is of another version of VRRP"
    case .type: "it is no Advertisement"
    case .checksum: "its checksum is wrong"
    case .addressCount: "it lists no address"
    case .interval: "its interval is zero, or not the one that version 2 demands"
    case .authentication: "its authentication type or password is another one"
    case .source: "its sender is no Peer="
    case .carp:
      "it is CARP (OpenBSD, FreeBSD, pfSense), not VRRP, and its vhid is this VirtualRouterID=: give one of them another "
        + "number, lest both have one virtual hardware address"
    case .virtualRouterID: nil
    }
  }
}
