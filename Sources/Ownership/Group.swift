public import Internet

/// Instances on one host that are Active or Backup together, as one of them sees it.
///
/// The member with the smallest name leads: its election decides, and the others must not own their VIPs unless it is
/// Active. A member that cannot own its VIP keeps all of them from owning theirs, so that another host gets all.
/// Nobody is ever made to take a VIP: a member that may own its own takes it when its election lets it, and the member
/// on the other host hands it over, because its leader is no longer Active.
public struct Group: Hashable, Sendable {
  /// What a member tells the others.
  public struct Member: Hashable, Sendable {
    /// The instance's name.
    public var name: String
    /// Whether it could own its VIP if the group let it: its link is usable and nothing else keeps it.
    public var isAble: Bool
    /// Whether it is the Active router.
    public var isActive: Bool

    /// A member as it is now.
    public init(name: String, isAble: Bool, isActive: Bool) {
      self.name = name
      self.isAble = isAble
      self.isActive = isActive
    }
  }

  /// This instance.
  public private(set) var own: Member
  /// The others that were heard.
  private var others: [String: Heard] = [:]
  /// How long a member may be silent: as long as its VIP outlives its daemon, which may be restarted meanwhile.
  private let patience: Duration
  /// When to tell the others, whether anything changed or not.
  private var telling: Instant?

  private struct Heard: Hashable, Sendable {
    let member: Member
    let last: Instant
  }

  /// How often members tell how they are.
  public static let pace = Duration.milliseconds(250)
  /// More members than anybody has: who writes to the socket without being one must not fill the memory.
  private static let capacity = 255

  /// The group of one that `name` begins with; `lease` is nil for addresses without.
  public init(name: String, lease: Duration?) {
    own = Member(name: name, isAble: false, isActive: false)
    patience = (lease ?? .seconds(2)) + .milliseconds(500)
  }

  /// When to call `isTelling` again; the others' silence is noticed then, too.
  public var deadline: Instant? { telling }

  /// This instance changed; whether the others must be told now.
  public mutating func update(isAble: Bool, isActive: Bool, at now: Instant) -> Bool {
    let changed = Member(name: own.name, isAble: isAble, isActive: isActive)
    guard changed != own else { return false }
    own = changed
    telling = now + Self.pace
    return true
  }

  /// Whether it is time to tell the others.
  public mutating func isTelling(at now: Instant) -> Bool {
    if let telling, telling > now { return false }
    telling = now + Self.pace
    return true
  }

  /// Another member told how it is.
  public mutating func hear(_ member: Member, at now: Instant) {
    guard member.name != own.name, others[member.name] != nil || others.count < Self.capacity else { return }
    others[member.name] = Heard(member: member, last: now)
  }

  /// A member was stopped: it takes part no more.
  public mutating func forget(_ name: String) { others[name] = nil }

  /// Why this instance must not own its VIP; nil if it may.
  public func reason(at now: Instant) -> GroupReason? {
    let silent = others.values.filter { now - $0.last > patience }.map(\.member.name)
    if let name = silent.min() { return .silent(name) }
    let unable = others.values.filter { !$0.member.isAble }.map(\.member.name)
    if let name = unable.min() { return .unable(name) }
    guard let leader = others.values.map(\.member).min(by: { $0.name < $1.name }), leader.name < own.name
    else {
      return nil
    }
    return leader.isActive ? nil : .waiting(leader.name)
  }

  /// Every member that was heard, by name.
  public var members: [Member] { others.values.map(\.member).sorted { $0.name < $1.name } }
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
