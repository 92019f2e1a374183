import Internet
import VRRP

/// A better Active router that is heard in the family that does not elect.
struct OtherFamilyRival: Hashable, Sendable {
  let since: Instant
  var last: Instant
  let address: IPAddress
}

extension Instance {
  /// A VIP with addresses of both families consists of two virtual routers (RFC 9568 §1) under one decision.
  /// The family of the first address elects: were both to break ties, they could do so in opposite ways. What is
  /// heard in the other one keeps a Backup router waiting; an Active router yields to a better one that goes on
  /// there for a whole Active_Down_Interval, so that the first family cannot be what decides between them.
  mutating func hearInOtherFamily(
    _ received: ReceivedAdvertisement, at now: Instant, _ actions: inout Actions
  ) {
    let (heard, sender) = (received.advertisement, received.sender)
    guard heard.priority > 0 else { return }
    var own = election.parameters
    own.primary = identity?.address(sender.family) ?? sender
    switch election.state {
    case .initialize: return
    case .backup:
      // An Advertisement that was sent before a resignation may come after that of the first family.
      if case .resignation = election.impendingCause { return }
      guard !own.overrules(heard.priority) else { return }
      let active = following ?? sender
      elect(.advertisement(heard, from: active), at: now, &actions)
      follow(active, heard.priority, at: now, &actions)
    case .active:
      guard own.givesWay(to: heard.priority, at: sender), phase.service?.offer == nil else { return }
      giveWay(to: sender, heard, at: now, &actions)
    }
  }

  /// Gives way to a better Active router if it goes on for long enough.
  private mutating func giveWay(
    to sender: IPAddress, _ heard: Advertisement, at now: Instant, _ actions: inout Actions
  ) {
    let patience = heard.interval.activeDownInterval(priority: parameters.priority, parameters.version)
    guard let rival = phase.activity?.otherFamilyRival, rival.address == sender,
      now - rival.last <= patience
    else {
      phase.changeActivity {
        $0.otherFamilyRival = OtherFamilyRival(since: now, last: now, address: sender)
      }
      return
    }
    phase.changeActivity { $0.otherFamilyRival?.last = now }
    guard now - rival.since > patience else { return }
    elect(.resign(.better(sender, priority: heard.priority)), at: now, &actions)
    follow(sender, heard.priority, at: now, &actions)
  }
}
