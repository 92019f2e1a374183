import Configuration
import Internet
import Linux
import Neighbor
import Systemd
import VRRP

/// Listens on an instance's interface for a while, and asks who has the VIP and whether the gateway is there.
/// Changes nothing: the questions come from this host's own address.
final class Eavesdropper {
  /// Advertisements of one router.
  struct Heard {
    let sender: IPAddress
    let virtualRouterID: UInt8
    var priority: UInt8
    /// Whether it lists the addresses that are configured here; nil of another virtual router.
    var addressesMatch: Bool?
  }

  private(set) var heard: [Heard] = []
  /// Stations that say that they have an address.
  private(set) var answers: [IPAddress: [MACAddress]] = [:]
  /// What was asked for.
  let questions: [IPAddress]
  let link: Surroundings.Link
  private let ears: [Ear]
  private var sources: [EventSource] = []
  private var timer: Timer?

  /// One family's sockets.
  private final class Ear {
    let source: IPAddress
    let router: VirtualRouter
    let vrrp: VRRPSocket
    let neighbor: PacketSocket

    init(_ router: VirtualRouter, _ source: IPAddress, on link: Surroundings.Link) throws(LinuxError) {
      self.router = router
      self.source = source
      vrrp = try VRRPSocket(
        linkIndex: link.index, source: source, audience: router.unicastPeers == nil ? .group : .peers)
      neighbor = try PacketSocket(
        linkIndex: link.index,
        etherType: router.family == .ipv4 ? NeighborPacket.etherTypeOfARP : NeighborPacket.etherTypeOfIPv6)
    }
  }

  /// Needs CAP_NET_RAW.
  init(_ settings: Settings, gateway: IPAddress?, on link: Surroundings.Link, loop: EventLoop) throws {
    self.link = link
    questions = settings.addresses.map(\.address) + (gateway.map { [$0] } ?? [])
    var ears: [Ear] = []
    for router in settings.virtualRouters {
      guard let source = link.source(router.family) else { continue }
      ears.append(try Ear(router, source, on: link))
    }
    self.ears = ears
    for ear in ears {
      sources.append(try loop.watch(fd: ear.vrrp.fd, priority: .packet) { [unowned self] in hear(ear) })
      sources.append(
        try loop.watch(fd: ear.neighbor.fd, priority: .packet) { [unowned self] in hearNeighbor(ear) })
    }
    timer = try loop.timer { [unowned self] in
      ask()
      timer?.arm(at: Clock.now + .milliseconds(300))
    }
    timer?.arm(at: Clock.now)
  }

  private func ask() {
    guard let hardware = link.hardwareAddress else { return }
    for question in questions {
      guard let ear = ears.first(where: { $0.source.family == question.family }) else { continue }
      let packet = NeighborPacket.request(for: question, from: ear.source, at: hardware)
      var frame: [UInt8] = []
      packet.encode(to: .broadcast, into: &frame)
      // One that is lost is asked again.
      try? ear.neighbor.send(frame.span)
    }
  }

  private func hearNeighbor(_ ear: Ear) {
    _ = try? ear.neighbor.receive { frame in
      if let packet = NeighborPacket(decoding: frame) { self.note(packet) }
    }
  }

  private func note(_ packet: NeighborPacket) {
    guard questions.contains(packet.sender), packet.senderHardware != link.hardwareAddress else { return }
    let known = answers[packet.sender, default: []]
    if !known.contains(packet.senderHardware) { answers[packet.sender] = known + [packet.senderHardware] }
  }

  private func hear(_ ear: Ear) {
    _ = try? ear.vrrp.receive { origin, message in
      let envelope = Envelope(
        source: origin.source, destination: origin.destination, timeToLive: origin.ttl)
      self.note(message, envelope, ear.router)
    }
  }

  private func note(_ message: Span<UInt8>, _ envelope: Envelope, _ router: VirtualRouter) {
    guard message.count >= 8, message[0] & 15 == 1, envelope.timeToLive == Advertisement.timeToLive,
      !link.addresses.contains(where: { $0.network.address == envelope.source })
    else { return }
    let id = message[1]
    let index =
      heard.firstIndex { $0.sender == envelope.source && $0.virtualRouterID == id } ?? heard.count
    if index == heard.count {
      // A forger may use any number of senders.
      guard heard.count < 64 else { return }
      heard.append(Heard(sender: envelope.source, virtualRouterID: id, priority: 0))
    }
    heard[index].priority = message[2]
    if let received = try? router.decode(message, in: envelope) {
      heard[index].addressesMatch = received.addressesMatch
    }
  }
}

extension Surroundings.Link {
  /// What this host asks from: an address of its own, for IPv6 a link-local one.
  func source(_ family: AddressFamily) -> IPAddress? {
    addresses.first { address in
      address.network.address.family == family && !address.isAddedByVipd
        && (family == .ipv4 || address.scope == .link)
    }?.network.address
  }
}
