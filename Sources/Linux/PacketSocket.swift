import CLinux
import Glibc

/// A socket for whole Ethernet frames on one link (packet(7)).
public struct PacketSocket: ~Copyable {
  /// Octets; ARP frames take 60, and of what is longer only the head matters.
  private static let frameSize = 2048

  private let socket: Descriptor
  private let linkIndex: Int32
  private let buffer = DatagramBuffer(count: Self.frameSize)

  /// Opens a socket on the link with index `linkIndex`. Needs CAP_NET_RAW.
  ///
  /// With an `etherType`, such as 0x0806 for ARP, it receives the frames of that type which came in by the
  /// link, for this host or everybody and not for a VLAN, and which `filter` accepts. Without, it only sends. Of
  /// `receiveBuffer` octets, or the least that the kernel allows, is the room for what waits.
  public init(
    linkIndex: Int32, etherType: UInt16? = nil, filter: [FilterInstruction] = [], receiveBuffer: Int32? = nil
  ) throws(LinuxError) {
    // Protocol 0 receives nothing, so that nothing passes before the filter is there.
    let socket = try Descriptor(
      Glibc.socket(AF_PACKET, Descriptor.rawSocketType, 0), "opening a packet socket")
    try socket.set(SOL_PACKET, PACKET_IGNORE_OUTGOING, Int32(1), "setting up a packet socket")
    // Room for two frames of each of 255 addresses, where the link takes its time; else the default has to do.
    try? socket.set(SOL_SOCKET, SO_SNDBUFFORCE, Int32(1 << 19), "setting up a packet socket")
    // As advertisements, which frames with the virtual router's address are.
    try socket.set(SOL_SOCKET, SO_PRIORITY, Int32(6), "setting up a packet socket")
    if let receiveBuffer {
      try socket.set(SOL_SOCKET, SO_RCVBUF, receiveBuffer, "setting up a packet socket")
    }
    try socket.attach(Self.nativeNetwork(linkIndex) + (filter.isEmpty ? [.accept(.max)] : filter))
    try Self.bind(socket, to: linkIndex, etherType: etherType ?? 0)
    self.socket = socket
    self.linkIndex = linkIndex
  }

  /// Becomes readable when frames wait.
  public var fd: Int32 { socket.number }

  /// Sends `frame`, of whatever EtherType, from its destination address to the end of its payload; the link
  /// pads it.
  ///
  /// Throws errors of kind `linkDown`, `linkGone` and `overflow`, which may pass.
  public func send(_ frame: Span<UInt8>) throws(LinuxError) {
    // Protocol 0: the kernel reads it from the frame, not from what the socket receives.
    let sent = frame.withUnsafeBytes { bytes in
      Self.withAddress(linkIndex, etherType: 0) {
        sendto(socket.number, bytes.baseAddress, bytes.count, 0, $0, $1)
      }
    }
    guard sent == frame.count else { throw LinuxError("sending a frame", errno: errno) }
  }

  /// Sends `count` frames of one length that lie one after the other, in one go; how many of them, beginning with the
  /// first, before the socket's buffer or the link's queue was full.
  ///
  /// Throws errors of kind `linkDown` and `linkGone`, which may pass.
  public func send(_ frames: Span<UInt8>, count: Int) throws(LinuxError) -> Int {
    guard count > 0 else { return 0 }
    let length = frames.count / count
    var sent = 0
    while sent < count {
      let more = frames.extracting(droppingFirst: sent * length).withUnsafeBytes { bytes in
        withUnsafePointer(to: Self.address(linkIndex, etherType: 0)) {
          vip_send_frames(socket.number, $0, bytes.baseAddress, length, UInt32(count - sent))
        }
      }
      guard more >= 0 else {
        let error = LinuxError("sending frames", errno: errno)
        guard error.kind == .overflow else { throw error }
        return sent
      }
      sent += Int(more)
    }
    return sent
  }

  /// Hands the next waiting frame, or its first 2048 octets, to `body`; false if none waits.
  ///
  /// Throws an error of kind `linkDown` once when the link goes down.
  public func receive(_ body: (Span<UInt8>) -> Void) throws(LinuxError) -> Bool {
    guard let count = try socket.receive(into: buffer.bytes, "receiving a frame") else { return false }
    buffer.withPrefix(min(count, Self.frameSize), body)
    return true
  }

  /// Replaces the filter; what waits already stays.
  public func setFilter(_ filter: [FilterInstruction]) throws(LinuxError) {
    try socket.attach(Self.nativeNetwork(linkIndex) + filter)
  }

  /// Drops what is for other hosts, and what is for a VLAN on the link: those are other networks, of which a packet
  /// socket hears, too, with the tag stripped. VLAN 0 is none: such a tag has a priority only.
  ///
  /// A frame for a VLAN that this host takes part in has lost its tag, and is on its way to the VLAN's link, when
  /// sockets of one type get it. So is one for a macvlan on the way there; those with a virtual router's hardware
  /// address (they all begin with 00-00-5E-00) carry the VIP.
  private static func nativeNetwork(_ linkIndex: Int32) -> [FilterInstruction] {
    [
      .loadPacketType, .unlessEqual(UInt32(PACKET_OTHERHOST), skip: 1), .drop,
      .loadTagPresence, .ifEqual(0, skip: 4), .loadTag, .mask(0x0FFF), .ifEqual(0, skip: 1), .drop,
      .loadLinkIndex, .ifEqual(UInt32(bitPattern: linkIndex), skip: 3),
      .loadWord(at: 0), .ifEqual(0x0000_5E00, skip: 1), .drop,
    ]
  }

  private static func bind(
    _ socket: borrowing Descriptor, to linkIndex: Int32, etherType: UInt16
  ) throws(LinuxError) {
    let result = withAddress(linkIndex, etherType: etherType) { Glibc.bind(socket.number, $0, $1) }
    guard result == 0 else { throw LinuxError("binding a packet socket to its link", errno: errno) }
  }

  private static func withAddress<Result>(
    _ linkIndex: Int32, etherType: UInt16, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result
  ) -> Result {
    withUnsafeBytes(of: address(linkIndex, etherType: etherType)) {
      body($0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
    }
  }

  private static func address(_ linkIndex: Int32, etherType: UInt16) -> sockaddr_ll {
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    address.sll_protocol = etherType.bigEndian
    address.sll_ifindex = linkIndex
    return address
  }
}
