import Configuration
import Internet
import Netlink
import Ownership
import VRRP

/// The instance's part in its group.
struct Membership: Hashable, Sendable {
  let name: String
  var core: Group
  /// What the operator was told of the group.
  var reason: GroupReason?
  /// Whether it is known how this instance is: one that is restarted must not seem to be unable meanwhile.
  var isKnown = false

  func message(_ content: GroupMessage.Content) -> GroupMessage {
    GroupMessage(group: name, sender: core.own.name, content)
  }

  var state: GroupMessage {
    message(.state(isAble: core.own.isAble, isActive: core.own.isActive, core.own.address))
  }
}

extension Host {
  /// Joins the group that the settings name, in place of the one that this instance is in.
  mutating func joinGroup(at now: Instant, into effects: inout Effects) {
    guard settings.group != group?.name else { return }
    leaveGroup(into: &effects)
    told.remarks &+= 1
    hasChanged = true
    guard let name = settings.group else { return effects.append(.joinGroup(nil)) }
    group = Membership(name: name, core: Group(name: settings.instance, lease: settings.lease))
    effects.append(.joinGroup(name))
    // Whoever is there already answers; whoever comes later says hello itself.
    tellEverybody(into: &effects)
    noteGroup(at: now, into: &effects)
  }

  /// This instance takes part no more, on purpose.
  mutating func leaveGroup(into effects: inout Effects) {
    guard let group else { return }
    tell(group.message(.gone), to: group.core.names, into: &effects)
    self.group = nil
    alarms.set(.group, nil)
  }

  /// Whoever came since this instance joined did not find it.
  mutating func groupBecameReachable(into effects: inout Effects) { tellEverybody(into: &effects) }

  private func tellEverybody(into effects: inout Effects) {
    guard let group else { return }
    effects.append(.tellGroup(group.message(.hello), to: nil))
    if group.isKnown { effects.append(.tellGroup(group.state, to: nil)) }
  }

  private func tell(_ message: GroupMessage, to names: [String], into effects: inout Effects) {
    for name in names { effects.append(.tellGroup(message, to: name)) }
  }

  // MARK: This instance

  /// Tells the others when this instance has changed.
  mutating func tellGroup(at now: Instant, into effects: inout Effects) {
    guard let wasActive = group?.core.own.isActive, core.link != nil, phase == .running else { return }
    let isActive = core.election.state == .active
    let isAble = core.election.state != .initialize && !isUnfit
    let isNews = group?.core.update(
      isAble: isAble, isActive: isActive, address: settings.addresses.first?.address)
    guard let group, isNews == true || !group.isKnown else { return }
    if group.isKnown {
      tell(group.state, to: group.core.audience, into: &effects)
    } else {
      self.group?.isKnown = true
      effects.append(.tellGroup(group.state, to: nil))
    }
    // Now the VIPs depend on all of them.
    if isActive && !wasActive { askMembers(at: now, into: &effects) }
  }

  private mutating func askMembers(at now: Instant, into effects: inout Effects) {
    let asked = group?.core.ask(at: now) ?? []
    if let group { tell(group.message(.hello), to: asked, into: &effects) }
    noteGroup(at: now, into: &effects)
  }

  /// Time to tell those who poll, and to look whether somebody is silent.
  mutating func groupIsDue(at now: Instant, into effects: inout Effects) {
    if group?.core.isTelling(at: now) == true, let group, group.isKnown {
      tell(group.state, to: group.core.pollers, into: &effects)
    }
    noteGroup(at: now, into: &effects)
  }

  // MARK: The others

  /// Another instance told something; `isPoll`: one that does so again and again.
  mutating func hear(_ message: GroupMessage, isPoll: Bool, at now: Instant, into effects: inout Effects) {
    guard let group, message.group == group.name, message.sender != group.core.own.name else { return }
    switch message.content {
    case .hello:
      if group.isKnown { effects.append(.tellGroup(group.state, to: message.sender)) }
    case .state(let isAble, let isActive, let address):
      let member = Group.Member(
        name: message.sender, isAble: isAble, isActive: isActive, address: address)
      if isPoll { self.group?.core.hear(poll: member, at: now) } else { self.group?.core.hear(member) }
    case .gone:
      self.group?.core.forget(message.sender)
      // Where another host can have all of the group's VIPs, it gets all; else the rest stays here.
      tell(.handover, at: now, into: &effects)
    }
    tellNewcomers(since: group.core, into: &effects)
    noteGroup(at: now, into: &effects)
  }

  /// A new leader has yet to hear how the others are, and they how it is; a new member said hello before the leader knew
  /// it, which may have changed since.
  private func tellNewcomers(since former: Group, into effects: inout Effects) {
    guard let group, group.isKnown else { return }
    let known = group.core.leader == former.leader ? former.names : []
    tell(group.state, to: group.core.audience.filter { !known.contains($0) }, into: &effects)
  }

  /// The connection with another member has ended.
  mutating func loseMember(_ name: String, at now: Instant, into effects: inout Effects) {
    guard group?.core.lose(name, at: now) == true, let group else { return }
    // It may have ended because this process was held up, and have left the other one well.
    tell(group.message(.hello), to: [name], into: &effects)
    noteGroup(at: now, into: &effects)
  }

  /// The kernel lets go of an address: its lifetime is over, if nobody removed it.
  mutating func missInGroup(_ address: IPAddress, at now: Instant, into effects: inout Effects) {
    guard let name = group?.core.miss(address, at: now), let group else { return }
    tell(group.message(.hello), to: [name], into: &effects)
    noteGroup(at: now, into: &effects)
  }

  /// The same of addresses that went unseen.
  mutating func missInGroup(_ snapshot: Snapshot, at now: Instant, into effects: inout Effects) {
    for address in group?.core.addresses ?? []
    where !snapshot.addresses.contains(where: { $0.network.address == address }) {
      missInGroup(address, at: now, into: &effects)
    }
  }

  private mutating func noteGroup(at now: Instant, into effects: inout Effects) {
    guard let core = group?.core else { return }
    alarms.set(.group, core.deadline(after: now))
    let reason = core.reason(at: now)
    guard reason != group?.reason else { return }
    group?.reason = reason
    hasChanged = true
    told.remarks &+= 1
    effects.append(.notice(.groupChanged(group?.name ?? "", reason)))
  }
}
