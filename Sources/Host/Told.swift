import Configuration
import Internet
import Netlink
public import Ownership
public import VRRP

/// What was told to others, so that they hear what is new, and only that.
struct Told: Hashable, Sendable {
  var resumableUntil: Instant?
  /// The role that was written, or is being written again and again.
  var role: Role?
  var unwritten = UnwrittenFiles()
  /// What of the status was told.
  var status: Status?
  /// When it was told, and when it was last compared with what is.
  var statusTime: Instant?
  var lookTime: Instant?
  /// Whether it may be another one by now. Who stands by, and who answers for the VIP, changes without a word.
  var isOutdated = true
  /// Counts what changed in the remarks of the status: checks, group, settings.
  var remarks: UInt32 = 0

  /// What makes a status another one, as far as it is worth telling at once.
  struct Status: Hashable, Sendable {
    let state: Election.State
    let since: Instant?
    let link: LinkCondition?
    let unusableAddress: LinkAddress?
    let hold: Hold?
    let following: IPAddress?
    /// What the status says of the Active router that is followed.
    let priority: UInt8?
    let addressesDiffer: Bool?
    let interval: AdvertisementInterval?
    let hardware: MACAddress?
    let witnessed: MACAddress?
    let present: AddressSet
    let standbys: Int
    let isUnanswered: Bool
    let unreached: Int
    let blocked: [Instance.Blocked]
    let isBarred: Bool
    let areRoutesWanted: Bool
    let missingRoutes: [Int]
    let remarks: UInt32
  }
}

extension Host {
  /// How often a status is told at most.
  private static let statusPause = Duration.milliseconds(250)
  /// How often what changes without a word is looked for.
  private static let lookPause = Duration.milliseconds(200)

  // MARK: Files

  /// What the next run must know of this one.
  mutating func remember(into effects: inout Effects) {
    let end = core.resumableUntil
    guard end != told.resumableUntil else { return }
    told.resumableUntil = end
    effects.append(.remember(resumableUntil: end))
  }

  mutating func tellRole(into effects: inout Effects) {
    guard let role, role != told.role else { return }
    told.role = role
    effects.append(.writeRole(role))
  }

  /// The role of this host; while it is not known, or an address is being added, what it was before. A run that may
  /// go on where an earlier one left off knows nothing before the first link event, nor before it has listened.
  @inline(__always)
  private var role: Role? {
    guard core.link != nil, !core.isResuming else { return nil }
    guard core.election.state == .active else { return .backup }
    return owns ? .active : told.role
  }

  /// Whether this host owns the VIP, as far as it says.
  @inline(__always)
  private var owns: Bool { core.election.state == .active && shown.isSuperset(of: core.parameters.required) }

  /// The addresses that it says it has.
  @inline(__always)
  private var shown: AddressSet { rules.contains(.tellTruth) ? addresses.told : addresses.wanted }

  /// Others act upon these files: they are written until they are right.
  mutating func written(
    _ file: RuntimeFile, _ succeeded: Bool, at now: Instant, into effects: inout Effects
  ) {
    if file == .hold { answerHolds(succeeded, into: &effects) }
    let notice = told.unwritten.note(file, succeeded, at: now)
    if let notice { effects.append(.notice(notice)) }
    if !succeeded || notice != nil { told.remarks &+= 1 }
    if rules.contains(.retry) { alarms.set(.files, told.unwritten.deadline) }
  }

  mutating func writeAgain(into effects: inout Effects) {
    for file in told.unwritten.begin() {
      switch file {
      case .role: if let role = told.role { effects.append(.writeRole(role)) }
      case .hold: effects.append(.writeHold(isHeld))
      }
    }
  }

  // MARK: Status

  /// Says that the status is another one, at once if that is rare.
  mutating func tellStatus(at now: Instant, into effects: inout Effects) {
    guard phase == .running || phase == .leaving else { return }
    if !told.isOutdated, let last = told.lookTime, now - last < Self.lookPause { return }
    told.lookTime = now
    if let last = told.statusTime, now - last < Self.statusPause {
      if alarms[.status] == nil, statusToTell(at: now) != told.status {
        alarms.set(.status, last + Self.statusPause)
      }
      return
    }
    told.isOutdated = false
    let status = statusToTell(at: now)
    guard status != told.status else { return }
    told.status = status
    told.statusTime = now
    effects.append(.statusChanged)
  }

  private func statusToTell(at now: Instant) -> Told.Status {
    let active = core.followedPeer
    return Told.Status(
      state: core.election.state, since: core.since, link: core.link, unusableAddress: view.unusableAddress,
      hold: core.hold,
      following: core.following, priority: active?.priority,
      addressesDiffer: active?.addressesDiffer, interval: active?.interval,
      hardware: active?.hardware, witnessed: core.witnessed, present: addresses.told,
      standbys: standbyMark(at: now), isUnanswered: core.isUnanswered,
      unreached: core.unreached(at: now).count, blocked: core.blocked, isBarred: core.isBarred,
      areRoutesWanted: routes.areWanted,
      missingRoutes: missingRoutes, remarks: told.remarks)
  }

  /// Tells one set of standbys from another.
  private func standbyMark(at now: Instant) -> Int {
    var mark = 0
    for (index, peer) in core.peers.enumerated() where peer.standsBy(at: now) {
      mark |= 1 << index
    }
    return mark
  }

  /// What this host says of itself at this moment.
  public var standing: Standing {
    Standing(
      state: core.election.state, present: shown, owns: owns,
      missingRoutes: rules.contains(.tellTruth) ? missingRoutes : [])
  }
}

/// What a host says of itself: the part of its status that must be true of its kernel.
public struct Standing: Hashable, Sendable {
  /// The state of the election.
  public var state: Election.State
  /// Which of the configured addresses this host's kernel has.
  public var present: AddressSet
  /// Whether this host owns the VIP: it is Active, and its kernel has all addresses that are required.
  public var owns: Bool
  /// The configured routes that the kernel should have and has not, by index.
  public var missingRoutes: [Int]
}
