import Configuration
import Internet

/// What the instances of one host must not have in common.
enum Siblings {
  /// How the instance of `settings` gets on with `others`, the rest of this host's.
  static func findings(_ settings: Settings, among others: [Settings]) -> [Finding] {
    let clashes = others.flatMap { sharedRouter(settings, $0) + sharedAddresses(settings, $0) }
    if !clashes.isEmpty || others.isEmpty { return clashes }
    return [.ok("instances", "no other instance of this host has its VRID or an address of it")]
  }

  /// A VRID names one virtual router for each family on a link (RFC 9568 §1.2).
  private static func sharedRouter(_ settings: Settings, _ other: Settings) -> [Finding] {
    guard settings.interface == other.interface, settings.virtualRouterID == other.virtualRouterID,
      !Set(settings.addresses.map(\.address.family)).isDisjoint(with: other.addresses.map(\.address.family))
    else { return [] }
    return [
      .bad(
        "VRID",
        "vip@\(other.instance) on this host has VRID \(other.virtualRouterID) on \(other.interface), too: other hosts "
          + "cannot tell the two apart",
        "give one of them another VirtualRouterID=, the same on every host; or \(doWithout(other))")
    ]
  }

  private static func sharedAddresses(_ settings: Settings, _ other: Settings) -> [Finding] {
    let taken = other.ownAddresses
    let shared = settings.ownAddresses.filter { address in
      // Each link has link-local addresses of its own.
      taken.contains(address) && (address.ipv6?.isLinkLocal != true || settings.interface == other.interface)
    }
    return shared.map { address in
      .bad(
        "address", "vip@\(other.instance) on this host has \(address), too: each takes it from the other",
        "remove that Address= from one of them; or \(doWithout(other))"
      )
    }
  }

  private static func doWithout(_ other: Settings) -> String {
    "do without one of them: systemctl disable --now vip@\(other.instance), and remove its file"
  }
}

extension Settings {
  /// The addresses without the one that follows from the VRID.
  fileprivate var ownAddresses: [IPAddress] {
    let derived = hasDerivedAddress ? addresses.first { $0.address.family == .ipv6 } : nil
    return addresses.filter { $0 != derived }.map(\.address)
  }
}
