import Internet
import Linux

// The daemon carries IPv4 addresses; what the kernel tells of IPv6 is none of its business.

extension IPNetwork {
  init(_ network: IPv4Network) {
    let own = IPNetwork(.ipv4(network.address), prefixLength: network.prefixLength)
    guard let own else { preconditionFailure("an IPv4 prefix length") }
    self = own
  }

  var ipv4: IPv4Network? {
    address.ipv4.flatMap { IPv4Network($0, prefixLength: prefixLength) }
  }
}
