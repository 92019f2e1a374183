public import Internet

/// A reference: a station, usually a router, whose answers show that this host is on the network.
public enum Gateway: Hashable, Sendable, CustomStringConvertible {
  /// That of the default route, if it leaves by the VIP's interface.
  case auto
  /// None, which stands alone: what other stations send anyway must do.
  case none
  /// This one.
  case address(IPAddress)

  /// The router to ask, where `defaultGateway` is that of the default route by the VIP's interface; nil for none.
  public func address(defaultGateway: IPAddress?) -> IPAddress? {
    switch self {
    case .auto: defaultGateway
    case .none: nil
    case .address(let address): address
    }
  }

  init?(_ text: String) {
    switch text {
    case "auto": self = .auto
    case "none": self = .none
    default:
      guard let address = IPAddress(text), address.isUsableByHost else { return nil }
      self = .address(address)
    }
  }

  /// As in a file.
  public var description: String {
    switch self {
    case .auto: "auto"
    case .none: "none"
    case .address(let address): "\(address)"
    }
  }
}
