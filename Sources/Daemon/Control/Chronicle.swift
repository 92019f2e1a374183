import Control
import Internet
import Linux
import Netlink
import Ownership
import VRRP

/// What happened to an instance since the daemon started: how often, and the latest changes of state.
struct Chronicle {
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
  }

  /// Changes of state that are kept.
  static let capacity = 50

  /// The latest first, at most `capacity`.
  private(set) var transitions: [InstanceStatus.Transition] = []
  private var counts = [Kind: UInt64]()

  mutating func count(_ kind: Kind) { counts[kind, default: 0] += 1 }

  /// Counts what the core wants done.
  mutating func count(_ action: Action) {
    switch action {
    case .advertise: count(.advertisementsSent)
    case .announce: count(.announcements)
    default: break
    }
  }

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
    let transition = InstanceStatus.Transition(
      time: Clock.microsecondsSinceEpoch(now), state: state.field, cause: cause.inWords(at: now))
    transitions.insert(transition, at: 0)
    if transitions.count > Self.capacity { transitions.removeLast() }
  }

  /// Every counter, those that are zero too.
  func counters(discards: DiscardCounters) -> [InstanceStatus.Counter] {
    Kind.allCases.map { InstanceStatus.Counter($0.rawValue, counts[$0] ?? 0) }
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
