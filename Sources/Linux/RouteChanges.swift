import CNetlink
import Internet
public import Netlink

extension RouteRequests {
  /// Every route that vipd added by the link with index `linkIndex`, in whatever table. Answered at once.
  public func routes(on linkIndex: Int32) throws(LinuxError) -> [RouteRequest] {
    var routes: [RouteRequest] = []
    for family in AddressFamily.allCases {
      routes += try dump(Int32(RTM_GETROUTE), family: family.number) { $0.ownRoute }
    }
    return routes.filter { $0.linkIndex == linkIndex }
  }

  /// Asks the kernel to add a route. The answer carries the returned sequence number.
  ///
  /// The kernel answers `exists` if the route is there; for IPv6 also if another one has its destination and
  /// metric. An IPv4 route goes before others of its destination and metric, such as the host's own, which
  /// stay. The source must be there, else the answer is EINVAL.
  public func add(_ request: RouteRequest) throws(LinuxError) -> UInt32 {
    let route = try RouteObject(request)
    return try changes.send(route.additionMessage(), "adding a route")
  }

  /// Asks the kernel to remove a route that vipd added, never one of another protocol. The answer carries the
  /// returned sequence number; of a route that is not there it says `routeMissing`.
  public func remove(_ request: RouteRequest) throws(LinuxError) -> UInt32 {
    let route = try RouteObject(request)
    return try changes.send(route.removalMessage(), "removing a route")
  }
}
