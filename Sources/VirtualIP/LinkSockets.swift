import Internet
import Linux
import Neighbor
import Systemd
import VRRP

/// The sockets on the interface that carries the VIP; made anew when the interface is.
final class LinkSockets {
  let linkIndex: Int32
  private let vrrp: VRRPSocket
  private let packets: PacketSocket
  private var source: IPv4Address
  private var hardware: MACAddress
  private var message: [UInt8] = []
  private var frame: [UInt8] = []
  private var watching: EventSource?

  init(_ link: Link, hardware: MACAddress, source: IPv4Address) throws(LinuxError) {
    linkIndex = link.index
    self.hardware = hardware
    self.source = source
    vrrp = try VRRPSocket(linkIndex: link.index, source: source)
    packets = try PacketSocket(linkIndex: link.index)
  }

  /// Calls `handler` whenever a packet waits.
  func watch(on loop: EventLoop, _ handler: @escaping () -> Void) throws(SystemdError) {
    watching = try loop.watch(fd: vrrp.fd, priority: .packet, handler)
  }

  /// Follows a changed primary or hardware address.
  func follow(source changed: IPv4Address, hardware: MACAddress) throws(LinuxError) {
    self.hardware = hardware
    guard changed != source else { return }
    try vrrp.setSource(changed)
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
      ARPPacket.gratuitous(operation, for: address, at: hardware).encode(to: .broadcast, into: &frame)
      let bytes = frame
      try packets.send(bytes.span)
    }
  }

  /// Hands the next waiting VRRP message to `body`; false if none waits.
  func receive(_ body: (Envelope, Span<UInt8>) -> Void) throws(LinuxError) -> Bool {
    try vrrp.receive { origin, message in
      body(
        Envelope(source: origin.source, destination: origin.destination, timeToLive: origin.ttl), message)
    }
  }
}
