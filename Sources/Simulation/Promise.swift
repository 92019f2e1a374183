import Ownership
import VRRP

/// What must hold in a case: which of the design's promises its faults leave standing, and within what times.
///
/// **Safety** (two hosts on one segment never both answer for the VIP). A host answers if its kernel has the
/// address and runs; two hosts are on one segment if the switch forwards frames between them both ways, so a
/// firewall that drops VRRP or ARP does not part them. An overlap may last for
/// - `overlapLimit`, 5 ms: the design's limit for a handover, and 20 ms more where ARP is blocked. It also
///   covers routers that become Active at the same moment (cold start, equal priorities): the better one's
///   Advertisement takes one frame's way and one turn of the other's loop, well below 1 ms each, to end the overlap.
///   What delays frames, loops or netlink in a case is added, there and back. If single frames are lost, the next
///   Advertisement must do.
///   Routers that cannot hear each other's Advertisements and become Active at the same moment settle it by
///   ARP, one after the other, each within two intervals. So do those whose witness is `lease`, when VRRP is
///   blocked for longer than the lease;
/// - `healingLimit` from when the switch joined them again: nothing but the next Advertisement tells them that
///   both took the VIP while they were parted.
///
/// Where the witness is `off`, whoever hears no Active router takes over: the kernel of a router that died, or
/// whose loop is late, answers beside the new owner until the lease ends, or the loop goes on. Blocked VRRP is
/// then beyond any promise, in one of two families it is not.
///
/// **Forgeries** are beyond proof: whoever is on the link can have the VIP's clients send to him, and the routers
/// wait. But what he says by ARP brings about no second owner, whatever fault he uses; nor does what he says by
/// VRRP, where no owner is silent: a dead one's resignation cannot be told from a forged one.
///
/// **Fencing**: where hosts are parted that used to hear their references, whoever else is on either side, an owner
/// that lost them has let go before another one takes over.
///
/// **No false alarm**: nobody lets go for being cut off who is not, whether a reference reboots, or one of five ARP
/// packets is lost.
///
/// **Takeover**: where nothing but the network, its links or the hosts' addresses were disturbed, somebody has the VIP an
/// Active_Down_Interval and a second after all is well again, whatever happened before.
///
/// **Liveness**: at `settled` exactly one host, that nobody should preempt, has the VIP, and nothing changes
/// until `end`.
///
/// The promises are those of the whole core: a run with a rule switched off is measured by the same.
struct Promise: Hashable, Sendable {
  let demandsSafety: Bool
  let demandsFencing: Bool
  let demandsTrust: Bool
  let demandsLiveness: Bool
  /// Whether a restarted daemon can find out that another host has the VIP.
  let demandsResumption: Bool
  let overlapLimit: Time
  let healingLimit: Time
  /// How long hosts that are parted may both have the VIP.
  let fencingLimit: Time
  /// How long a daemon may take to get an address removed.
  let removalLimit: Time
  /// How long a departing router waits for its successor without a word.
  let patience: Time
  /// How long a member of a group that has the VIP may hang before all others on its host have let go: its lease ends, it
  /// has half a second to answer, and the leader, and then the others, look for a successor.
  let hangLimit: Time
  /// How long after a refusal the next attempt may be.
  let retryLimit: Time
  /// When nothing more goes wrong, and nothing more is begun.
  let lastFault: Time
  /// When somebody must have the VIP; nil where a dead owner may keep it from them.
  let owned: Time?
  let settled: Time
  let end: Time
  /// How long all must be as it should before `settled` to be believed.
  let rest: Time
  /// Some runs last until `end` all the same.
  let lastsLong: Bool

