import Internet
import Linux
import Ownership
import VRRP

/// What `systemctl status` shows: who owns the VIP, since when, and what was last heard from whom.
struct StatusLine: CustomStringConvertible {
  let description: String

  init(_ instance: Instance, settings: Settings) {
    let vip = settings.addressList
    let since = instance.since.map { " since \(Clock.localTime($0))" } ?? ""
    switch instance.election.state {
    case .initialize:
      description = "Not taking part\(since): \(Self.obstacle(instance, settings: settings))"
    case .backup:
      description = "Backup\(since): \(Self.active(instance, settings: settings, vip: vip))"
    case .active:
      let holds =
        instance.owns ? "owns \(vip) on \(settings.interface)" : "adding \(vip) to \(settings.interface)"
      description = "Active\(since): \(holds); \(Self.lastHeard(instance))"
    }
  }

  private static func obstacle(_ instance: Instance, settings: Settings) -> String {
    switch instance.link {
    case nil: "starting"
    case .ready: "released"
    case .some(let condition): condition.explanation(settings.interface)
    }
  }

  private static func active(_ instance: Instance, settings: Settings, vip: String) -> String {
    guard let peer = instance.peers.first(where: { $0.address == instance.following }) else {
      return "nobody heard yet for \(vip)"
    }
    return "\(peer.address) (priority \(peer.priority)) owns \(vip), heard every "
      + "\(peer.interval.duration.inWords)"
  }

  private static func lastHeard(_ instance: Instance) -> String {
    guard let peer = instance.peers.max(by: { $0.lastHeard < $1.lastHeard }) else {
      return "no other router heard"
    }
    let said = peer.priority == 0 ? "resigning" : "priority \(peer.priority)"
    return "last heard \(peer.address) (\(said)) at \(Clock.localTime(peer.lastHeard))"
  }
}
