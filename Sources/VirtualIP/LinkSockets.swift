import Internet
import Linux
import Neighbor
import Systemd
import VRRP

/// The sockets on the interface that carries the VIP; made anew when the interface is.
final class LinkSockets {
  let linkIndex: Int32
  private let vrrp: VRRPSocket
  private let arp: PacketSocket
  private let evidence: EvidenceSocket
  private var source: IPv4Address
  private var hardware: MACAddress
  private var message: [UInt8] = []
  private var frame: [UInt8] = []
  private var watches: [EventSource] = []

  /// Who is called when something waits.
  struct Handlers {
    let vrrp: () -> Void
    let arp: () -> Void
    let evidence: () -> Void
  }

  init(
    linkIndex: Int32, hardware: MACAddress, source: IPv4Address, addresses: [IPv4Address],
    virtualRouterID: UInt8
  ) throws(LinuxError) {
    self.linkIndex = linkIndex
    self.hardware = hardware
    self.source = source
    vrrp = try VRRPSocket(linkIndex: linkIndex, source: .ipv4(source))
    arp = try PacketSocket(
      linkIndex: linkIndex, etherType: ARPPacket.etherType,
      filter: PacketSocket.arpFilter(
        senders: addresses.map(\.bits), mark: ARPPacket.standbyMark(virtualRouterID: virtualRouterID)))
    evidence = try EvidenceSocket(linkIndex: linkIndex)
  }

  func watch(on loop: EventLoop, _ handlers: Handlers) throws(SystemdError) {
    watches = [
      try loop.watch(fd: vrrp.fd, priority: .packet, handlers.vrrp),
      try loop.watch(fd: arp.fd, priority: .packet, handlers.arp),
      try loop.watch(fd: evidence.fd, priority: .packet, handlers.evidence),
    ]
  }

  /// Follows a changed primary or hardware address.
  func follow(source changed: IPv4Address, hardware: MACAddress) throws(LinuxError) {
    self.hardware = hardware
    guard changed != source else { return }
    try vrrp.setSource(.ipv4(changed))
    source = changed
  }

  func send(_ advertisement: Advertisement, addresses: [IPv4Address]) throws(LinuxError) {
    advertisement.encode(addresses: addresses, from: source, checksum: .rfc5798, into: &message)
    let bytes = message
    try vrrp.send(bytes.span)
  }

  /// Both forms of gratuitous ARP: some neighbours heed only one of them.
  func announce(_ address: IPv4Address) throws(LinuxError) {
    for operation in [ARPPacket.Operation.request, .reply] {
      try send(.gratuitous(operation, for: address, at: hardware), to: .broadcast)
    }
  }

  func send(_ packet: ARPPacket, to station: MACAddress) throws(LinuxError) {
    packet.encode(to: station, into: &frame)
    let bytes = frame
    try arp.send(bytes.span)
  }

  func listenForEvidence(excluding peers: [MACAddress]) throws(LinuxError) {
    try evidence.listen(excluding: peers)
  }

  /// The station that was heard, if any.
  func receiveEvidence() throws(LinuxError) -> MACAddress? { try evidence.receive() }

  /// Hands the next waiting ARP frame to `body`; false if none waits.
  func receiveARP(_ body: (ARPPacket) -> Void) throws(LinuxError) -> Bool {
    try arp.receive { frame in
      if let packet = ARPPacket(decoding: frame) { body(packet) }
    }
  }

  /// Hands the next waiting VRRP message to `body`; false if none waits.
  func receiveVRRP(_ body: (Envelope, Span<UInt8>) -> Void) throws(LinuxError) -> Bool {
    try vrrp.receive { origin, message in
      guard let source = origin.source.ipv4, let destination = origin.destination.ipv4 else { return }
      body(Envelope(source: source, destination: destination, timeToLive: origin.ttl), message)
    }
  }
}