  init(_ plan: Case) {
    let slack = 2 * plan.sum(.delay, .jitter) + 4 * plan.sum(.slowNetlink) + plan.sum(.heldLock)
    let interval = plan.longestInterval
    let contest =
      plan.leavesContests ? Int64(plan.hosts.count + 1) * 2 * interval + plan.announcementPause : 0
    overlapLimit =
      5 * .millisecond + slack
      + max(
        plan.has(.loss) ? 2 * interval : 0, contest, plan.unwitnessedOverlap, plan.unannouncedOverlap,
        plan.uncontradictedOverlap)
    // Who has no address to send from for a moment must have one first.
    healingLimit = overlapLimit + (plan.has(.readdressed) ? 3 : 1) * interval + plan.sum(.lateTimers)
    removalLimit =
      plan.has(.failingNetlink)
      ? .never : 5 * .millisecond + slack + (plan.forgetsAddresses ? plan.lifetime : 0)
    demandsSafety = plan.leavesOneOwner
    demandsFencing = plan.fences
    demandsTrust = plan.leavesNetworkWhole
    demandsLiveness = !plan.leavesForeignOwner
    demandsResumption = plan.letsProbe
    patience = plan.departs ? interval + 150 * .millisecond : 0
    fencingLimit = overlapLimit + max(patience, plan.unfinishedHandover)
    hangLimit = plan.lifetime + 500 * .millisecond + 2 * (patience + 1600 * .millisecond)
    retryLimit = plan.retryLimit
    lastFault = plan.lastFault
    // A proxy that limits its answers is tried ever more rarely.
    let trial = plan.network.gatewayIsProxy ? 2 * Time.second : 0
    owned =
      plan.disturbsNetworkOnly ? lastFault + 4 * interval + .second + 20 * .millisecond + slack + trial : nil
    settled = plan.lastEffect + plan.convergence
    rest = interval + 100 * .millisecond
    // What is found to be wrong must be able to last for too long.
    end = max(settled + 3 * interval + 300 * .millisecond, lastFault + max(retryLimit, 3 * .second) + .second)
    lastsLong = plan.seed % 64 == 0
  }
}

extension Case {
  // MARK: Safety

  /// Faults under which elections alone leave one owner, whatever their combination.
  ///
  /// Parted networks (mute, deaf, unplug, partition, carrier) are among them because only hosts on one segment
  /// are compared.
  fileprivate static let harmless: [Fault.Kind] =
    calm + [
      .loss, .delay, .jitter, .mute, .deaf, .unplug, .partition, .carrier, .linkDown, .pause, .stranger,
      .forgedVRRP, .failingSockets, .readdressed, .lostFamily, .reloadPeers,
    ]

  /// Faults that take from nobody what he hears, neither VRRP nor ARP, nor the power to let go.
  private static let calm: [Fault.Kind] = [
    .duplication, .interfaceGone, .lateTimers, .slowNetlink, .deletedAddress, .stop, .reload, .handover,
    .gatewayDown, .gatewaySlow, .hostile, .standBack, .netlinkOverflow, .forgedARP, .renamed, .defaultRoute,
    .deletedRoutes, .failingRoutes, .heldLock, .fullDirectory, .failingCheck, .reloadNothing,
    .reloadAddresses, .reloadPrefix, .reloadLabel, .reloadRoutes, .reloadLease, .reloadGateway,
    .reloadInterval,
    .reloadPreempt, .reloadGroup,
  ]

  /// Faults that silence an owner whose kernel goes on answering: the witness sees it, and the lease ends it.
  /// Together with anything that keeps ARP from getting through they are more than one fault can be.
  private static let witnessed: [Fault.Kind] = [
    .crash, .kill, .freeze, .restart, .blockedVRRP, .blockedFamily,
  ]

  /// Where the design promises one owner: any single fault, and faults that leave each host's view of the
  /// gateway, and of the owner, true. Not: heavy loss, which may look like anything, and refused removals.
  fileprivate var leavesOneOwner: Bool {
    if hasUnevenLeases || losesPeers && partsUnheard { return false }
    let others = faults.filter { !Self.calm.contains($0.kind) }
    if others.allSatisfy({ Self.harmless.contains($0.kind) }) { return true }
    // A keepalived-like host promises nothing beyond that, and may mislead others.
    if hosts.contains(where: { $0.isPlain }) { return false }
    if others.allSatisfy({ Self.witnessed.contains($0.kind) }) {
      return !partsUnwitnessed
    }
    // Who neither hears nor is heard by ARP has lost his witness, but nobody is silent.
    return others.allSatisfy { $0.kind == .blockedARP }
  }

  /// Whether a dead owner's address may outlast what others believe, because they were told other leases.
  private var hasUnevenLeases: Bool {
    has(.reloadLease) && has(.crash, .kill, .freeze, .pause) && hosts.contains { $0.witness == .lease }
  }

