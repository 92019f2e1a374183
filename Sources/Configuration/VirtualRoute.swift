public import Internet

/// A route that the owner of the VIP has, in words of ip-route(8): `default via 192.168.1.1 src 192.168.1.219`.
public struct VirtualRoute: Hashable, Sendable, CustomStringConvertible {
  /// Where it leads; nil for everywhere.
  public var destination: IPNetwork?
  /// `via`: the router; nil for destinations on the link.
  public var gateway: IPAddress?
  /// `src`: the source of connections by this route; nil for the kernel's choice.
  public var source: IPAddress?
  /// `metric`; nil for the kernel's default.
  public var metric: UInt32?
  /// `table`; nil for the main one.
  public var table: UInt32?

  /// The family of all its addresses.
  public var family: AddressFamily {
    destination?.address.family ?? gateway?.family ?? source?.family ?? .ipv4
  }

  /// The route that `text` names; nil if it is none.
  public init?(_ text: String) {
    var words = text.split(separator: " ").map(String.init)[...]
    guard let first = words.popFirst() else { return nil }
    if first != "default" {
      guard let network = Self.network(first) else { return nil }
      destination = network
    }
    while let key = words.popFirst() {
      guard let value = words.popFirst(), take(key, value) else { return nil }
    }
    let families = Set([destination?.address.family, gateway?.family, source?.family].compactMap { $0 })
    // A default route without a router would take every address for a neighbour.
    guard families.count == 1, destination != nil || gateway != nil else { return nil }
  }

  private mutating func take(_ key: String, _ value: String) -> Bool {
    switch key {
    case "via": return Self.set(&gateway, IPAddress(value).flatMap { $0.isUsableByHost ? $0 : nil })
    case "src": return Self.set(&source, IPAddress(value).flatMap { $0.isUsableByHost ? $0 : nil })
    case "metric": return Self.set(&metric, Self.number(value))
    case "table": return Self.set(&table, Self.number(value))
    default: return false
    }
  }

  /// Each word once.
  private static func set<Value>(_ place: inout Value?, _ value: Value?) -> Bool {
    guard place == nil, let value else { return false }
    place = value
    return true
  }

  private static func number(_ text: String) -> UInt32? {
    Decimal.parse(text.utf8, in: 1...Int(UInt32.max)).map { UInt32($0) }
  }

  /// A whole address, or a subnet's without host bits, as ip(8) takes it.
  private static func network(_ text: String) -> IPNetwork? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(parts[0]) else { return nil }
    guard parts.count == 2 else { return IPNetwork(address, prefixLength: address.family.width) }
    guard let length = Decimal.parse(parts[1].utf8, in: 1...address.family.width),
      let network = IPNetwork(address, prefixLength: length), network.subnet == address
    else { return nil }
    return network
  }

  /// As in a file.
  public var description: String {
    var text = destination.map(\.description) ?? "default"
    if let gateway { text += " via \(gateway)" }
    if let source { text += " src \(source)" }
    if let metric { text += " metric \(metric)" }
    if let table { text += " table \(table)" }
    return text
  }
}
