public import Internet

/// The way out of the subnet.
public struct DefaultRoute: Hashable, Sendable {
  /// Index of the link that the route leaves by.
  public let linkIndex: Int32
  /// The router; nil on a point-to-point link or when the next hop is of the other family.
  public let gateway: IPAddress?

  /// A way out by the link with index `linkIndex`.
  public init(linkIndex: Int32, gateway: IPAddress?) {
    self.linkIndex = linkIndex
    self.gateway = gateway
  }
}
