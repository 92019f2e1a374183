public import Internet

/// A question for the hardware address of an IP address, or an answer: ARP (RFC 826) for IPv4, neighbour
/// discovery (RFC 4861) for IPv6. All its addresses are of one family.
public struct NeighborPacket: Hashable, Sendable {
  /// ar$op, or the ICMPv6 type that does the same.
  public enum Operation: UInt16, Hashable, Sendable {
    /// Who has the target address? Neighbor Solicitation.
    case request = 1
    /// The sender has the sender address. Neighbor Advertisement.
    case reply = 2
  }

  /// What kind of packet it is.
  public var operation: Operation
  /// Hardware address of the sender: in neighbour discovery, the link-layer address option's.
  public var senderHardware: MACAddress
  /// Protocol address of the sender: in a Neighbor Advertisement, the address that it is for.
  public var sender: IPAddress
  /// Hardware address of the target in an ARP reply; zero where it is not known or not said.
  public var targetHardware: MACAddress
  /// Protocol address of the target; in a Neighbor Advertisement, whom it was sent to.
  public var target: IPAddress
  /// Set in a witness probe: who asks stands by.
  public var standby: StandbyMark?

  /// All of its fields.
  public init(
    operation: Operation, senderHardware: MACAddress, sender: IPAddress, targetHardware: MACAddress = .zero,
    target: IPAddress, standby: StandbyMark? = nil
  ) {
    self.operation = operation
    self.senderHardware = senderHardware
    self.sender = sender
    self.targetHardware = targetHardware
    self.target = target
    self.standby = standby
  }

  /// "`address` is at `hardware`", unasked. In ARP the address is sender and target (errata 7947 and 7949 of
  /// RFC 9568); some neighbours update their cache on the request form only, some on the reply form only, so
  /// both must be sent. For IPv6 only the reply form exists: an unsolicited Neighbor Advertisement.
  public static func announcement(
    _ operation: Operation, for address: IPAddress, at hardware: MACAddress
  ) -> NeighborPacket {
    NeighborPacket(
      operation: operation, senderHardware: hardware, sender: address,
      // An announcement leaves the target hardware address zero (RFC 5227 §2.3); a gratuitous reply
      // repeats the sender's (RFC 5944 §4.6).
      targetHardware: operation == .request ? .zero : hardware,
      target: address.family == .ipv4 ? address : .ipv6(.allNodes))
  }

  /// Whether it is one of these, which nobody asked for.
  public var isAnnouncement: Bool {
    switch target {
    case .ipv4: target == sender
    case .ipv6(let address): operation == .reply && address == .allNodes
    }
  }

  /// A question for `target`.
  public static func request(
    for target: IPAddress, from sender: IPAddress, at hardware: MACAddress, standby: StandbyMark? = nil
  ) -> NeighborPacket {
    NeighborPacket(
      operation: .request, senderHardware: hardware, sender: sender, target: target, standby: standby)
  }
}

/// An address is announced in one form after the other.
public enum AnnouncementForm: Int, Hashable, Sendable {
  /// Gratuitous ARP as a request; of IPv6 the only one, an unsolicited Neighbor Advertisement.
  case first
  /// Gratuitous ARP as a reply.
  case second
}

extension AddressFamily {
  /// The forms in which an address of this family is announced.
  public var announcements: [NeighborPacket.Operation] { self == .ipv4 ? [.request, .reply] : [.reply] }

  /// The packet that is `form` in this family, if there is one.
  public func announcement(_ form: AnnouncementForm) -> NeighborPacket.Operation? {
    announcements.dropFirst(form.rawValue).first
  }
}
