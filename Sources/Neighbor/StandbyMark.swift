public import Internet

/// What a standby tells the owner of the VIP with its witness probes, where no kernel looks: in ARP the target
/// hardware address of a request, which has no meaning, and octets after the packet, which are padding; in
/// neighbour discovery a Nonce option (RFC 3971 §5.3.2).
public struct StandbyMark: Hashable, Sendable {
  /// The virtual router that it stands by for.
  public var virtualRouterID: UInt8
  /// 1...255; 0 if it does not say.
  public var priority: UInt8
  /// Whether it would take over.
  public var isReady: Bool
  /// Whether somebody answers for the VIP, as far as it finds out: no if it hears the Active router, and asks in vain.
  public var isAnswered: Bool

  /// A mark.
  public init(virtualRouterID: UInt8, priority: UInt8, isReady: Bool, isAnswered: Bool = true) {
    self.virtualRouterID = virtualRouterID
    self.priority = priority
    self.isReady = isReady
    self.isAnswered = isAnswered
  }

  /// The five octets that follow the virtual router's hardware address: `vi`, a version, priority, and bits: readiness,
  /// and whether it asks in vain.
  static let magic: [UInt8] = [0x76, 0x69, 1]
  static let detailLength = 5

  func appendDetail(to frame: inout [UInt8]) {
    frame.append(contentsOf: Self.magic)
    frame.append(priority)
    frame.append((isReady ? 1 : 0) | (isAnswered ? 0 : 2))
  }

  /// The mark that the virtual router's hardware address and, where they are, the octets at `detail` make.
  init?(_ hardware: MACAddress, _ family: AddressFamily, _ frame: Span<UInt8>, detail: Int) {
    guard let id = MACAddress.virtualRouterID(of: hardware, family) else { return nil }
    let isDetailed =
      frame.count >= detail + Self.detailLength
      && Self.magic.indices.allSatisfy { frame[detail + $0] == Self.magic[$0] }
    self.init(
      virtualRouterID: id, priority: isDetailed ? frame[detail + 3] : 0,
      isReady: isDetailed ? frame[detail + 4] & 1 == 1 : true,
      isAnswered: isDetailed ? frame[detail + 4] & 2 == 0 : true)
  }
}

extension MACAddress {
  /// The virtual router's hardware address (RFC 9568 §7.3): 00-00-5E-00-01-VRID, or -02- for IPv6.
  public static func virtualRouter(_ id: UInt8, _ family: AddressFamily) -> MACAddress {
    MACAddress(bits: (family == .ipv4 ? 0x0000_5E00_0100 : 0x0000_5E00_0200) | UInt64(id))
  }

  static func virtualRouterID(of hardware: MACAddress, _ family: AddressFamily) -> UInt8? {
    let id = UInt8(truncatingIfNeeded: hardware.bits)
    return virtualRouter(id, family) == hardware ? id : nil
  }
}
