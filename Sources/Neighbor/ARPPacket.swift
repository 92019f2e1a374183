public import Internet

/// An ARP packet for IPv4 over Ethernet (RFC 826).
public struct ARPPacket: Hashable, Sendable {
  /// ar$op
  public enum Operation: UInt16, Hashable, Sendable {
    /// Who has the target address?
    case request = 1
    /// The sender has the sender address.
    case reply = 2
  }

  /// What kind of packet it is.
  public var operation: Operation
  /// Hardware address of the sender.
  public var senderHardware: MACAddress
  /// Protocol address of the sender.
  public var sender: IPv4Address
  /// Hardware address of the target; zero where it is not known.
  public var targetHardware: MACAddress
  /// Protocol address of the target.
  public var target: IPv4Address

  /// All of its fields.
  public init(
    operation: Operation, senderHardware: MACAddress, sender: IPv4Address, targetHardware: MACAddress,
    target: IPv4Address
  ) {
    self.operation = operation
    self.senderHardware = senderHardware
    self.sender = sender
    self.targetHardware = targetHardware
    self.target = target
  }

  /// A gratuitous ARP: "`address` is at `hardware`", with the address as sender and as target (errata 7947
  /// and 7949 of RFC 9568). Some neighbours update their cache on the request form only, some on the reply
  /// form only, so both must be sent.
  public static func gratuitous(
    _ operation: Operation, for address: IPv4Address, at hardware: MACAddress
  ) -> ARPPacket {
    ARPPacket(
      operation: operation, senderHardware: hardware, sender: address,
      // An announcement leaves the target hardware address zero (RFC 5227 §2.3); a gratuitous reply
      // repeats the sender's (RFC 5944 §4.6).
      targetHardware: operation == .request ? .zero : hardware, target: address)
  }
}

extension ARPPacket {
  /// The virtual router's hardware address (RFC 9568 §7.3), which marks a witness probe: kernels ignore the
  /// target hardware address of a request, and the owner learns who stands by.
  public static func standbyMark(virtualRouterID: UInt8) -> MACAddress {
    MACAddress(bits: 0x0000_5E00_0100 | UInt64(virtualRouterID))
  }

  /// A question for `target`.
  public static func request(
    for target: IPv4Address, from sender: IPv4Address, at hardware: MACAddress,
    mark: MACAddress = .zero
  ) -> ARPPacket {
    ARPPacket(
      operation: .request, senderHardware: hardware, sender: sender, targetHardware: mark, target: target)
  }
}
