import CNetlink
import Glibc
import Internet
import Netlink

/// libnl's object for a route, from which it builds requests.
final class RouteObject {
  private static let operation = "building a route request"

  private let route: OpaquePointer
  private let family: AddressFamily

  init(_ request: Route) throws(LinuxError) {
    guard let route = rtnl_route_alloc() else { throw LinuxError(Self.operation, errno: ENOMEM) }
    self.route = route
    family = request.family
    try check(rtnl_route_set_family(route, UInt8(family.number)))
    let destination = try NetlinkAddress(request.destination)
    try check(rtnl_route_set_dst(route, destination.pointer))
    rtnl_route_set_protocol(route, request.protocolNumber)
    rtnl_route_set_table(route, request.table)
    if request.metric != 0 { rtnl_route_set_priority(route, request.metric) }
    if let source = request.source {
      let binary = try NetlinkAddress(source)
      try check(rtnl_route_set_pref_src(route, binary.pointer))
    }
    try addHop(request)
  }

  deinit { rtnl_route_put(route) }

  private func addHop(_ request: Route) throws(LinuxError) {
    guard let hop = rtnl_route_nh_alloc() else { throw LinuxError(Self.operation, errno: ENOMEM) }
    // The route frees it.
    rtnl_route_add_nexthop(route, hop)
    rtnl_route_nh_set_ifindex(hop, request.linkIndex)
    if let gateway = request.gateway {
      let binary = try NetlinkAddress(gateway)
      rtnl_route_nh_set_gateway(hop, binary.pointer)
    }
  }

  func additionMessage() throws(LinuxError) -> NetlinkMessage {
    // Without NLM_F_EXCL, IPv4 puts the route before its like, and IPv6 shares the load between them.
    let flags = family == .ipv4 ? NLM_F_CREATE : NLM_F_CREATE | NLM_F_EXCL
    return try NetlinkMessage(Self.operation) { rtnl_route_build_add_request(route, flags, $0) }
  }

  func removalMessage() throws(LinuxError) -> NetlinkMessage {
    try NetlinkMessage(Self.operation) { rtnl_route_build_del_request(route, 0, $0) }
  }

  private func check(_ result: Int32) throws(LinuxError) {
    try LinuxError.check(result, Self.operation)
  }
}
