import Internet

@testable import Linux

/// What must hold for every datagram of an IPv4 raw socket.
enum IPv4HeaderProperties {
  static func check(_ input: [UInt8]) throws(Violation) {
    guard let header = IPv4Header(input.span) else { return }
    try demand(header.payload.upperBound <= input.count, "the payload ends at \(header.payload.upperBound)")
    if header.payload.isEmpty { return }
    try demand(header.payload.lowerBound >= 20, "the payload begins at \(header.payload.lowerBound)")
    var frame: [UInt8] = []
    var outer = VRRPFrame(source: .ipv4(header.source), hardwareSource: .zero)
    outer.destination = .ipv4(header.destination)
    outer.encode(input.span.extracting(header.payload), into: &frame)
    let datagram = Array(frame.dropFirst(14))
    guard let again = IPv4Header(datagram.span) else { throw Violation("encoded again it is refused") }
    try demand(
      again.source == header.source && again.destination == header.destination && again.ttl == 255,
      "encoded again: \(again)")
    try demand(datagram[again.payload] == input[header.payload], "another payload")
  }
}
