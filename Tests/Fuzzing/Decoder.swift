/// A decoder of what comes from outside, and what must hold for every input.
struct Decoder: Sendable, CustomStringConvertible {
  /// As that of its folder in `corpus`.
  let name: String
  /// Decodes the input; throws if what came out breaks a promise.
  let check: @Sendable ([UInt8]) throws(Violation) -> Void

  static let all = [
    Decoder(name: "vrrp", check: VRRPProperties.check),
    Decoder(name: "neighbor", check: NeighborProperties.check),
    Decoder(name: "netlink", check: NetlinkProperties.check),
    Decoder(name: "ipv4header", check: IPv4HeaderProperties.check),
    Decoder(name: "configuration", check: ConfigurationProperties.check),
    Decoder(name: "values", check: ValueProperties.check),
    Decoder(name: "keepalived", check: KeepalivedProperties.check),
  ]

  var description: String { name }
}

/// A promise that a decoder broke.
struct Violation: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Throws `message` unless `holds`.
func demand(_ holds: Bool, _ message: @autoclosure () -> String) throws(Violation) {
  if !holds { throw Violation(message()) }
}
