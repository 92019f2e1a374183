import CNetlink
import Glibc
import Internet

/// libnl's object for an address, from which it builds requests.
final class AddressObject {
  private let address: OpaquePointer

  init(_ request: AddressRequest) throws(LinuxError) {
    guard let address = rtnl_addr_alloc() else { throw Self.outOfMemory }
    self.address = address
    rtnl_addr_set_family(address, AF_INET)
    rtnl_addr_set_ifindex(address, request.linkIndex)
    rtnl_addr_set_scope(address, Int32(request.scope.rawValue))
    try set(request.network.address, prefixLength: request.network.prefixLength, rtnl_addr_set_local)
    if let broadcast = request.network.broadcast {
      try set(broadcast, prefixLength: 32, rtnl_addr_set_broadcast)
    }
    if let label = request.label { try check(rtnl_addr_set_label(address, label)) }
    if let lifetime = request.validLifetime { set(lifetime: lifetime) }
  }

  deinit { rtnl_addr_put(address) }

  /// A request that adds the address, or renews its lifetime if it is there.
  func additionMessage() throws(LinuxError) -> NetlinkMessage {
    var message: OpaquePointer?
    try check(rtnl_addr_build_add_request(address, NLM_F_CREATE | NLM_F_REPLACE, &message))
    guard let message else { throw Self.outOfMemory }
    let addition = NetlinkMessage(adopting: message)
    // libnl 3.7 does not know this attribute; kernels before 5.18 ignore it.
    try addition.put(IFA_PROTO, AddressRequest.protocolNumber)
    return addition
  }

  /// A request that removes the address, whatever its label.
  func removalMessage() throws(LinuxError) -> NetlinkMessage {
    var message: OpaquePointer?
    try check(rtnl_addr_build_delete_request(address, 0, &message))
    guard let message else { throw Self.outOfMemory }
    return NetlinkMessage(adopting: message)
  }

  private static var outOfMemory: LinuxError { LinuxError("building an address request", errno: ENOMEM) }

  private func check(_ result: Int32) throws(LinuxError) {
    guard result >= 0 else { throw LinuxError("building an address request", netlink: result) }
  }

  private func set(
    _ value: IPv4Address, prefixLength: Int, _ setter: (OpaquePointer?, OpaquePointer?) -> Int32
  ) throws(LinuxError) {
    var bits = value.bits.bigEndian
    guard let binary = nl_addr_build(AF_INET, &bits, MemoryLayout<UInt32>.size) else {
      throw Self.outOfMemory
    }
    defer { nl_addr_put(binary) }
    nl_addr_set_prefixlen(binary, Int32(prefixLength))
    try check(setter(address, binary))
  }

  /// The kernel counts in seconds and reads all ones as "for ever".
  private func set(lifetime: Duration) {
    let (seconds, attoseconds) = lifetime.components
    let whole = UInt32(clamping: max(1, attoseconds > 0 ? seconds + 1 : seconds))
    rtnl_addr_set_valid_lifetime(address, min(whole, .max - 1))
    rtnl_addr_set_preferred_lifetime(address, min(whole, .max - 1))
  }
}
