/// Something that changed in the kernel's links, addresses, routes and settings, as rtnetlink(7) tells everybody.
public enum RouteChange: Hashable, Sendable {
  /// A link appeared or changed; this is what it is now.
  case link(Link)
  /// A link was deleted or moved to another network namespace.
  case linkRemoved(index: Int32, name: String)
  /// An address was added or renewed; this is what it is now.
  case address(LinkAddress)
  /// An address was removed by somebody, or its lifetime ended.
  case addressRemoved(LinkAddress)
  /// A default route of the main table, or one of vipd's own routes, was added.
  ///
  /// The kernel removes the routes of a link that goes down, and IPv4 routes whose source goes, without a word.
  case route(Route)
  /// The same behind others of its destination, metric and table (NLM_F_APPEND).
  case routeAppended(Route)
  /// A route, whosever it is, took the place of the first one of the same destination, metric and table, as `ip route
  /// replace` does; that this one went nobody tells.
  case routeReplaced(Route)
  /// Such a route was removed. Of one with several hops over IPv6, the hop that went.
  case routeRemoved(Route)
  /// The nexthop object of this number was changed or removed, and with it the routes by it, of which the kernel need not
  /// tell.
  case nexthop(UInt32)
  /// Whether this host is an IPv6 router on the link with this index.
  case forwarding(linkIndex: Int32, Bool)
}
