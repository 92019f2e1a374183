import Ownership
import VRRP

/// What this host is to the units that follow the VIP: see vip-role@.path.
enum Role: String {
  case active
  case backup

  /// The role of an instance that had the role `before`; nil while it is not known yet, as before the first
  /// link event of a run that may go on where an earlier one left off.
  init?(_ instance: Instance, before: Role?) {
    guard instance.link != nil else { return nil }
    if instance.owns {
      self = .active
    } else if instance.election.state != .active {
      self = .backup
    } else {
      // It is being added, or put back after somebody removed it.
      guard let before else { return nil }
      self = before
    }
  }
}
