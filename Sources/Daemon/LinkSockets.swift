import Configuration
import Internet
import Linux
import Neighbor
import Netlink
import Ownership
import Systemd
import VRRP

/// The sockets on the interface that carries the VIP; made anew when the interface is.
final class LinkSockets {
  let linkIndex: Int32
  private let families: [FamilySockets]
  private let evidence: EvidenceSocket
  private var watches: [EventSource] = []

  /// Who is called when something waits.
  struct Handlers {
    let vrrp: (FamilySockets) -> Void
    let neighbor: (FamilySockets) -> Void
    let evidence: () -> Void
  }

  init(
    linkIndex: Int32, identity: Identity, routers: [VirtualRouter], usesVirtualMAC: Bool, isRouter: Bool
  ) throws(LinuxError) {
    self.linkIndex = linkIndex
    var families: [FamilySockets] = []
    for router in routers {
      families.append(
        try FamilySockets(
          router, linkIndex: linkIndex, identity: identity, usesVirtualMAC: usesVirtualMAC,
          isRouter: isRouter))
    }
    self.families = families
    evidence = try EvidenceSocket(linkIndex: linkIndex)
  }

  func watch(on loop: EventLoop, _ handlers: Handlers) throws(SystemdError) {
    watches = [try loop.watch(fd: evidence.fd, priority: .packet, handlers.evidence)]
    for family in families {
      watches.append(try loop.watch(fd: family.vrrp.fd, priority: .packet) { handlers.vrrp(family) })
      watches.append(try loop.watch(fd: family.neighbor.fd, priority: .packet) { handlers.neighbor(family) })
    }
  }

  /// Follows a changed primary or hardware address.
  func follow(_ identity: Identity) throws(LinuxError) {
    for family in families { try family.follow(identity) }
  }

  /// Sends to the group or the peers of every family; the first failure is thrown when all was tried.
  func send(_ advertisement: Advertisement, in dialect: Dialect, isOwner: Bool) throws(LinuxError) {
    try families.tryEach { family throws(LinuxError) in
      try family.send(advertisement, in: dialect, isOwner: isOwner)
    }
  }

  /// All forms in which neighbours learn where `address` is.
  func announce(_ address: IPAddress) throws(LinuxError) { try sockets(of: address).announce(address) }

  func send(_ packet: NeighborPacket, to station: MACAddress) throws(LinuxError) {
    try sockets(of: packet.target).send(packet, to: station)
  }

  private func sockets(of address: IPAddress) -> FamilySockets {
    families.first { $0.router.family == address.family } ?? families[0]
  }

  func listenForEvidence(excluding peers: [MACAddress]) throws(LinuxError) {
    try evidence.listen(excluding: peers)
  }

  /// The station that was heard, if any.
  func receiveEvidence() throws(LinuxError) -> MACAddress? { try evidence.receive() }
}

extension Sequence {
  /// Calls `body` with every element; the first failure is thrown when all was tried.
  func tryEach<Failure>(_ body: (Element) throws(Failure) -> Void) throws(Failure) {
    var failure: Failure?
    for element in self {
      do throws(Failure) {
        try body(element)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }
}
