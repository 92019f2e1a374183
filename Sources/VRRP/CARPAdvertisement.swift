/// What the Common Address Redundancy Protocol says (OpenBSD, FreeBSD, pfSense, ucarp; netinet/ip_carp.h).
///
/// It has the IP protocol, the group, the TTL and the virtual hardware addresses of VRRP, and begins as version 2 does,
/// but it is another protocol: neither hears the other.
public struct CARPAdvertisement: Hashable, Sendable {
  /// Its number on the link, as a VRID.
  public let virtualHostID: UInt8

  /// `struct carp_header`: eight octets, a counter of eight, and twenty of HMAC-SHA1.
  private static let length = 36
  private static let versionAndType: UInt8 = 0x21
  /// carp_authlen: counter and HMAC, in words of four octets. Where VRRP counts its addresses, of which seven make
  /// a message of version 2 44 octets long.
  private static let authenticationLength: UInt8 = 7

  /// nil if `message` is something else, such as VRRP.
  public init?(_ message: Span<UInt8>) {
    guard message.count == Self.length, message[0] == Self.versionAndType,
      message[3] == Self.authenticationLength
    else { return nil }
    virtualHostID = message[1]
  }
}
