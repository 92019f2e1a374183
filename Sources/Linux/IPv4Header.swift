import Internet

/// The IPv4 header (RFC 791 §3.1) that the kernel leaves on what a raw socket receives.
struct IPv4Header {
  let source: IPv4Address
  let destination: IPv4Address
  let ttl: UInt8
  /// Where the payload lies in the datagram.
  let payload: Range<Int>

  /// nil unless `datagram` is at least as long as its header says that it and the payload are.
  init?(_ datagram: Span<UInt8>) {
    guard datagram.count >= 20, datagram[0] >> 4 == 4 else { return nil }
    let headerLength = Int(datagram[0] & 0x0F) * 4
    let totalLength = Int(datagram[2]) << 8 | Int(datagram[3])
    guard headerLength >= 20, totalLength >= headerLength else { return nil }
    ttl = datagram[8]
    source = IPv4Address(datagram, at: 12)
    destination = IPv4Address(datagram, at: 16)
    payload = totalLength <= datagram.count ? headerLength..<totalLength : 0..<0
  }
}
