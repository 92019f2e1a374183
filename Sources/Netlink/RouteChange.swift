/// Something that changed in the kernel's links and addresses.
public enum RouteChange: Hashable, Sendable {
  /// A link appeared or changed; this is what it is now.
  case link(Link)
  /// A link was deleted or moved to another network namespace.
  case linkRemoved(index: Int32, name: String)
  /// An address was added or renewed; this is what it is now.
  case address(LinkAddress)
  /// An address was removed by somebody, or its lifetime ended.
  case addressRemoved(LinkAddress)
}
