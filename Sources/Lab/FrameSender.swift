import CLab
import Glibc

/// Sends whole Ethernet frames, right or wrong, from an interface.
package struct FrameSender: ~Copyable {
  private let socket: Descriptor
  private var link = sockaddr_ll()

  init(in namespace: Namespace, from interface: String) throws {
    let (socket, index) = try namespace.run {
      (try PacketSocket.open(protocol: 0), if_nametoindex(interface))
    }
    self.socket = socket
    link.sll_family = sa_family_t(AF_PACKET)
    link.sll_ifindex = Int32(index)
  }

  /// Whether the frame left.
  func send(_ frame: [UInt8]) -> Bool { socket.send(frame, to: link) }

  /// Sends `frame` as often as this thread can until `end`; how often.
  package func flood(_ frame: [UInt8], until end: Duration) -> Int {
    var count = 0
    while MonotonicClock.now < end { for _ in 0..<64 where send(frame) { count += 1 } }
    return count
  }
}
