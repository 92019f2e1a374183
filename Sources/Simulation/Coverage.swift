import Host
import Ownership
import VRRP

/// How often the interesting things happened in the runs so far: what the simulator never reaches it cannot
/// check.
public struct Coverage: Sendable {
  /// What is counted.
  public enum Item: Int, Hashable, Sendable, CaseIterable {
    case runs, occurrences, milliseconds, safetyDemanded, livenessDemanded
    case startup, shutdown, nobodyHeard, silence, resignation, preemption, addressOwner, better, late,
      resumption
    case isolation, ignored, handover, contest, heldAnswered, heldForeign, heldIsolated, heldBarred, conflict
    case handedOver, stoodBack
    case handoverRefused, asked, listened
    case advertised, resigned, announced, added, renewed, replaced, removed
    case addressRefused, reinstated, beat, expired, leftoverFound, exited
    case looked, opened, routeAdded, macvlanMade, replied, failed
    case routeRestored, routeRefused, kernelRefused, socketsRefused, reloaded, groupChanged, writeFailed
    case newsLost, forgedARP, forgedVRRP, thawed, hungMember, overlap, healedOverlap, framesLost
  }

  private var counts = [Int](repeating: 0, count: Item.allCases.count)

  /// Nothing yet.
  public init() {}

  /// How often `item` was met.
  public subscript(item: Item) -> Int { counts[item.rawValue] }

  /// Adds what another simulator met.
  public mutating func add(_ other: Coverage) {
    for index in counts.indices { counts[index] += other.counts[index] }
  }

  mutating func count(_ item: Item, _ number: Int = 1) { counts[item.rawValue] += number }

  mutating func count(_ cause: Election.Cause) {
    switch cause {
    case .startup: count(Item.startup)
    case .shutdown: count(Item.shutdown)
    case .nobodyHeard: count(Item.nobodyHeard)
    case .silence: count(Item.silence)
    case .resignation: count(Item.resignation)
    case .preemption: count(Item.preemption)
    case .addressOwner: count(Item.addressOwner)
    case .better: count(Item.better)
    case .late: count(Item.late)
    case .resumption: count(Item.resumption)
    case .isolation: count(Item.isolation)
    case .ignored: count(Item.ignored)
    case .handover: count(Item.handover)
    case .conflict: count(Item.contest)
    case .barred: count(Item.stoodBack)
    }
  }

  mutating func count(_ notice: Notice) {
    switch notice {
    case .addressRefused: count(Item.addressRefused)
    case .routeRestored: count(Item.routeRestored)
    case .routeRefused: count(Item.routeRefused)
    case .kernelRefused: count(Item.kernelRefused)
    case .socketsRefused: count(Item.socketsRefused)
    case .reloaded: count(Item.reloaded)
    case .groupChanged: count(Item.groupChanged)
    case .writeFailed: count(Item.writeFailed)
    default: break
    }
  }

  mutating func count(_ report: Report) {
    switch report {
    case .transition(_, let cause): count(cause)
    case .reinstated: count(.reinstated)
    case .beat: count(.beat)
    case .holding(.answered): count(.heldAnswered)
    case .holding(.foreign): count(.heldForeign)
    case .holding(.isolated): count(.heldIsolated)
    case .holding(.barred): count(.heldBarred)
    case .conflict: count(Item.conflict)
    case .handedOver: count(.handedOver)
    case .handoverRefused: count(Item.handoverRefused)
    default: break
    }
  }
}
