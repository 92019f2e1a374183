import CNetlink
import Glibc
import Internet
import Netlink

/// libnl's object for an address, from which it builds requests.
final class AddressObject {
  private static let operation = "building an address request"

  private let address: OpaquePointer

  init(_ request: AddressRequest) throws(LinuxError) {
    guard let address = rtnl_addr_alloc() else { throw LinuxError(Self.operation, errno: ENOMEM) }
    self.address = address
    rtnl_addr_set_family(address, request.network.address.family.number)
    rtnl_addr_set_ifindex(address, request.linkIndex)
    let local = try NetlinkAddress(request.network)
    try check(rtnl_addr_set_local(address, local.pointer))
    switch request.network.address.family {
    case .ipv4: try setIPv4(request)
    case .ipv6: setIPv6(request)
    }
  }

  deinit { rtnl_addr_put(address) }

  /// A request that adds the address, or renews its lifetime if it is there.
  func additionMessage() throws(LinuxError) -> NetlinkMessage {
    let addition = try NetlinkMessage(Self.operation) {
      rtnl_addr_build_add_request(address, NLM_F_CREATE | NLM_F_REPLACE, $0)
    }
    // libnl 3.7 does not know this attribute; kernels before 5.18 ignore it.
    try addition.put(IFA_PROTO, AddressRequest.protocolNumber)
    return addition
  }

  /// A request that removes the address, whatever its label.
  func removalMessage() throws(LinuxError) -> NetlinkMessage {
    try NetlinkMessage(Self.operation) { rtnl_addr_build_delete_request(address, 0, $0) }
  }

  private func check(_ result: Int32) throws(LinuxError) {
    try LinuxError.check(result, Self.operation)
  }

  private func setIPv4(_ request: AddressRequest) throws(LinuxError) {
    rtnl_addr_set_scope(address, Int32(request.scope.rawValue))
    if let broadcast = request.network.broadcast {
      let binary = try NetlinkAddress(.ipv4(broadcast))
      try check(rtnl_addr_set_broadcast(address, binary.pointer))
    }
    if !request.addsPrefixRoute { rtnl_addr_set_flags(address, UInt32(IFA_F_NOPREFIXROUTE)) }
    if let label = request.label { try check(rtnl_addr_set_label(address, label)) }
    if let lifetime = request.validLifetime {
      let seconds = Self.seconds(lifetime)
      rtnl_addr_set_valid_lifetime(address, seconds)
      rtnl_addr_set_preferred_lifetime(address, seconds)
    }
  }

  private func setIPv6(_ request: AddressRequest) {
    // Detection takes over a second in which the address does not answer, and vipd has asked before.
    var flags = UInt32(IFA_F_NODAD)
    if !request.addsPrefixRoute { flags |= UInt32(IFA_F_NOPREFIXROUTE) }
    rtnl_addr_set_flags(address, flags)
    rtnl_addr_set_valid_lifetime(address, request.validLifetime.map(Self.seconds) ?? .max)
    // Deprecated (RFC 4862 §5.5.4): it answers, and is never chosen as source of new connections.
    rtnl_addr_set_preferred_lifetime(address, 0)
  }

  /// The kernel counts in seconds and reads all ones as "for ever".
  private static func seconds(_ lifetime: Duration) -> UInt32 {
    let (seconds, attoseconds) = lifetime.components
    return min(UInt32(clamping: max(1, attoseconds > 0 ? seconds + 1 : seconds)), .max - 1)
  }
}
