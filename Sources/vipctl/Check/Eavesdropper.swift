import Configuration
import Internet
import Linux
import Neighbor
import Systemd
import VRRP

/// Listens on an instance's interface for a while, and asks who has the VIP and whether the references are there.
/// Changes nothing: see `Interrogation`.
final class Eavesdropper {
  let link: Surroundings.Link
  private(set) var interrogation: Interrogation
  private(set) var routers: HeardRouters
  private let ears: [Ear]
  private var sources: [EventSource] = []
  private var timer: Timer?

  /// One family's sockets.
  private final class Ear {
    let family: AddressFamily
    let router: VirtualRouter
    let vrrp: VRRPSocket
    let neighbor: PacketSocket

    init(
      _ router: VirtualRouter, _ source: IPAddress, _ subject: Interrogation.Subject,
      on link: Surroundings.Link
    ) throws(LinuxError) {
      self.router = router
      family = router.family
      vrrp = try VRRPSocket(
        linkIndex: link.index, source: source, audience: router.unicastPeers == nil ? .group : .peers)
      let names = subject.vips.map(\.address) + subject.references
      // Nobody is marked by it.
      let mark = MACAddress.broadcast
      switch router.family {
      case .ipv4:
        neighbor = try PacketSocket(
          linkIndex: link.index, etherType: NeighborPacket.etherTypeOfARP,
          filter: PacketSocket.arpFilter(for: names.compactMap(\.ipv4), answerers: nil, mark: mark))
      case .ipv6:
        neighbor = try PacketSocket(
          linkIndex: link.index, etherType: NeighborPacket.etherTypeOfIPv6,
          filter: PacketSocket.neighborFilter(for: names.compactMap(\.ipv6), answerers: nil, mark: mark))
      }
    }
  }

  /// Needs CAP_NET_RAW. `ownAddresses` are those of all links of this host.
  init(
    _ subject: Interrogation.Subject, _ virtualRouters: [VirtualRouter], ownAddresses: [IPAddress],
    on link: Surroundings.Link, loop: EventLoop
  ) throws {
    self.link = link
    interrogation = Interrogation(subject)
    routers = HeardRouters(ownAddresses: ownAddresses)
    var ears: [Ear] = []
    for router in virtualRouters {
      guard let source = subject.sources.first(of: router.family) else { continue }
      ears.append(try Ear(router, source, subject, on: link))
    }
    self.ears = ears
    for ear in ears {
      sources.append(try loop.watch(fd: ear.vrrp.fd, priority: .packet) { [unowned self] in hear(ear) })
      sources.append(
        try loop.watch(fd: ear.neighbor.fd, priority: .packet) { [unowned self] in hearNeighbor(ear) })
    }
    timer = try loop.timer { [unowned self] in ask() }
    timer?.arm(at: Clock.now)
  }

  private func ask() {
    guard let (questions, pause) = interrogation.next() else { return }
    var frame: [UInt8] = []
    for question in questions {
      guard let ear = ears.first(where: { $0.family == question.packet.target.family }) else { continue }
      question.packet.encode(to: question.destination, into: &frame)
      let bytes = frame
      // One that is lost is asked again.
      try? ear.neighbor.send(bytes.span)
    }
    timer?.arm(at: Clock.now + pause)
  }

  private func hearNeighbor(_ ear: Ear) {
    _ = try? ear.neighbor.receive { frame in
      if let packet = NeighborPacket(decoding: frame) { self.interrogation.hear(packet) }
    }
  }

  private func hear(_ ear: Ear) {
    _ = try? ear.vrrp.receive { origin, message in
      let envelope = Envelope(
        source: origin.source, destination: origin.destination, timeToLive: origin.ttl)
      self.routers.hear(message, envelope, ear.router)
    }
  }
}
