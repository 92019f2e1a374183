import CLab
import Glibc
package import Internet

/// Records the ARP, neighbour discovery and VRRP frames that enter a namespace's interfaces.
package final class PacketCapture: @unchecked Sendable {
  private let loop: ObserverLoop
  private let socket: Descriptor
  private let ignored: UInt32
  private var recorded: [CapturedFrame] = []

  /// Captures on every interface of `namespace` but `ignoring`, which would show bridged frames a second time.
  init(_ loop: ObserverLoop, in namespace: Namespace, ignoring: String) throws {
    self.loop = loop
    let (socket, ignored) = try namespace.run {
      (try PacketSocket.open(protocol: ETH_P_ALL), if_nametoindex(ignoring))
    }
    self.socket = socket
    self.ignored = ignored
    guard lab_accept_neighbours_and_vrrp_only(socket.number) == 0 else {
      throw LabError("SO_ATTACH_FILTER", errno: errno)
    }
    resume()
  }

  /// Records nothing, and costs nothing, until `resume()`.
  func pause() { loop.remove(socket) }

  /// Goes on recording. What came in meanwhile, as much of it as the kernel kept, is recorded as well.
  func resume() {
    loop.add(socket) { [unowned self] _ in
      while let frame = PacketSocket.receive(from: socket) {
        if frame.port != ignored { recorded.append(frame) }
      }
    }
  }

  /// The frames received at or after `start`, in order of their arrival.
  package func frames(from start: Duration = .zero) -> [CapturedFrame] {
    loop.held { recorded.filter { $0.time >= start } }.sorted { $0.time < $1.time }
  }

  /// The gratuitous ARPs for `address` since `start`, optionally only those sent from `station`.
  package func gratuitousArps(
    for address: IPv4Address, from start: Duration = .zero, sentBy station: MACAddress? = nil
  ) -> [CapturedFrame] {
    frames(from: start).filter { frame in
      guard case .arp(let arp) = frame.content else { return false }
      return arp.isGratuitous && arp.senderAddress == address && (station.map { $0 == frame.source } ?? true)
    }
  }

  /// The unsolicited neighbour advertisements for `address` since `start`, optionally only those from `station`.
  package func unsolicitedAdvertisements(
    for address: IPv6Address, from start: Duration = .zero, sentBy station: MACAddress? = nil
  ) -> [CapturedFrame] {
    frames(from: start).filter { frame in
      guard case .neighbour(let message) = frame.content else { return false }
      return message.isUnsolicited && message.target == address.ip
        && (station.map { $0 == frame.source } ?? true)
    }
  }

  /// The advertisements since `start`, each with its frame, optionally only those sent from `station`.
  package func advertisements(
    from start: Duration = .zero, sentBy station: MACAddress? = nil
  ) -> [(frame: CapturedFrame, advertisement: CapturedAdvertisement)] {
    frames(from: start).compactMap { frame in
      guard case .vrrp(let advertisement) = frame.content, station.map({ $0 == frame.source }) ?? true
      else { return nil }
      return (frame, advertisement)
    }
  }

  /// Waits until `condition` holds of the frames since `start`.
  package func wait(
    for what: String, from start: Duration, within limit: Duration, until condition: ([CapturedFrame]) -> Bool
  ) throws(LabError) {
    try loop.wait(for: what, within: limit) { condition(recorded.filter { $0.time >= start }) }
  }
}

/// AF_PACKET sockets: whole Ethernet frames.
enum PacketSocket {
  static func open(protocol ethertype: Int32) throws(LabError) -> Descriptor {
    let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let number = Int32(UInt16(ethertype).bigEndian)
    let socket = try Descriptor(Glibc.socket(AF_PACKET, kind, number), "packet socket")
    try socket.set(SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20)
    try socket.set(SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return socket
  }

  static func receive(from socket: Descriptor) -> CapturedFrame? {
    var buffer = [UInt8](repeating: 0, count: 2048)
    var sender = sockaddr_ll()
    var stamp: Int64 = 0
    let count = lab_receive(
      socket.number, &buffer, buffer.count, &sender, UInt32(MemoryLayout<sockaddr_ll>.size), &stamp)
    guard count >= 0 else { return nil }
    let time = MonotonicClock.from(realtimeNanoseconds: stamp)
    return CapturedFrame(Array(buffer[..<count]), at: time, port: UInt32(sender.sll_ifindex))
  }
}
