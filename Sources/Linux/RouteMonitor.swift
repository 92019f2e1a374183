import CNetlink
import Glibc
public import Netlink

/// Hears of every change to links, addresses, and the routes and settings that ``Snapshot`` lists, in this network namespace and
/// whoever made it.
public final class RouteMonitor {
  /// Datagrams read by one ``read(_:)``, so that a storm of changes leaves the loop time for the rest.
  private static let datagramsPerReading = 128
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
    try socket.join(RTNLGRP_IPV6_NETCONF)
    try socket.join(RTNLGRP_NEXTHOP)
  }

  /// Hears less from now on; what waits already stays. At most some thousand addresses fit.
  public func follow(_ filter: NewsFilter) throws(LinuxError) {
    try FilterInstruction.attach(NewsProgram.instructions(filter), to: socket.fd)
  }

  /// Becomes readable when changes wait.
  public var fd: Int32 { socket.fd }

  /// How far ``read(_:)`` came.
  public enum Reading: Hashable, Sendable {
    /// Nothing waits any more.
    case all
    /// More may wait.
    case some
    /// The kernel dropped changes because nobody read them in time (ENOBUFS): only a new snapshot tells what they
    /// were. More may wait.
    case lost
  }

  /// Hands the changes that wait, or the first many of them, to `body`, oldest first. Ends with a loss.
  public func read(_ body: (RouteChange) -> Void) -> Reading {
    do {
      for _ in 0..<Self.datagramsPerReading {
        let received = try socket.receive("reading netlink changes") { header in
          if let change = RouteChange(RouteMessage(header)) { body(change) }
        }
        if !received { return .all }
      }
      return .some
    } catch {
      // Whatever it was, a change may be missing.
      return .lost
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
        self =
          message.has(NLM_F_REPLACE)
          ? .routeReplaced(route) : message.has(NLM_F_APPEND) ? .routeAppended(route) : .route(route)
      }
    } else if let nexthop = message.nexthop {
      self = .nexthop(nexthop)
    } else if let forwarding = message.forwarding {
      self = .forwarding(linkIndex: forwarding.linkIndex, forwarding.isOn)
    } else {
      return nil
    }
  }
}
