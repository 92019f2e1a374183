/// How far an address is valid (rtnetlink(7), `enum rt_scope_t`).
public struct AddressScope: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The kernel's number.
  public let rawValue: UInt8

  /// The scope with the kernel's number `rawValue`.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Valid everywhere (RT_SCOPE_UNIVERSE); what ip(8) calls `global`.
  public static let global = AddressScope(rawValue: 0)
  /// Valid on this link only (RT_SCOPE_LINK).
  public static let link = AddressScope(rawValue: 253)
  /// Valid in this host only (RT_SCOPE_HOST).
  public static let host = AddressScope(rawValue: 254)
  /// Those that an address can usefully have.
  public static let named: [AddressScope] = [.global, .link, .host]

  /// ip(8)'s name, or the kernel's number.
  public var description: String {
    switch self {
    case .global: "global"
    case .link: "link"
    case .host: "host"
    default: String(rawValue)
    }
  }
}
