import Internet
import Neighbor
import VRRP

/// Two routers that both have the VIP.
struct Contest: Hashable, Sendable {
  /// The one with the greatest hardware address, if there are several.
  var rival: MACAddress
  /// When the election must have ended it, or the rival must have answered.
  var deadline: Instant
  /// What it claimed; at a virtual MAC address it answers for one family only.
  var address: IPAddress
  var isAsked = false
}

extension Instance {
  /// Another router has the VIP too. The election decides between them; where they cannot hear each other,
  /// ARP must: after the time in which the election would have ended it, the rival is asked, and if it still
  /// answers, the lower hardware address gives way.
  mutating func contest(
    with rival: MACAddress, over address: IPAddress, isAnswer: Bool, at now: Instant, _ actions: inout Actions
  ) {
    // Where all have the same hardware address, only the election can tell them apart.
    if parameters.usesVirtualMAC && parameters.isVirtualRouter(rival) {
      _ = contradictRival(at: now)
      return
    }
    guard let current = phase.service?.contest else {
      phase.service?.contest = Contest(
        rival: rival, deadline: now + parameters.interval.duration * 2, address: address)
      return
    }
    guard current.rival == rival else {
      // Of several rivals the one that everybody yields to counts.
      if !current.isAsked && rival.bits > current.rival.bits {
        phase.service?.contest?.rival = rival
        phase.service?.contest?.address = address
      }
      return
    }
    guard current.isAsked, isAnswer, let identity else { return }
    phase.service?.contest = nil
    // Nobody is invited: the rival has the VIP, whether its daemon lives or not.
    if identity.hardware.bits < rival.bits { return elect(.withdraw(.conflict), at: now, &actions) }
    _ = contradictRival(at: now)
  }

  /// Asks the rival, or, when that one let go meanwhile, the next one that this router yields to.
  mutating func contestIsDue(at now: Instant, _ actions: inout Actions) {
    guard var current = phase.service?.contest, let identity else { return }
    if current.isAsked {
      let rivals = routers.all.compactMap(\.hardware?.bits).filter {
        $0 > identity.hardware.bits && $0 < current.rival.bits
      }
      guard let next = rivals.max() else {
        phase.service?.contest = nil
        return
      }
      current.rival = MACAddress(bits: next)
    }
    current.isAsked = true
    current.deadline = now + parameters.interval.duration
    phase.service?.contest = current
    ask(for: current.address, at: current.rival, &actions)
    // A rival that never heard this router must learn, in the family that elects, that it is no stranger.
    guard parameters.witness != .off else { return }
    ask(for: parameters.addresses[0].address, at: current.rival, standby: standbyMark, &actions)
  }
}
