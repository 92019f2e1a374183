import CNetlink
import Glibc
import Internet
import Netlink

@testable import Linux

/// What must hold for every datagram of rtnetlink.
enum NetlinkProperties {
  static func check(_ input: [UInt8]) throws(Violation) {
    // In memory that ends where the datagram does, so that a sanitizer sees who reads on.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, input.count), alignment: 16)
    defer { memory.deallocate() }
    memory.copyBytes(from: input)
    var remaining = Int32(input.count)
    guard var header = memory.baseAddress?.assumingMemoryBound(to: nlmsghdr.self) else { return }
    while nlmsg_ok(header, remaining) != 0 {
      try check(RouteMessage(header))
      header = nlmsg_next(header, &remaining)
    }
  }

  private static func check(_ message: RouteMessage) throws(Violation) {
    if let error = message.outcome(of: "asking")?.error {
      try demand(!error.description.isEmpty, "an error without words")
    }
    if let link = message.link {
      try demand(!link.name.utf8.contains(0), "the name \(link.name)")
      try demand(link.kind?.utf8.contains(0) != true, "the kind \(link.kind ?? "")")
    }
    if let address = message.address { try checkRoundTrip(of: address) }
    if let route = message.route { try checkRoundTrip(of: route) }
    try demand(
      (RouteChange(message) != nil)
        == (message.link != nil || message.address != nil || message.route != nil), "an unseen change")
  }

  /// What the kernel would be asked for to get the same address, read as if the kernel had said it.
  static func checkRoundTrip(of address: LinkAddress) throws(Violation) {
    // The kernel gives labels to IPv4 addresses only, and none that libnl would not send.
    let label = address.network.address.family == .ipv4 ? address.label : nil
    guard label?.isEmpty != true, label?.utf8.count ?? 0 <= 15 else { return }
    // libnl builds no request with such a prefix, and no configuration asks for one.
    if address.network.prefixLength == 0 { return }
    let request = AddressRequest(
      network: address.network, linkIndex: address.linkIndex, label: label, scope: address.scope,
      validLifetime: address.validLifetime)
    let again: LinkAddress?
    do throws(LinuxError) {
      let message = try AddressObject(request).additionMessage()
      again = RouteMessage(nlmsg_hdr(message.pointer)).address
    } catch {
      throw Violation("\(request): \(error)")
    }
    let lifetime = address.validLifetime.map { min(max($0, .seconds(1)), .seconds(Int64(UInt32.max - 1))) }
    try demand(
      again?.network == address.network && again?.linkIndex == address.linkIndex && again?.label == label
        && again?.validLifetime == lifetime && again?.protocolNumber == AddressRequest.protocolNumber
        && (again?.scope == address.scope || label == nil),
      "\(address), asked for again: \(again.map { "\($0)" } ?? "nothing")")
  }

  static func checkRoundTrip(of route: Route) throws(Violation) {
    // A route that took the place of another one is told of, whosever it is; nobody asks for one of those.
    guard route.isListed else { return }
    let again: Route?
    do throws(LinuxError) {
      let message = try RouteObject(route).additionMessage()
      again = RouteMessage(nlmsg_hdr(message.pointer)).route
    } catch {
      throw Violation("\(route): \(error)")
    }
    try demand(again == route, "\(route), asked for again: \(again.map { "\($0)" } ?? "nothing")")
  }
}
