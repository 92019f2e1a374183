import CLinux
public import Internet

/// Hears, on request, that some station other than the peers is on the link: one frame, then nothing until
/// asked again, so that a busy link costs a few wake-ups a second instead of one for each frame.
public struct EvidenceSocket: ~Copyable {
  private let socket: PacketSocket

  /// Opens a socket on the link with index `linkIndex` that hears nothing yet. Needs CAP_NET_RAW.
  public init(linkIndex: Int32) throws(LinuxError) {
    // Room for a few frames: one says as much as many.
    socket = try PacketSocket(
      linkIndex: linkIndex, etherType: UInt16(ETH_P_ALL), filter: [.drop], receiveBuffer: 1)
  }

  /// Becomes readable when a station was heard.
  public var fd: Int32 { socket.fd }

  /// Lets the next IPv4, IPv6 or ARP frame through that is for this host or everybody on the link's own network, not
  /// on a VLAN, and comes from none of `excluded`. Advertisements never count: they come from peers, also from those not
  /// yet known by their hardware address.
  public func listen(excluding excluded: [MACAddress]) throws(LinuxError) {
    let stations = excluded.flatMap { Self.ifFrom($0, .drop) }
    try socket.setFilter(Self.preamble + stations + [.accept(14)])
  }

  /// The same for a frame that comes from one of `stations`.
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
