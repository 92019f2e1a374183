import Internet
import Netlink
import Ownership
import VRRP

/// What happened to an instance since the daemon started: how often, and the latest changes of state.
struct Chronicle: Hashable, Sendable {
  /// What is counted, in the order in which it is told; the raw value is the counter's name.
  enum Kind: String, CaseIterable {
    case advertisementsSent = "advertisements_sent"
    case advertisementsReceived = "advertisements_received"
    case becameActive = "became_active"
    case becameBackup = "became_backup"
    case announcements
    case handovers
    case handoversRefused = "handovers_refused"
    case takeoversHeld = "takeovers_held"
    case reinstatements
    case conflicts
    case rivalsBeaten = "rivals_beaten"
    case isolations
    case lateLoops = "late_loops"
    case kernelRefusals = "kernel_refusals"

    /// Its place in the order.
    fileprivate var index: Int {
      switch self {
      case .advertisementsSent: 0
      case .advertisementsReceived: 1
      case .becameActive: 2
      case .becameBackup: 3
      case .announcements: 4
      case .handovers: 5
      case .handoversRefused: 6
      case .takeoversHeld: 7
      case .reinstatements: 8
      case .conflicts: 9
      case .rivalsBeaten: 10
      case .isolations: 11
      case .lateLoops: 12
      case .kernelRefusals: 13
      }
    }
  }

  /// Changes of state that are kept.
  static let capacity = 50

  struct Transition: Hashable, Sendable {
    let time: Instant
    let state: Election.State
    let cause: Election.Cause
  }

  /// The latest last, at most `capacity`.
  private(set) var transitions: [Transition] = []
  private var counts = [UInt64](repeating: 0, count: Kind.allCases.count)

  mutating func count(_ kind: Kind) { counts[kind.index] += 1 }

  mutating func note(_ report: Report, at now: Instant) {
    switch report {
    case .transition(let state, let cause):
      note(state, cause, at: now)
    case .reinstated: count(.reinstatements)
    case .addFailed, .removeFailed: count(.kernelRefusals)
    case .late: count(.lateLoops)
    case .beat: count(.rivalsBeaten)
    case .holding: count(.takeoversHeld)
    case .conflict: count(.conflicts)
    case .isolated: count(.isolations)
    case .handoverRefused: count(.handoversRefused)
    case .handedOver: count(.handovers)
    default: break
    }
  }

  private mutating func note(_ state: Election.State, _ cause: Election.Cause, at now: Instant) {
    switch state {
    case .active: count(.becameActive)
    case .backup: count(.becameBackup)
    case .initialize: break
    }
    if transitions.count == Self.capacity { transitions.removeFirst() }
    transitions.append(Transition(time: now, state: state, cause: cause))
  }

  /// Every counter, those that are zero too.
  func counters(discards: DiscardCounters) -> [InstanceStatus.Counter] {
    Kind.allCases.map { InstanceStatus.Counter($0.rawValue, counts[$0.index]) }
      + discards.all.map { InstanceStatus.Counter("discarded_\(snakeCase("\($0)"))", UInt64($1)) }
  }
}

/// `timeToLive` as `time_to_live`, and `virtualRouterID` as `virtual_router_id`.
private func snakeCase(_ name: String) -> String {
  var text = ""
  var isInCapitals = false
  for character in name {
    if character.isUppercase && !isInCapitals { text += "_" }
    isInCapitals = character.isUppercase
    text += character.lowercased()
  }
  return text
}