  /// Whether a host advertises from an address that its peers do not know.
  private var losesPeers: Bool { has(.readdressed) && (network.unicast || has(.reloadPeers)) }

  /// Whether nothing but VRRP tells routers of each other.
  private var partsUnheard: Bool { isUnwitnessed || network.virtualMAC }

  /// Whether somebody may offer the VIP to others: members of a group do when another one cannot own its own.
  fileprivate var departs: Bool {
    network.isGrouped || has(.handover, .stop, .standBack, .failingCheck)
  }

  /// Whether routers may become Active that do not hear each other's Advertisements.
  fileprivate var leavesContests: Bool {
    has(.blockedVRRP, .reloadPeers) || has(.blockedFamily) && !leavesOtherFamily
      || losesPeers
  }

  /// A router whose patience ends may not know yet that its rival is none of the strangers; it is told, and must hear
  /// that one's next announcement.
  fileprivate var announcementPause: Time { hosts.contains { $0.witness == .lease } ? .second : 0 }

  /// Whether everybody had the time to hear the Active router before VRRP is blocked in one of two families: the
  /// other one keeps every Backup router waiting.
  private var leavesOtherFamily: Bool {
    guard faults.count == 1, network.advertised.count > 1 else { return false }
    let preemptDelay = hosts.map(\.preemptDelay).max() ?? 0
    return faults[0].start > (hosts.map(\.start).max() ?? 0) + 8 * longestInterval + preemptDelay
  }

  private var isUnwitnessed: Bool { hosts.contains { !$0.isPlain && $0.witness == .off } }

  /// Whether routers without a witness hear nothing of each other.
  ///
  /// Where all have the virtual router's hardware address, nothing but VRRP tells them apart.
  private var partsUnwitnessed: Bool {
    partsUnheard && (has(.blockedVRRP) || has(.blockedFamily) && network.advertised.count == 1)
  }

  /// How long who departs waits for an announcement that does not get through.
  fileprivate var unannouncedOverlap: Time { has(.blockedARP) && departs ? 20 * .millisecond : 0 }

  /// An address owner is not asked for the VIP, nor is who resigned in somebody's name; and who has no address for a moment
  /// cannot contradict.
  fileprivate var uncontradictedOverlap: Time {
    has(.readdressed) && (isUnwitnessed || has(.forgedVRRP)) ? 2 * longestInterval : 0
  }

  /// How long a silent owner without a witness may answer beside its successor.
  fileprivate var unwitnessedOverlap: Time {
    guard isUnwitnessed else { return 0 }
    let restart = has(.restart) ? 80 * Time.millisecond : 0
    // A daemon that finds no interface of the name does not know where the run before had the VIP.
    let isLost = has(.restart) && has(.renamed, .interfaceGone)
    return max(has(.crash, .kill, .freeze) || isLost ? lifetime : restart, sum(.lateTimers))
  }

  /// How long what a dead daemon left stays in its kernel at most: a lifetime, and how late it ends.
  fileprivate var lifetime: Time {
    let leases = hosts.compactMap(\.lease) + faults.filter { $0.kind == .reloadLease }.map(\.amount)
    return (leases.max() ?? 0) + 400 * .millisecond + sum(.pause, .heldLock)
  }

  /// Whether nothing keeps a daemon from hearing its peers and asking who has the VIP. Without a witness it does
  /// not ask, nor does a better router before it preempts one that is gone.
  fileprivate var letsProbe: Bool {
    // What a daemon asked for while the lock was held may be done after its end.
    guard !isUnwitnessed, !hidesDeadOwner, !has(.heldLock) else { return false }
    let silent: [Fault.Kind] = Self.calm + [.crash, .kill, .freeze, .restart, .pause]
    return faults.allSatisfy { silent.contains($0.kind) }
  }

  /// Whether the kernel of a router that is gone sleeps while others ask it, and wakes up with the VIP.
  private var hidesDeadOwner: Bool {
    faults.contains { death in
      guard [.crash, .kill, .freeze].contains(death.kind) else { return false }
      let sleeps = faults.contains { $0.kind == .pause && $0.stations == death.stations }
      return sleeps && faults.contains { $0.kind == .crash && $0.stations != death.stations }
    }
  }

