import CLinux
import CNetlink
import Glibc
import Internet
import Netlink

/// libnl's object for a link, from which it builds requests.
final class LinkObject {
  private static let operation = "building a link request"

  private let link: OpaquePointer

  init() throws(LinuxError) {
    guard let link = rtnl_link_alloc() else { throw LinuxError(Self.operation, errno: ENOMEM) }
    self.link = link
  }

  /// A macvlan that does not exist yet.
  init(_ request: MacvlanRequest) throws(LinuxError) {
    guard let link = rtnl_link_alloc() else { throw LinuxError(Self.operation, errno: ENOMEM) }
    self.link = link
    rtnl_link_set_name(link, request.name)
    rtnl_link_set_link(link, request.parentIndex)
    let hardware = try NetlinkAddress(request.hardware)
    rtnl_link_set_addr(link, hardware.pointer)
    try check(rtnl_link_set_type(link, "macvlan"))
    try check(rtnl_link_macvlan_set_mode(link, UInt32(MACVLAN_MODE_BRIDGE.rawValue)))
  }

  deinit { rtnl_link_put(link) }

  /// An `IPV4_DEVCONF_*` setting of the link (ip-sysctl).
  func setIPv4<Setting: BinaryInteger>(_ setting: Setting, _ value: UInt32) throws(LinuxError) {
    try check(rtnl_link_inet_set_conf(link, UInt32(setting), value))
  }

  /// No link-local address that the kernel makes up.
  func setNoIPv6Address() throws(LinuxError) {
    try check(rtnl_link_inet6_set_addr_gen_mode(link, UInt8(IN6_ADDR_GEN_MODE_NONE.rawValue)))
  }

  func setUp(_ isUp: Bool) {
    let flags = UInt32(VIP_IFF_UP)
    if isUp { rtnl_link_set_flags(link, flags) } else { rtnl_link_unset_flags(link, flags) }
  }

  /// A request that makes the link; refused if there is one of its name.
  func additionMessage() throws(LinuxError) -> NetlinkMessage {
    try NetlinkMessage(Self.operation) {
      rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, $0)
    }
  }

  /// A request that sets on the link with index `linkIndex` what was set here.
  func changeMessage(_ linkIndex: Int32) throws(LinuxError) -> NetlinkMessage {
    let unchanged = try LinkObject()
    rtnl_link_set_ifindex(unchanged.link, linkIndex)
    return try NetlinkMessage(Self.operation) {
      rtnl_link_build_change_request(unchanged.link, link, 0, $0)
    }
  }

  /// A request that deletes the link with index `linkIndex`.
  static func removalMessage(_ linkIndex: Int32) throws(LinuxError) -> NetlinkMessage {
    let object = try LinkObject()
    rtnl_link_set_ifindex(object.link, linkIndex)
    return try NetlinkMessage(Self.operation) { rtnl_link_build_delete_request(object.link, $0) }
  }

  private func check(_ result: Int32) throws(LinuxError) {
    try LinuxError.check(result, Self.operation)
  }
}
