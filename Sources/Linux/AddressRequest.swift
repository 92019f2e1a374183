public import Internet

/// An address to put on a link.
public struct AddressRequest: Hashable, Sendable {
  /// IFA_PROTO of every address that vipd adds, VRRP's IP protocol number: it tells them from the
  /// host's own, also those that an earlier vipd left behind.
  public static let protocolNumber: UInt8 = 112

  /// The address and its prefix length. An existing address with another length is another address.
  public var network: IPv4Network
  /// Index of the link that gets the address.
  public var linkIndex: Int32
  /// IFA_LABEL, at most 15 bytes; nil for the link's name.
  public var label: String?
  /// How far the address is valid.
  public var scope: AddressScope
  /// Time after which the kernel removes the address, rounded up to whole seconds of at least one;
  /// nil for a permanent address.
  public var validLifetime: Duration?

  /// A request for `network` on the link with index `linkIndex`.
  public init(
    network: IPv4Network, linkIndex: Int32, label: String? = nil, scope: AddressScope = .global,
    validLifetime: Duration?
  ) {
    self.network = network
    self.linkIndex = linkIndex
    self.label = label
    self.scope = scope
    self.validLifetime = validLifetime
  }
}
