import Glibc
import Internet

extension IPAddress {
  /// Lends this address as a socket address. `linkIndex` says which link a link-local address is about.
  func withSocketAddress<Result>(
    linkIndex: Int32, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result
  ) -> Result {
    switch self {
    case .ipv4(let address):
      var ipv4 = sockaddr_in()
      ipv4.sin_family = sa_family_t(AF_INET)
      ipv4.sin_addr = in_addr(address)
      return lend(&ipv4, body)
    case .ipv6(let address):
      var ipv6 = sockaddr_in6()
      ipv6.sin6_family = sa_family_t(AF_INET6)
      ipv6.sin6_addr = in6_addr(address)
      if address.isLinkLocal || address.isMulticast { ipv6.sin6_scope_id = UInt32(linkIndex) }
      return lend(&ipv6, body)
    }
  }

  private func lend<Address, Result>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result
  ) -> Result {
    withUnsafeBytes(of: &address) {
      body($0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
    }
  }
}

extension in_addr {
  init(_ address: IPv4Address) { self.init(s_addr: address.bits.bigEndian) }
}

extension in6_addr {
  init(_ address: IPv6Address) {
    self = unsafeBitCast((address.high.bigEndian, address.low.bigEndian), to: in6_addr.self)
  }
}
