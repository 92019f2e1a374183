import Glibc
import Internet

@testable import Configuration

/// What must hold for every text where an address, a route or a time span is expected.
enum ValueProperties {
  static func check(_ input: [UInt8]) throws(Violation) {
    let text = String(decoding: input, as: UTF8.self)
    if let span = TimeSpan.parse(text) {
      let printed = TimeSpan.text(span)
      try demand(TimeSpan.parse(printed) == span, "\(span) is printed as \(printed)")
    }
    if let route = VirtualRoute(text) {
      try demand(VirtualRoute(route.description) == route, "\(route)")
    }
    if let gateway = Gateway(text) { try demand(Gateway(gateway.description) == gateway, "\(gateway)") }
    try checkAddress(text, .ipv4, AF_INET)
    try checkAddress(text, .ipv6, AF_INET6)
  }

  /// inet_pton(3) and inet_ntop(3) are the judges.
  private static func checkAddress(
    _ text: String, _ family: AddressFamily, _ number: Int32
  ) throws(Violation) {
    // C's strings end where ours go on.
    if text.utf8.contains(0) { return }
    let address = IPAddress(text).flatMap { $0.family == family ? $0 : nil }
    let octets = libraryOctets(of: text, number)
    try demand(address.map(self.octets) == octets, "\(text) is \(octets.map { "\($0)" } ?? "refused") in C")
    guard let address, let octets else { return }
    try demand(IPAddress(address.description) == address, "\(address) is not what it prints")
    try demand(libraryOctets(of: address.description, number) == octets, "\(address) is another in C")
    var printed = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    _ = inet_ntop(number, octets, &printed, socklen_t(printed.count))
    let bytes = printed.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let library = String(decoding: bytes, as: UTF8.self)
    try demand(IPAddress(library) == address, "\(library) is not \(address)")
  }

  private static func octets(_ address: IPAddress) -> [UInt8] {
    (0..<address.octetCount).map { address[$0] }
  }

  private static func libraryOctets(of text: String, _ number: Int32) -> [UInt8]? {
    var octets = [UInt8](repeating: 0, count: number == AF_INET ? 4 : 16)
    return inet_pton(number, text, &octets) == 1 ? octets : nil
  }
}
