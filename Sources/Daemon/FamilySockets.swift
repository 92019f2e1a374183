import Configuration
import Host
import Internet
import Linux
import Neighbor
import VRRP

/// What one of the VIP's virtual routers sends and receives: Advertisements, and ARP or neighbour discovery.
final class FamilySockets {
  let router: VirtualRouter
  let vrrp: VRRPSocket
  let neighbor: PacketSocket
  /// What stations answer, to whomever on this host: nobody is woken for it.
  let answers: EvidenceSocket
  private var source: IPAddress
  private var hardware: MACAddress
  /// Where neighbours find the addresses, if not at the interface's own hardware address.
  private let virtualMAC: MACAddress?
  /// Whether this host forwards, as neighbours learn from its Neighbor Advertisements.
  private var isRouter: Bool
  private var answerers: [IPAddress] = []
  private var message: [UInt8] = []
  private var frame: [UInt8] = []
  private var frames: [UInt8] = []

  init(_ router: VirtualRouter, _ plan: SocketPlan) throws(LinuxError) {
    self.router = router
    isRouter = plan.isRouter
    virtualMAC = plan.usesVirtualMAC ? .virtualRouter(router.id, router.family) : nil
    source = plan.source(router.family)
    hardware = plan.hardware
    vrrp = try VRRPSocket(
      linkIndex: plan.linkIndex, source: source, audience: router.unicastPeers == nil ? .group : .peers,
      virtualRouterID: router.id)
    let etherType = router.family == .ipv4 ? NeighborPacket.etherTypeOfARP : NeighborPacket.etherTypeOfIPv6
    neighbor = try PacketSocket(
      linkIndex: plan.linkIndex, etherType: etherType, filter: Self.filter(router, []))
    answers = try EvidenceSocket(linkIndex: plan.linkIndex, etherType: etherType)
  }

  private static func filter(_ router: VirtualRouter, _ answerers: [IPAddress]) -> [FilterInstruction] {
    let mark = MACAddress.virtualRouter(router.id, router.family)
    return switch router.family {
    case .ipv4:
      PacketSocket.arpFilter(
        for: router.addresses.compactMap(\.ipv4), answerers: answerers.compactMap(\.ipv4), mark: mark)
    case .ipv6:
      PacketSocket.neighborFilter(
        for: router.addresses.compactMap(\.ipv6), answerers: answerers.compactMap(\.ipv6), mark: mark)
    }
  }

  /// Hears what these answer, beside what is said of the VIP.
  func hear(_ answerers: [IPAddress]) throws(LinuxError) {
    let mine = answerers.filter { $0.family == router.family }
    guard mine != self.answerers else { return }
    try neighbor.setFilter(Self.filter(router, mine))
    self.answerers = mine
  }

  /// Follows what has changed of this host: its primary or hardware address, or whether it forwards.
  func follow(_ plan: SocketPlan) throws(LinuxError) {
    hardware = plan.hardware
    isRouter = plan.isRouter
    let changed = plan.source(router.family)
    guard changed != source else { return }
    try vrrp.setSource(changed)
    source = changed
  }

  /// Sends to the group, and once more from the virtual router's hardware address (RFC 9568 §7.2) if `isOwner`: switches
  /// learn from it where that address is, which is too early while a router that takes over has no addresses yet.
  func send(_ advertisement: Advertisement, in dialect: Dialect, isOwner: Bool) throws(LinuxError) {
    guard let peers = router.unicastPeers else {
      let group = Advertisement.group(router.family)
      router.encode(advertisement, from: source, to: group, in: dialect, into: &message)
      let bytes = message
      // A port that lets no other hardware address out must not silence the owner.
      try vrrp.send(bytes.span)
      guard isOwner, let virtualMAC else { return }
      VRRPFrame(source: source, hardwareSource: virtualMAC).encode(bytes.span, into: &frame)
      let whole = frame
      return try neighbor.send(whole.span)
    }
    try send(advertisement, to: peers, in: dialect)
  }

  /// Sends to every peer but this host itself: then both hosts may have the same file. The first failure is thrown
  /// when all was tried.
  private func send(
    _ advertisement: Advertisement, to peers: [IPAddress], in dialect: Dialect
  ) throws(LinuxError) {
    try peers.tryEach { destination throws(LinuxError) in
      guard destination != source else { return }
      router.encode(advertisement, from: source, to: destination, in: dialect, into: &message)
      let bytes = message
      try vrrp.send(bytes.span, to: destination)
    }
  }

  /// Announces `addresses` in one go; those for which there was no room.
  func announce(
    _ addresses: [IPAddress], _ operation: NeighborPacket.Operation
  ) throws(LinuxError) -> ArraySlice<IPAddress> {
    frames.removeAll(keepingCapacity: true)
    for address in addresses {
      NeighborPacket.announcement(operation, for: address, at: virtualMAC ?? hardware)
        .encode(to: .broadcast, isRouter: isRouter, into: &frame)
      frames += frame
    }
    let all = frames
    return addresses.dropFirst(try neighbor.send(all.span, count: addresses.count))
  }

  func send(_ packet: NeighborPacket, to station: MACAddress) throws(LinuxError) {
    packet.encode(to: station, isRouter: isRouter, into: &frame)
    let bytes = frame
    try neighbor.send(bytes.span)
  }

  func receiveNeighbor() throws(LinuxError) -> Input? {
    var input: Input?
    _ = try neighbor.receive { input = NeighborPacket(decoding: $0).map { .neighbor($0) } }
    return input
  }

  func receiveVRRP() throws(LinuxError) -> Input? {
    var input: Input?
    _ = try vrrp.receive { origin, message in
      let envelope = Envelope(
        source: origin.source, destination: origin.destination, timeToLive: origin.ttl)
      do throws(Discard) {
        input = .advertisement(try self.router.decode(message, in: envelope))
      } catch {
        input = .discarded(error, envelope)
      }
    }
    return input
  }
}