  /// Whether hosts are parted, while they hand over the VIP or not, after those that are not alone had the time to learn
  /// where their references are, and that somebody stands by: a newcomer that is cut off must take nothing, once its
  /// references answered.
  fileprivate var fences: Bool {
    let cuts = faults.filter { [.unplug, .partition].contains($0.kind) }
    let offers = faults.filter { [.handover, .standBack].contains($0.kind) }
    guard let cut = cuts.first, cuts.count == 1, offers.count <= 1, faults.count == 1 + offers.count,
      network.gateway == .router,
      network.reference != .none, !network.virtualMAC, !network.isGrouped,
      hosts.allSatisfy({ !$0.isPlain && $0.interval.duration.time >= 10 * .millisecond })
    else { return false }
    let isSteady = network.gatewayDelay < 5 * .millisecond
    let together = hosts.indices.filter { cut.kind == .partition || !cut.stations.has($0) }
    let first = faults.map(\.start).min() ?? 0
    // Who preempts, and hears nobody but a proxy that is faster than the rival, knows nothing.
    if network.gatewayIsProxy && startsContest { return false }
    return isSteady && cut.start > lastStart + 5 * .millisecond
      && together.allSatisfy { first > running($0) + 5 * longestInterval + 4500 * .millisecond }
  }

  /// How long both may have it of whom one is cut off in the moment in which it takes the VIP from the other, which serves
  /// it until it hears that, and no longer than `patience`: the one that is cut off must find that out first. The same is so
  /// of one that preempts and does not ask whether the other one has let go, or still hears it when it is cut off itself.
  fileprivate var unfinishedHandover: Time {
    has(.handover, .standBack) || startsContest ? 2 * longestInterval : 0
  }

  /// Whether somebody may be about to preempt when something goes wrong.
  private var startsContest: Bool {
    hosts.indices.contains { host in
      guard hosts[host].preempts else { return false }
      let end = running(host) + hosts[host].preemptDelay + 8 * longestInterval
      return faults.contains { hosts[host].start < $0.start && $0.start < end }
    }
  }

  /// When all daemons of all hosts run.
  private var lastStart: Time { hosts.indices.map(running).max() ?? 0 }

  /// When all daemons of a host run.
  private func running(_ host: Int) -> Time {
    hosts[host].start + Time(network.instances) * 3 * .millisecond
  }

  /// Whether no fault keeps a host from hearing its references and peers, but for single packets that are lost.
  fileprivate var leavesNetworkWhole: Bool {
    guard network.gateway == .router, network.reference != .none,
      hosts.allSatisfy({ $0.interval.duration.time >= 100 * .millisecond }),
      // What is late and lost is not there in time.
      network.gatewayDelay < 5 * .millisecond || !has(.loss, .heavyLoss)
    else { return false }
    let whole: [Fault.Kind] = [
      .loss, .heavyLoss, .duplication, .crash, .kill, .freeze, .restart, .stop, .handover, .standBack,
      .gatewayDown,
      .gatewaySlow, .deletedAddress, .deletedRoutes, .reload, .reloadNothing, .reloadPrefix, .reloadLabel,
      .reloadRoutes, .reloadLease, .reloadPreempt, .blockedVRRP, .failingCheck,
    ]
    return faults.allSatisfy { fault in
      // Twice one of five is lost on the way from one to the other who both have bad cables.
      whole.contains(fault.kind) && (fault.kind != .heavyLoss || fault.amount <= 20)
    } && faults.filter { $0.kind == .heavyLoss || $0.kind == .loss }.count <= 1
  }

  // MARK: Liveness

  /// Whether no fault befalls a daemon, or a machine.
  fileprivate var disturbsNetworkOnly: Bool {
    let kinds: [Fault.Kind] = [
      .loss, .delay, .jitter, .duplication, .mute, .deaf, .unplug, .partition, .carrier, .blockedARP,
      .linkDown,
      .interfaceGone, .renamed, .readdressed, .lostFamily, .defaultRoute, .deletedAddress, .gatewayDown,
      .gatewaySlow,
    ]
    return faults.allSatisfy { kinds.contains($0.kind) } && !network.isGrouped
      && hosts.allSatisfy { !$0.isPlain }
  }

