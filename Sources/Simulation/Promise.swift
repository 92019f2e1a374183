import VRRP

/// What must hold in a case: which of the design's promises its faults leave standing, and within what times.
///
/// **Safety** (two hosts on one segment never both answer for the VIP). A host answers if its kernel has the
/// address and runs; two hosts are on one segment if the switch forwards frames between them both ways, so a
/// firewall that drops VRRP or ARP does not part them. An overlap may last for
/// - `overlapLimit`, 5 ms: the design's limit for a handover. It also covers routers that become Active at the
///   same moment (cold start, equal priorities): the better one's Advertisement takes one frame's way and one
///   turn of the other's loop, well below 1 ms each, to end the overlap. What delays frames, loops or netlink
///   in a case is added, there and back. If single frames are lost, the next Advertisement must do;
/// - `healingLimit` if both already had the VIP while they were parted: nothing but the next Advertisement
///   tells them.
///
/// **Liveness**: at `settled` exactly one host, that nobody should preempt, has the VIP, and nothing changes
/// until `end`.
struct Promise: Hashable, Sendable {
  let demandsSafety: Bool
  let demandsLiveness: Bool
  let overlapLimit: Time
  let healingLimit: Time
  /// How long a daemon may take to get an address removed.
  let removalLimit: Time
  let settled: Time
  let end: Time

  init(_ plan: Case, rules: Rules) {
    let slack = 2 * plan.sum(.delay, .jitter) + 4 * plan.sum(.slowNetlink)
    let interval = plan.longestInterval
    overlapLimit = 5 * .millisecond + slack + (plan.has(.loss) ? 2 * interval : 0)
    healingLimit = overlapLimit + interval + plan.sum(.lateTimers)
    removalLimit = plan.has(.failingNetlink) ? .never : 5 * .millisecond + slack
    demandsSafety = plan.leavesOneOwner(under: rules)
    demandsLiveness = !plan.leavesForeignOwner
    settled = plan.lastEffect + plan.convergence
    end = settled + 3 * interval + 300 * .millisecond
  }
}

extension Case {
  // MARK: Safety

  /// Faults under which elections alone leave one owner, whatever their combination.
  ///
  /// Parted networks (mute, deaf, unplug, partition, carrier) are among them because only hosts on one segment
  /// are compared.
  private static let harmless: [Fault.Kind] = [
    .loss, .duplication, .delay, .jitter, .mute, .deaf, .unplug, .partition, .carrier, .linkDown,
    .interfaceGone, .pause, .lateTimers, .slowNetlink, .deletedAddress, .stop, .reload, .gatewayDown,
    .gatewaySlow, .hostile, .stranger,
  ]

  func leavesOneOwner(under rules: Rules) -> Bool {
    faults.allSatisfy { Self.harmless.contains($0.kind) || isQuickRestart($0) }
  }

  /// A daemon that is back, and has removed its address, before its peers' Active_Down_Interval can end. Its
  /// last Advertisement may be one interval old.
  private func isQuickRestart(_ fault: Fault) -> Bool {
    let shortest = hosts.map { $0.interval.duration.time }.min() ?? 0
    let slowers: [Fault.Kind] = [.loss, .delay, .jitter, .lateTimers, .slowNetlink, .pause]
    // A better router may be about to preempt at any time.
    let mayPreempt = hosts.contains { $0.priority != hosts[0].priority || $0.priority == 255 }
    return fault.kind == .crash && fault.amount < shortest * 3 / 2 && !mayPreempt
      && !faults.contains { slowers.contains($0.kind) }
  }

  // MARK: Liveness

  /// A dead daemon without a lease leaves its address to nobody.
  fileprivate var leavesForeignOwner: Bool {
    hosts.contains { $0.isPlain } && has(.kill, .crash, .freeze, .failingNetlink)
  }

  /// When the last consequence of a fault, as far as it does not depend on the election, is over.
  fileprivate var lastEffect: Time {
    let starts = hosts.map(\.start).max() ?? 0
    return faults.reduce(starts) { max($0, $1.end + afterEffect(of: $1)) }
  }

  private func afterEffect(of fault: Fault) -> Time {
    // The lifetime of what is left in the kernel, and how late it ends at most.
    let lease = (hosts.compactMap(\.lease).max() ?? 0) + 400 * .millisecond + sum(.pause)
    return switch fault.kind {
    case .crash: max(fault.amount, lease)
    case .carrier, .stop: fault.amount
    case .lateTimers: fault.amount
    case .kill, .freeze: lease
    // The core leaves a kernel that refused alone for one second.
    case .failingNetlink: lease + .second
    default: 0
    }
  }

  /// The longest Active_Down_Interval and a probe. A preemption delay begins when a worse Active router is
  /// first heard, which may be an Active_Down_Interval from now, and is followed by another one.
  fileprivate var convergence: Time {
    let activeDown = 4 * longestInterval
    let delay = hosts.map(\.preemptDelay).max() ?? 0
    return activeDown + longestInterval + 20 * .millisecond + (delay > 0 ? delay + activeDown : 0)
  }

  /// The sum of the amounts of all faults of these kinds, or of their lengths where they have no amount.
  fileprivate func sum(_ kinds: Fault.Kind...) -> Time {
    faults.reduce(0) { $0 + (kinds.contains($1.kind) ? ($1.kind.amountIsTime ? $1.amount : $1.length) : 0) }
  }
}
