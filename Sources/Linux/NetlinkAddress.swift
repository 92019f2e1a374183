import CNetlink
import Glibc
import Internet

extension AddressFamily {
  /// `AF_INET` or `AF_INET6`.
  var number: Int32 { self == .ipv4 ? AF_INET : AF_INET6 }
}

/// libnl's object for an IP address, a subnet or a hardware address.
struct NetlinkAddress: ~Copyable {
  let pointer: OpaquePointer

  init(_ network: IPNetwork) throws(LinuxError) {
    try self.init(network.address)
    nl_addr_set_prefixlen(pointer, Int32(network.prefixLength))
  }

  /// A host: its prefix is as long as the address.
  init(_ address: IPAddress) throws(LinuxError) {
    var octets: [UInt8] = []
    octets.append(address)
    try self.init(octets, family: address.family.number)
  }

  init(_ address: MACAddress) throws(LinuxError) {
    var octets: [UInt8] = []
    octets.append(address)
    try self.init(octets, family: AF_LLC)
  }

  private init(_ octets: [UInt8], family: Int32) throws(LinuxError) {
    guard let pointer = nl_addr_build(family, octets, octets.count) else {
      throw LinuxError("building a netlink message", errno: ENOMEM)
    }
    self.pointer = pointer
  }

  deinit { nl_addr_put(pointer) }
}

extension IPAddress {
  /// What libnl's `address` holds; nil unless it is a whole IP address.
  init?(_ address: OpaquePointer) {
    let count = Int(nl_addr_get_len(address))
    let octets = UnsafeRawBufferPointer(start: nl_addr_get_binary_addr(address), count: count)
    switch (nl_addr_get_family(address), count) {
    case (AF_INET, 4): self = .ipv4(IPv4Address(octets.bindMemory(to: UInt8.self).span, at: 0))
    case (AF_INET6, 16): self = .ipv6(IPv6Address(octets.bindMemory(to: UInt8.self).span, at: 0))
    default: return nil
    }
  }
}
