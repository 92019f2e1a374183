public import Internet

/// A link with a virtual router's hardware address, stacked on the link that the virtual router serves.
public struct MacvlanRequest: Hashable, Sendable {
  /// The new link's name, at most 15 bytes.
  public var name: String
  /// Index of the link below.
  public var parentIndex: Int32
  /// The hardware address, `00:00:5e:00:01:` and the VRID (RFC 9568 §7.3).
  public var hardware: MACAddress

  /// A request for `name` with `hardware` on the link with index `parentIndex`.
  public init(name: String, parentIndex: Int32, hardware: MACAddress) {
    self.name = name
    self.parentIndex = parentIndex
    self.hardware = hardware
  }
}
