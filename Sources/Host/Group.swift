import Internet

/// Instances on one host that are Active or Backup together, as one of them sees it.
///
/// The member with the smallest name leads: its election decides, and the others must not own their VIPs unless it is
/// Active. A member that cannot own its VIP keeps all of them from owning theirs, so that another host gets all.
/// Nobody is ever made to take a VIP: a member that may own its own takes it when its election lets it, and the member
/// on the other host hands it over, because its leader is no longer Active.
struct Group: Hashable, Sendable {
  /// What a member tells the others.
  struct Member: Hashable, Sendable {
    /// The instance's name.
    var name: String
    /// Whether it could own its VIP if the group let it: its link is usable and nothing else keeps it.
    var isAble: Bool
    /// Whether it is the Active router.
    var isActive: Bool

    /// A member as it is now.
    init(name: String, isAble: Bool, isActive: Bool) {
      self.name = name
      self.isAble = isAble
      self.isActive = isActive
    }
  }

  /// This instance.
  private(set) var own: Member
  /// The others that were heard.
  private var others: [Heard] = []
  /// How long a member may be silent: as long as its VIP outlives its daemon, which may be restarted meanwhile.
  private var patience: Duration
  /// When to tell the others, whether anything changed or not.
  private var telling: Instant?

  private struct Heard: Hashable, Sendable {
    let member: Member
    let last: Instant
  }

  /// How often members tell how they are: four times before silence counts.
  private var pace: Duration { patience / 4 }
  /// More members than anybody has: who writes to the socket without being one must not fill the memory.
  private static let capacity = 255

  /// The group of one that `name` begins with; `lease` is nil for addresses without.
  init(name: String, lease: Duration?) {
    own = Member(name: name, isAble: false, isActive: false)
    patience = Self.patience(lease)
  }

  private static func patience(_ lease: Duration?) -> Duration { (lease ?? .seconds(2)) + .milliseconds(500) }

  /// Goes on with another lease, which all members should have.
  mutating func follow(lease: Duration?) { patience = Self.patience(lease) }

  /// When to look again after `now`: at what is due to be told, or because a member may have become silent.
  func deadline(after now: Instant) -> Instant? {
    var first = telling
    for other in others {
      // Silence is longer than the patience.
      let silent = other.last + patience + .nanoseconds(1)
      if silent > now, first.map({ silent < $0 }) ?? true { first = silent }
    }
    return first
  }

  /// This instance changed; whether the others must be told now.
  mutating func update(isAble: Bool, isActive: Bool, at now: Instant) -> Bool {
    let changed = Member(name: own.name, isAble: isAble, isActive: isActive)
    guard changed != own else { return false }
    own = changed
    telling = now + pace
    return true
  }

  /// Whether it is time to tell the others.
  mutating func isTelling(at now: Instant) -> Bool {
    if let telling, telling > now { return false }
    telling = now + pace
    return true
  }

  /// Another member told how it is.
  mutating func hear(_ member: Member, at now: Instant) {
    guard member.name != own.name else { return }
    let heard = Heard(member: member, last: now)
    // In order, so that what follows from them does not depend on who came first.
    let place = others.firstIndex { $0.member.name >= member.name } ?? others.count
    if place < others.count, others[place].member.name == member.name {
      others[place] = heard
    } else if others.count < Self.capacity {
      others.insert(heard, at: place)
    }
  }

  /// A member was stopped: it takes part no more.
  mutating func forget(_ name: String) { others.removeAll { $0.member.name == name } }

  /// Why this instance must not own its VIP; nil if it may.
  func reason(at now: Instant) -> GroupReason? {
    if let silent = others.first(where: { now - $0.last > patience }) { return .silent(silent.member.name) }
    if let unable = others.first(where: { !$0.member.isAble }) { return .unable(unable.member.name) }
    guard let leader = others.first?.member, leader.name < own.name else { return nil }
    return leader.isActive ? nil : .waiting(leader.name)
  }

  /// The names of the members that were heard, in order.
  var names: [String] { others.map(\.member.name) }
}

/// What a group keeps one of its members back for.
public enum GroupReason: Hashable, Sendable {
  /// The leading member is not Active.
  case waiting(String)
  /// A member cannot own its VIP.
  case unable(String)
  /// A member's daemon is gone, or hangs, for longer than its VIP lasts.
  case silent(String)
}
