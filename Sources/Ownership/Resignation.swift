import Internet
import VRRP

extension Instance {
  /// Invites a successor (priority 0, RFC 9568 §6.4.3), once the kernel has confirmed that all addresses are gone.
  ///
  /// The invitation must not overtake the removal, which may be held up in the kernel for as long as another process
  /// configures the network. Where the confirmation does not come, nobody is invited: the others take over by their
  /// own timers, and their witness tells them when.
  mutating func considerResignation(at now: Instant, _ actions: inout Actions) {
    guard isResigning, holdings.removing.isEmpty else { return }
    isResigning = false
    advertise(0, interval: parameters.interval, at: now, &actions)
  }
}
