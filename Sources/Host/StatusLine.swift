import Configuration
import Internet
import Ownership
import VRRP

/// What `systemctl status` shows: who owns the VIP, since when, and what was last heard from whom.
struct StatusLine: CustomStringConvertible {
  let description: String

  init(_ host: Host, at now: Instant, _ calendar: Calendar) {
    let (instance, settings) = (host.core, host.settings)
    let vip = settings.addressList
    let since = instance.since.map { " since \(calendar.localTime($0))" } ?? ""
    switch instance.election.state {
    case .initialize:
      description = "Not taking part\(since): \(Self.obstacle(host))"
    case .backup:
      description = "Backup\(since): \(Self.active(instance, vip: vip, calendar))"
    case .active:
      let holds =
        host.standing.owns
        ? "owns \(settings.names(of: host.standing.present)) on \(settings.interface)"
        : "adding \(vip) to \(settings.interface)"
      description =
        "Active\(since): \(holds); \(Self.standbys(instance, at: now)); \(Self.lastHeard(instance, calendar))"
    }
  }

  private static func obstacle(_ host: Host) -> String {
    switch host.core.link {
    case nil: return "starting"
    case .ready where host.core.isRefused:
      let why = host.addresses.refusal.map { ": \($0)" } ?? ""
      return "the kernel refused \(host.settings.addressList)\(why); trying again"
    case .ready: return "stopping"
    case .noAddress(let family): return host.explainLack(of: family)
    case .some(let condition): return condition.explanation(host.settings.interface)
    }
  }

  private static func active(_ instance: Instance, vip: String, _ calendar: Calendar) -> String {
    if let hold = instance.hold { return hold.inWords(vip: vip, calendar) }
    guard let peer = instance.followedPeer, let priority = peer.priority, let interval = peer.interval
    else { return "nobody heard yet for \(vip)" }
    let hardware = peer.hardware.map { " at \($0)" } ?? ""
    let owned = peer.addressesDiffer ? "has other addresses than \(vip)" : "owns \(vip)"
    return "\(peer.address)\(hardware) (priority \(priority)) \(owned), heard every "
      + "\(interval.duration.inWords)"
  }

  private static func standbys(_ instance: Instance, at now: Instant) -> String {
    let standbys = instance.standbys(at: now).map(\.address.description)
    return standbys.isEmpty
      ? "no standby has shown itself" : "standing by: \(standbys.joined(separator: ", "))"
  }

  private static func lastHeard(_ instance: Instance, _ calendar: Calendar) -> String {
    let advertisers = instance.peers.filter { $0.lastAdvertised != nil }
    guard let peer = advertisers.max(by: { $0.lastSeen < $1.lastSeen }), let last = peer.lastAdvertised else {
      return "no other router heard"
    }
    let said = peer.priority.map { $0 == 0 ? "resigning" : "priority \($0)" } ?? ""
    return "last heard \(peer.address) (\(said)) at \(calendar.localTime(last))"
  }
}
