import Configuration
import Internet
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
    message(.state(isAble: core.own.isAble, isActive: core.own.isActive))
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
    let joined = Membership(name: name, core: Group(name: settings.instance, lease: settings.lease))
    group = joined
    effects.append(.joinGroup(name))
    // Whoever is there already answers; whoever comes later says hello itself.
    effects.append(.tellGroup(joined.message(.hello), to: nil))
    groupIsDue(at: now, into: &effects)
  }

  /// This instance takes part no more, on purpose.
  mutating func leaveGroup(into effects: inout Effects) {
    guard let group else { return }
    tellMembers(group.message(.gone), into: &effects)
    self.group = nil
    alarms.set(.group, nil)
  }

  /// Tells the others when this instance has changed.
  mutating func tellGroup(at now: Instant, into effects: inout Effects) {
    guard var group, core.link != nil, phase == .running else { return }
    let isAble = core.election.state != .initialize && !isUnfit
    let isNews = group.core.update(
      isAble: isAble, isActive: core.election.state == .active, at: now)
    guard isNews || !group.isKnown else { return }
    let isFirst = !group.isKnown
    group.isKnown = true
    self.group = group
    if isFirst {
      effects.append(.tellGroup(group.state, to: nil))
    } else {
      tellMembers(group.state, into: &effects)
    }
    alarms.set(.group, group.core.deadline(after: now))
  }

  private mutating func tellMembers(_ message: GroupMessage, into effects: inout Effects) {
    guard let group else { return }
    for name in group.core.names { effects.append(.tellGroup(message, to: name)) }
  }

  /// Time to tell the others that this instance is there, and to look whether they are.
  mutating func groupIsDue(at now: Instant, into effects: inout Effects) {
    guard group != nil else { return }
    if group?.core.isTelling(at: now) == true, let group, group.isKnown {
      tellMembers(group.state, into: &effects)
    }
    noteGroup(at: now, into: &effects)
  }

  /// Another instance told something.
  mutating func hear(_ message: GroupMessage, at now: Instant, into effects: inout Effects) {
    guard let group, message.group == group.name, message.sender != group.core.own.name else { return }
    switch message.content {
    case .hello:
      if group.isKnown { effects.append(.tellGroup(group.state, to: message.sender)) }
    case .state(let isAble, let isActive):
      self.group?.core.hear(
        Group.Member(name: message.sender, isAble: isAble, isActive: isActive), at: now)
    case .gone:
      self.group?.core.forget(message.sender)
      // Where another host can have all of the group's VIPs, it gets all; else the rest stays here.
      tell(.handover, at: now, into: &effects)
    }
    noteGroup(at: now, into: &effects)
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
