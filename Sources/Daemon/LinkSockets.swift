import Configuration
import Host
import Internet
import Linux
import Neighbor
import Ownership
import Systemd
import VRRP

/// The sockets on the interface that carries the VIP; made anew when the interface is.
final class LinkSockets: WatchedSockets {
  private let linkIndex: Int32
  private var families: [FamilySockets] = []
  private var watches: [EventSource] = []
  /// Opens one.
  private var makeEavesdropper: (() throws(LinuxError) -> Eavesdropper)?
  private var eavesdropper: Eavesdropper?
  /// Takes one that nobody uses any more, to be closed.
  private var retire: ((Eavesdropper) -> Void)?
  /// Nil while nobody listens.
  private var attention: Attention?

  /// Who is called when something waits; the numbers are those of `receiveVRRP` and `receiveNeighbor`.
  struct Handlers {
    let vrrp: (Int) -> Void
    let neighbor: (Int) -> Void
    let evidence: () -> Void
    /// What nobody uses any more, to be closed.
    let retired: (Eavesdropper) -> Void
  }

  /// Opens those that are always open, which may have to wait for the kernel.
  init(_ plan: SocketPlan) throws(LinuxError) {
    linkIndex = plan.linkIndex
    for router in plan.routers { families.append(try FamilySockets(router, plan)) }
  }

  func close() {
    families = []
    eavesdropper?.close()
  }

  // MARK: Watching

  func watch(on loop: EventLoop, _ handlers: Handlers) throws(SystemdError) {
    var watches: [EventSource] = []
    for (index, family) in families.enumerated() {
      watches.append(try loop.watch(fd: family.vrrp.fd, priority: .packet) { handlers.vrrp(index) })
      watches.append(try loop.watch(fd: family.neighbor.fd, priority: .packet) { handlers.neighbor(index) })
    }
    self.watches = watches
    makeEavesdropper = { [unowned loop, linkIndex] () throws(LinuxError) in
      try Eavesdropper(linkIndex: linkIndex, on: loop, heard: handlers.evidence)
    }
    retire = handlers.retired
  }

  func unwatch() {
    for watch in watches { watch.remove() }
    watches = []
    eavesdropper?.unwatch()
  }

  // MARK: Receiving

  /// What the next VRRP message that waits in the sockets with this number means; nil if none waits.
  func receiveVRRP(_ number: Int) throws(LinuxError) -> Input? { try families[number].receiveVRRP() }

  /// The next packet of ARP or neighbour discovery.
  func receiveNeighbor(_ number: Int) throws(LinuxError) -> Input? { try families[number].receiveNeighbor() }

  /// The station that was heard, if any; nothing more is heard.
  func receiveEvidence() throws(LinuxError) -> Input? {
    let station = try eavesdropper?.receive()
    if attention == .once { stopEavesdropping() }
    return station.map { .frame(from: $0) }
  }

  /// As many frames as there is room for: a flood must not keep the loop.
  private static let roomForEvidence = 4

  /// What came before an Advertisement says nothing of whether that was heard.
  private func forgetQuietEvidence() { _ = takeQuietEvidence() }

  /// The stations that were heard while nobody was to be woken for it.
  func takeQuietEvidence() -> [MACAddress] {
    guard attention == .resting else { return [] }
    var stations: [MACAddress] = []
    for family in families {
      for _ in 0..<Self.roomForEvidence {
        // A link that went down says so here once; netlink says what matters of it.
        guard let station = try? family.answers.receive() else { break }
        stations.append(station)
      }
    }
    return stations
  }

  // MARK: Sending

  /// Follows a changed primary or hardware address.
  func follow(_ plan: SocketPlan) throws(LinuxError) {
    try families.tryEach { family throws(LinuxError) in try family.follow(plan) }
  }

  /// Sends to the group or the peers of every family; the first failure is thrown when all was tried.
  func send(_ advertisement: Advertisement, in dialect: Dialect, isOwner: Bool) throws(LinuxError) {
    try families.tryEach { family throws(LinuxError) in
      try family.send(advertisement, in: dialect, isOwner: isOwner)
    }
    forgetQuietEvidence()
  }

  /// Tells neighbours where `addresses` are; those for which there was no room.
  func announce(_ addresses: [IPAddress], _ form: AnnouncementForm) throws(LinuxError) -> [IPAddress] {
    var unsent: [IPAddress] = []
    try families.tryEach { family throws(LinuxError) in
      guard let operation = family.router.family.announcement(form) else { return }
      unsent += try family.announce(addresses.filter { $0.family == family.router.family }, operation)
    }
    return unsent
  }

  func send(_ packet: NeighborPacket, to station: MACAddress) throws(LinuxError) {
    for family in families where family.router.family == packet.target.family {
      try family.send(packet, to: station)
    }
  }

  /// Hears what these answer.
  func hear(_ answerers: [IPAddress]) throws(LinuxError) {
    try families.tryEach { family throws(LinuxError) in try family.hear(answerers) }
  }

  func listenForEvidence(_ audience: Audience, _ attention: Attention) throws(LinuxError) {
    self.attention = attention
    guard attention == .resting else {
      if eavesdropper == nil { eavesdropper = try makeEavesdropper?() }
      try eavesdropper?.listen(to: audience)
      return
    }
    forgetQuietEvidence()
    stopEavesdropping()
    try families.tryEach { family throws(LinuxError) in try family.answers.listen(to: audience) }
  }

  func ignoreEvidence() {
    attention = nil
    stopEavesdropping()
  }

  private func stopEavesdropping() {
    guard let eavesdropper else { return }
    self.eavesdropper = nil
    retire?(eavesdropper)
  }
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