  /// A dead daemon without a lease leaves its address to nobody.
  fileprivate var leavesForeignOwner: Bool {
    let isForEver =
      hosts.contains { $0.isPlain } || faults.contains { $0.kind == .reloadLease && $0.amount == 0 }
    return isForEver && has(.kill, .crash, .freeze, .failingNetlink, .interfaceGone, .renamed)
  }

  /// When the last fault is over, and the last daemon was started again.
  fileprivate var lastFault: Time {
    faults.reduce(lastStart) { last, fault in
      switch fault.kind {
      case .crash, .stop, .carrier: max(last, fault.end + fault.amount)
      case .restart: max(last, fault.end + 60 * .millisecond)
      default: max(last, fault.end)
      }
    }
  }

  fileprivate var lastEffect: Time {
    faults.reduce(lastStart) { max($0, $1.end + afterEffect(of: $1)) }
  }

  /// The pauses of those who are refused again and again double.
  fileprivate var retryLimit: Time {
    // A core without macvlans waits beside them.
    let waits: Int64 = network.virtualMAC ? 2 : 1
    return 2 * waits * sum(.failingNetlink, .failingSockets, .failingRoutes, .fullDirectory, .heldLock)
      + waits * .second
  }

  private func afterEffect(of fault: Fault) -> Time {
    switch fault.kind {
    case .crash: max(fault.amount, lifetime)
    // Who gave up asking asks again once a second; so does a core whose kernel had no macvlan.
    case .carrier: fault.amount + 1200 * .millisecond
    case .linkDown, .interfaceGone, .renamed, .lostFamily, .mute, .deaf, .unplug, .partition, .blockedARP:
      1200 * .millisecond
    // An offer is repeated, and then waits for a successor for an interval and 100 ms.
    case .stop, .handover, .standBack: fault.amount + longestInterval + 150 * .millisecond
    case .lateTimers: fault.amount
    case .gatewayDown, .gatewaySlow: 1200 * .millisecond
    case .kill, .freeze: lifetime
    // Who was refused again and again waits for longer and longer.
    case .failingNetlink: max(lifetime + .second, retryLimit)
    case .failingSockets, .failingRoutes, .fullDirectory: retryLimit
    case .restart: 60 * .millisecond
    case .failingCheck: longestInterval + 150 * .millisecond
    case .heldLock: .second
    default: 0
    }
  }

  /// The longest Active_Down_Interval and a probe. A preemption delay begins when a worse Active router is
  /// first heard, which may be an Active_Down_Interval from now, and is followed by another one.
  fileprivate var convergence: Time {
    let activeDown = 4 * longestInterval
    let delay = hosts.map(\.preemptDelay).max() ?? 0
    // Who never heard the owner asks but once a second whether it still answers, believes two misses of each address, and
    // sees the last one when the next question is due.
    let isUnheard = has(
      .crash, .kill, .freeze, .blockedVRRP, .blockedFamily, .stranger, .forgedARP, .reloadPeers, .readdressed)
    let questions = 2 + 2 * Int64(network.addressCount)
    let unheard = isUnheard ? questions * max(longestInterval, .second) : 0
    // Before that, an Active router may find out only two intervals after the end that it was cut off.
    // A group waits until a silent member's VIP has gone, lets its VIPs go one by one, and follows its leader.
    // A proxy holds off a takeover until it is found out.
    let proxy = network.gatewayIsProxy ? 2 * Time.second : 0
    // Who was cut off, or seemed so until an answer came, listens once more.
    let hesitant = network.gatewayDelay > 5 * .millisecond ? network.gatewayDelay + activeDown : 0
    let grouped = network.isGrouped ? lifetime + 3 * .second + 2 * activeDown : 0
    return activeDown + 3 * longestInterval + 50 * .millisecond + unheard + grouped + proxy + hesitant
      + (delay > 0 ? delay + activeDown : 0)
  }

  /// Whether a daemon may find a file that no longer lists an address that the run before it had: its lifetime ends that.
  fileprivate var forgetsAddresses: Bool {
    has(.reloadAddresses) && has(.restart, .crash, .kill, .freeze, .stop)
  }

  /// The sum of the amounts of all faults of these kinds, or of their lengths where they have no amount.
  fileprivate func sum(_ kinds: Fault.Kind...) -> Time {
    faults.reduce(0) { $0 + (kinds.contains($1.kind) ? ($1.kind.amountIsTime ? $1.amount : $1.length) : 0) }
  }
}
