import Internet
import Netlink

/// Addresses of this host that cannot be used because of duplicate address detection (RFC 4862 §5.4).
enum DuplicateDetection {
  /// Of the link with this name and index, among all `addresses` of the host.
  static func findings(_ name: String, index: Int32, among addresses: [LinkAddress]) -> [Finding] {
    addresses.filter { $0.linkIndex == index && !$0.isUsable }.map { address in
      let ip = address.network.address
      let isNeeded = ip.ipv6?.isLinkLocal == true
      let consequence =
        isNeeded
        ? ": vipd cannot send from it, and does not take part over IPv6" : ": nothing can be sent from it"
      guard address.isDuplicate else {
        return .note(
          "addresses",
          "\(name) waits for the end of duplicate detection of \(ip), which takes a second or two")
      }
      let text =
        "another station has \(ip) of \(name), too (duplicate address detection failed)\(consequence)"
      let remedy =
        "find it: a clone of this machine with the same hardware address? Then make it another one, and on this host: "
        + "ip address del \(address.network) dev \(name), and add again"
      return isNeeded ? .bad("addresses", text, remedy) : .note("addresses", text, remedy)
    }
  }
}
