import Configuration
import Internet

/// What to ask for the VIP from where a daemon runs on this host, so that it does not take the answer for its own.
enum Disguise {
  /// 192.0.0.8, the dummy address (RFC 7600 §4.8): nobody's, and nobody's cache suffers.
  private static let dummy = IPAddress.ipv4(IPv4Address(bits: 0xC000_0008))

  /// Instead of `source`, which the daemon asks from. For IPv6 another address of `link`, else a link-local one that
  /// `seed` makes: the answer comes to this host's hardware address, whatever it is.
  static func address(insteadOf source: IPAddress, on link: Surroundings.Link, seed: UInt64) -> IPAddress {
    guard source.family == .ipv6 else { return dummy }
    let other = link.addresses.first { address in
      address.network.address.family == .ipv6 && !address.isAddedByVipd && address.network.address != source
    }
    return other?.network.address ?? .ipv6(IPv6Address(high: 0xFE80 << 48, low: seed | 1 << 57))
  }
}
