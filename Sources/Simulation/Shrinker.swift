import Internet
import Ownership
import VRRP

/// Finds a small case that still breaks a promise.
public struct Shrinker {
  private var simulator: Simulator
  private let rule: Violation.Rule
  private var smallest: Case

  /// The smallest case that it finds on the way down from `plan`, which must break `rule` in `simulator`.
  public static func shrink(_ plan: Case, breaking rule: Violation.Rule, in simulator: Simulator) -> Case {
    var shrinker = Shrinker(simulator: simulator, rule: rule, smallest: plan)
    var before: Case
    repeat {
      before = shrinker.smallest
      shrinker.dropFaults()
      shrinker.dropHosts()
      shrinker.simplifyNetwork()
      shrinker.simplifyForgeries()
      shrinker.simplifyTimes()
    } while shrinker.smallest != before
    return shrinker.smallest
  }

  /// Takes over `plan` if it still fails in the same way.
  private mutating func attempt(_ plan: Case) -> Bool {
    guard plan != smallest, simulator.run(plan).violation?.rule == rule else { return false }
    smallest = plan
    return true
  }

  /// Delta debugging: halves, quarters, and so on down to single faults.
  private mutating func dropFaults() {
    var size = max(smallest.faults.count / 2, 1)
    while size >= 1 {
      var index = 0
      while index < smallest.faults.count {
        var plan = smallest
        plan.faults.removeSubrange(index..<min(index + size, plan.faults.count))
        if !attempt(plan) { index += size }
      }
      size /= 2
    }
  }

  private mutating func dropHosts() {
    var host = smallest.hosts.count - 1
    while host >= 0 && smallest.hosts.count > 2 {
      var plan = smallest
      plan.remove(host: host)
      _ = attempt(plan)
      host -= 1
    }
  }

  private mutating func simplifyNetwork() {
    change { $0.network.clients = [] }
    change { $0.network.chatter = 0 }
    change { $0.network.onTheWire = false }
    change { $0.network.addressCount = 1 }
    change { $0.network.families = [.ipv4] }
    change {
      $0.network.isGrouped = false
      $0.network.instances = 1
    }
    change { $0.network.instances = max($0.network.instances - 1, 1) }
    change { $0.network.reference = .auto }
    change { $0.network.gatewayIsProxy = false }
    change { $0.network.isPartial = false }
    change { $0.network.isNarrow = false }
    change { $0.network.routes = 0 }
    change { $0.network.virtualMAC = false }
    change { $0.network.unicast = false }
    change { $0.network.penalty = nil }
    change { $0.network.gateway = .router }
    change { $0.network.gatewayDelay = NetworkSetup().gatewayDelay }
    change { $0.network.jitter = 0 }
    change { $0.network.delay = NetworkSetup().delay }
    for index in smallest.hosts.indices {
      change { $0.hosts[index].isPlain = false }
      change { $0.hosts[index].preemptDelay = 0 }
      change { $0.hosts[index].preempts = true }
      change { $0.hosts[index].interval = .standard }
      change { $0.hosts[index].lease = HostSetup().lease }
      change { $0.hosts[index].witness = .strict }
      change { $0.hosts[index].promotes = true }
      change { $0.hosts[index].priority = 100 }
      change { $0.hosts[index].start = 0 }
    }
  }

  private mutating func simplifyForgeries() {
    for index in smallest.faults.indices where smallest.faults[index].kind == .forgedARP {
      for form in Forgery.allCases where smallest.faults[index].amount == 0 {
        change { $0.faults[index].amount = form.rawValue }
      }
    }
  }

  private mutating func simplifyTimes() {
    for index in smallest.faults.indices {
      change { $0.faults[index].start.round(to: 10 * .millisecond) }
      change { $0.faults[index].start.round(to: .millisecond) }
      change { if $0.faults[index].kind.amountIsTime { $0.faults[index].amount.round(to: .millisecond) } }
      guard smallest.faults[index].kind.lasts else { continue }
      change { $0.faults[index].length = max($0.faults[index].length / 2, .millisecond) }
      change { $0.faults[index].length.round(to: 10 * .millisecond) }
      change { $0.faults[index].length.round(to: .millisecond) }
    }
  }

  private mutating func change(_ body: (inout Case) -> Void) {
    var plan = smallest
    body(&plan)
    plan.faults.sort { $0.start < $1.start }
    _ = attempt(plan)
  }
}

extension Case {
  /// Leaves out a host; those after it take its place.
  fileprivate mutating func remove(host: Int) {
    hosts.remove(at: host)
    for index in faults.indices {
      var kept: Stations = []
      faults[index].stations.forEach { station in
        let isLaterHost = station > host && station < Station.maxHosts
        if station != host { kept.insert(Stations(isLaterHost ? station - 1 : station)) }
      }
      faults[index].stations = kept
    }
    faults.removeAll { $0.stations.isEmpty }
  }
}

extension Int64 {
  /// Down to a multiple, but not to nothing.
  fileprivate mutating func round(to unit: Int64) { if self > unit { self -= self % unit } }
}
