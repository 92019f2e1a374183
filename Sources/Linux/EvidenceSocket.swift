import CLinux
public import Internet

/// Hears, on request, that some station other than the peers is on the link.
///
/// The kernel offers every frame of its type to each such socket, one after the other, which costs the host a tenth of a
/// microsecond, heard or not: whoever hears all types is open only while he listens.
public struct EvidenceSocket: ~Copyable {
  private let socket: PacketSocket

  /// Opens a socket on the link with index `linkIndex` for frames of one type, or all, that hears nothing yet. Never
  /// waits; closing it does, until all processors have let go of it (synchronize_net()). Needs CAP_NET_RAW.
  public init(linkIndex: Int32, etherType: UInt16? = nil) throws(LinuxError) {
    // Room for a few frames: one says as much as many.
    socket = try PacketSocket(
      linkIndex: linkIndex, etherType: etherType ?? UInt16(ETH_P_ALL), filter: [.drop], receiveBuffer: 1)
  }

  /// Becomes readable when a station was heard.
  public var fd: Int32 { socket.fd }

  /// Lets IPv4, IPv6 or ARP frames through that are for this host or everybody on the link's own network, not
  /// on a VLAN, and come from none of `excluded`. Advertisements never count: they come from peers, also from those not
  /// yet known by their hardware address.
  public func listen(excluding excluded: [MACAddress]) throws(LinuxError) {
    let stations = excluded.flatMap { Self.ifFrom($0, .drop) }
    try socket.setFilter(Self.preamble + stations + [.accept(14)])
  }

  /// The same for frames that come from one of `stations`.
  public func listen(to stations: [MACAddress]) throws(LinuxError) {
    try socket.setFilter(Self.preamble + stations.flatMap { Self.ifFrom($0, .accept(14)) } + [.drop])
  }

  /// The station that was heard; nil if none was. Hears nothing more until `listen`.
  public func receiveLast() throws(LinuxError) -> MACAddress? {
    var station: MACAddress?
    // Whatever came before the filter closed again says the same.
    try socket.setFilter([.drop])
    while let heard = try receive() { station = heard }
    return station
  }

  /// The station that the next waiting frame came from; nil if none waits.
  public func receive() throws(LinuxError) -> MACAddress? {
    var station: MACAddress?
    _ = try socket.receive { frame in
      if frame.count >= 12 { station = MACAddress(frame, at: 6) }
    }
    return station
  }

  /// Drops what is no IPv4, IPv6 or ARP, and Advertisements.
  private static let preamble: [FilterInstruction] = [
    .loadHalfWord(at: 12), .ifEqual(UInt32(ETH_P_ARP), skip: 8), .ifEqual(UInt32(ETH_P_IP), skip: 2),
    .ifEqual(UInt32(ETH_P_IPV6), skip: 3), .drop,
    .loadByte(at: 23), .jump(1), .loadByte(at: 20),
    .unlessEqual(UInt32(VRRPSocket.protocolNumber), skip: 1), .drop,
  ]

  private static func ifFrom(_ station: MACAddress, _ verdict: FilterInstruction) -> [FilterInstruction] {
    [
      .loadWord(at: 6), .unlessEqual(UInt32(station.bits >> 16), skip: 3),
      .loadHalfWord(at: 10), .unlessEqual(UInt32(station.bits & 0xFFFF), skip: 1), verdict,
    ]
  }
}
