import CNetlink
import Glibc
public import Netlink

/// Hears of every change to links, addresses and the routes that ``Snapshot`` lists, in this network namespace and
/// whoever made it.
public final class RouteMonitor {
  /// Datagrams read by one ``receive(_:)``, so that a storm of changes leaves the loop time for the rest.
  private static let datagramsPerReceive = 128
  /// Octets; a change takes about 1 KiB, so this holds the deletion of some thousand links.
  private static let receiveBuffer: Int32 = 4 << 20

  private let socket: NetlinkSocket

  /// Starts to listen. Take a snapshot afterwards, so that nothing falls in between.
  public convenience init() throws(LinuxError) {
    try self.init(receiveBuffer: Self.receiveBuffer)
  }

  init(receiveBuffer: Int32) throws(LinuxError) {
    socket = try NetlinkSocket()
    try socket.setNonBlocking()
    // rmem_max does not bind who has CAP_NET_ADMIN; without it the default has to do.
    try? socket.set(SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer)
    try socket.join(RTNLGRP_LINK)
    try socket.join(RTNLGRP_IPV4_IFADDR)
    try socket.join(RTNLGRP_IPV6_IFADDR)
    try socket.join(RTNLGRP_IPV4_ROUTE)
    try socket.join(RTNLGRP_IPV6_ROUTE)
  }

  /// Becomes readable when changes wait.
  public var fd: Int32 { socket.fd }

  /// Hands the changes that wait, or the first many of them, to `body`, oldest first.
  ///
  /// Returns whether the changes are complete: false means that the kernel dropped some because nobody
  /// read them in time (ENOBUFS), so that the caller must take new snapshots. The rest is still there
  /// to be received.
  public func receive(_ body: (RouteChange) -> Void) throws(LinuxError) -> Bool {
    do {
      for _ in 0..<Self.datagramsPerReceive {
        let received = try socket.receive("reading netlink changes") { header in
          if let change = RouteChange(RouteMessage(header)) { body(change) }
        }
        if !received { break }
      }
      return true
    } catch {
      guard error.kind == .overflow else { throw error }
      return false
    }
  }
}

extension RouteChange {
  init?(_ message: RouteMessage) {
    if let link = message.link {
      self =
        message.type == RTM_DELLINK ? .linkRemoved(index: link.index, name: link.name) : .link(link)
    } else if let address = message.address {
      self = message.type == RTM_DELADDR ? .addressRemoved(address) : .address(address)
    } else if let route = message.route {
      if message.type == RTM_DELROUTE {
        self = .routeRemoved(route)
      } else {
        self = message.has(NLM_F_REPLACE) ? .routeReplaced(route) : .route(route)
      }
    } else {
      return nil
    }
  }
}
