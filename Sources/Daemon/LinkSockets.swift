import Configuration
import Host
import Internet
import Linux
import Neighbor
import Systemd
import VRRP

/// The sockets on the interface that carries the VIP; made anew when the interface is.
final class LinkSockets {
  private var families: [FamilySockets] = []
  private let evidence: EvidenceSocket
  private var watches: [EventSource] = []
  /// Nil before the sockets are watched.
  private var evidenceWatch: EventSource?
  /// Whether frames are read when somebody looks.
  private var isQuiet = false

  /// Who is called when something waits; the numbers are those of `receiveVRRP` and `receiveNeighbor`.
  struct Handlers {
    let vrrp: (Int) -> Void
    let neighbor: (Int) -> Void
    let evidence: () -> Void
  }

  /// Opens them all, which may have to wait for the kernel.
  init(_ plan: SocketPlan) throws(LinuxError) {
    evidence = try EvidenceSocket(linkIndex: plan.linkIndex)
    for router in plan.routers { families.append(try FamilySockets(router, plan)) }
  }

  /// Closes them, which may have to wait for the kernel.
  func close() { families = [] }

  // MARK: Watching

  func watch(on loop: EventLoop, _ handlers: Handlers) throws(SystemdError) {
    var watches: [EventSource] = []
    evidenceWatch = try loop.watch(fd: evidence.fd, priority: .packet, handlers.evidence)
    for (index, family) in families.enumerated() {
      watches.append(try loop.watch(fd: family.vrrp.fd, priority: .packet) { handlers.vrrp(index) })
      watches.append(try loop.watch(fd: family.neighbor.fd, priority: .packet) { handlers.neighbor(index) })
    }
    self.watches = watches
  }

  func unwatch() {
    watches = []
    evidenceWatch = nil
  }

  // MARK: Receiving

  /// What the next VRRP message that waits in the sockets with this number means; nil if none waits.
  func receiveVRRP(_ number: Int) throws(LinuxError) -> Input? { try families[number].receiveVRRP() }

  /// The next packet of ARP or neighbour discovery.
  func receiveNeighbor(_ number: Int) throws(LinuxError) -> Input? { try families[number].receiveNeighbor() }

  /// The station that was heard, if any; nothing more is heard.
  func receiveEvidence() throws(LinuxError) -> Input? { try evidence.receiveLast().map { .frame(from: $0) } }

  /// As many frames as there is room for: a flood must not keep the loop.
  private static let roomForEvidence = 4

  /// What came before an Advertisement says nothing of whether that was heard.
  private func forgetQuietEvidence() {
    for _ in 0..<Self.roomForEvidence where receiveQuietEvidence() == nil { return }
  }

  /// The stations that were heard while nobody was to be woken for it.
  func takeQuietEvidence() -> [MACAddress] {
    var stations: [MACAddress] = []
    while stations.count < Self.roomForEvidence, let station = receiveQuietEvidence() {
      stations.append(station)
    }
    return stations
  }

  private func receiveQuietEvidence() -> MACAddress? {
    guard isQuiet else { return nil }
    // A link that went down says so here once; netlink says what matters of it.
    return try? evidence.receive()
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

  func listenForEvidence(_ audience: Audience, isUrgent: Bool) throws(LinuxError) {
    isQuiet = !isUrgent
    forgetQuietEvidence()
    evidenceWatch?.isWatching = isUrgent
    switch audience {
    case .these(let stations): try evidence.listen(to: stations)
    case .others(let peers): try evidence.listen(excluding: peers)
    }
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
