import Internet

/// Instances on one host that are Active or Backup together, as one of them sees it.
///
/// The member with the smallest name leads: its election decides, and the others must not own their VIPs unless it is
/// Active. A member that cannot own its VIP keeps the leader from owning its own, and so all, so that another host gets
/// them. Nobody is ever made to take a VIP: a member that may own its own takes it when its election lets it, and the
/// member on the other host hands it over, because its leader is no longer Active.
///
/// Members tell what changes, and nothing else: the leader all of them, the others the leader. That one's process has
/// ended is told by the connection with it; that one hangs is found out by asking it when that matters.
struct Group: Hashable, Sendable {
  /// What a member tells the others.
  struct Member: Hashable, Sendable {
    /// The instance's name.
    var name: String
    /// Whether it could own its VIP if the group let it: its link is usable and nothing else keeps it.
    var isAble: Bool
    /// Whether it is the Active router.
    var isActive: Bool
    /// The first address of its VIP; nil if it did not say.
    var address: IPAddress?

    /// A member as it is now.
    init(name: String, isAble: Bool, isActive: Bool, address: IPAddress? = nil) {
      self.name = name
      self.isAble = isAble
      self.isActive = isActive
      self.address = address
    }
  }

  /// How a member's end would be noticed.
  private enum Contact: Hashable, Sendable {
    /// By its connection.
    case connected
    /// It has ended; the next run may come.
    case lost
    /// By its silence: it is of version 0.1, tells again and again, and wants to be told so.
    case polling
  }

  private struct Other: Hashable, Sendable {
    var member: Member
    var contact: Contact
    /// From when on it counts as silent if it says nothing until then; nil: nothing is expected of it.
    var silence: Instant?

    func isSilent(at now: Instant) -> Bool { silence.map { $0 <= now } ?? false }
  }

  /// This instance.
  private(set) var own: Member
  /// The others that were heard, in the order of their names.
  private var others: [Other] = []
  /// How long a member may be gone: as long as its VIP outlives its daemon, which may be restarted meanwhile.
  private var patience: Duration
  /// When to tell those who poll, whether anything changed or not; nil while there are none.
  private var telling: Instant?

  /// How long a member that lost its address without a word may take to answer. It did nothing for a lease already.
  private static let answerTime = Duration.milliseconds(500)
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

  /// When to look again after `now`: because a member may be silent then, or one that polls is to be told. Nil as long as
  /// nothing is expected of anybody.
  func deadline(after now: Instant) -> Instant? {
    var first = telling
    for case let silence? in others.map(\.silence) where silence > now {
      first = first.map { min($0, silence) } ?? silence
    }
    return first
  }

  // MARK: Who leads

  /// The name of the member that leads.
  var leader: String {
    guard let first = others.first?.member.name else { return own.name }
    return min(first, own.name)
  }

  private var leads: Bool { leader == own.name }

  /// The names of all others, in order.
  var names: [String] { others.map(\.member.name) }

  /// The names of those to whom it matters how this instance is.
  var audience: [String] {
    leads ? names : others.filter { $0.member.name == leader || $0.contact == .polling }.map(\.member.name)
  }

  // MARK: What happens

  /// This instance is like this now; whether that is news.
  mutating func update(isAble: Bool, isActive: Bool, address: IPAddress?) -> Bool {
    let changed = Member(name: own.name, isAble: isAble, isActive: isActive, address: address)
    guard changed != own else { return false }
    own = changed
    return true
  }

  /// Another member told how it is.
  mutating func hear(_ member: Member) { note(Other(member: member, contact: .connected)) }

  /// The same of one that tells it again and again.
  mutating func hear(poll member: Member, at now: Instant) {
    if telling == nil { telling = now + patience / 4 }
    note(Other(member: member, contact: .polling, silence: now + patience))
  }

  private mutating func note(_ heard: Other) {
    guard heard.member.name != own.name else { return }
    if let place = place(of: heard.member.name) {
      others[place] = heard
    } else if others.count < Self.capacity {
      let place = others.firstIndex { $0.member.name > heard.member.name } ?? others.count
      others.insert(heard, at: place)
    }
  }

  private func place(of name: String) -> Int? { others.firstIndex { $0.member.name == name } }

  /// The connection with a member has ended, and so did its process, or this one could not be told for long; whether it
  /// was one that counts.
  mutating func lose(_ name: String, at now: Instant) -> Bool {
    guard let place = place(of: name), others[place].contact == .connected else { return false }
    others[place].contact = .lost
    if !others[place].isSilent(at: now) { others[place].silence = now + patience }
    return true
  }

  /// A member was stopped: it takes part no more.
  mutating func forget(_ name: String) { others.removeAll { $0.member.name == name } }

  // MARK: What is asked

  /// The group is about to depend on its members: the names of those whom the leader asks whether they are well.
  mutating func ask(at now: Instant) -> [String] {
    guard leads else { return [] }
    var asked: [String] = []
    for place in others.indices where others[place].contact == .connected {
      others[place].silence = others[place].silence ?? now + patience
      asked.append(others[place].member.name)
    }
    return asked
  }

  /// The kernel has an address no longer: the name of the member that had it and said nothing, and is asked. The leader
  /// asks the others, and they the leader.
  mutating func miss(_ address: IPAddress, at now: Instant) -> String? {
    let leader = leader
    let found = others.firstIndex {
      $0.member.address == address && $0.member.isActive && $0.contact == .connected
        && (leads || $0.member.name == leader)
    }
    guard let found else { return nil }
    let limit = now + Self.answerTime
    others[found].silence = min(others[found].silence ?? limit, limit)
    return others[found].member.name
  }

  /// The addresses that others said they have.
  var addresses: [IPAddress] { others.filter(\.member.isActive).compactMap(\.member.address) }

  /// Whether it is time to tell those who poll.
  mutating func isTelling(at now: Instant) -> Bool {
    guard let telling, telling <= now else { return false }
    self.telling = pollers.isEmpty ? nil : now + patience / 4
    return true
  }

  /// The names of those who want to be told again and again.
  var pollers: [String] { others.filter { $0.contact == .polling }.map(\.member.name) }

  // MARK: What follows

  /// Why this instance must not own its VIP; nil if it may.
  func reason(at now: Instant) -> GroupReason? {
    if let silent = others.first(where: { $0.isSilent(at: now) }) { return .silent(silent.member.name) }
    guard !leads, let leader = others.first?.member else {
      return others.first { !$0.member.isAble }.map { .unable($0.member.name) }
    }
    if !leader.isAble { return .unable(leader.name) }
    return leader.isActive ? nil : .waiting(leader.name)
  }
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
