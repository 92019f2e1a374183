import Internet
import Neighbor
import VRRP

/// What travels through the switch.
struct Frame {
  /// Which kind of traffic it is, of which mild loss takes no two in a row.
  enum Kind: Int {
    case vrrp, vrrp6, arp, other
  }

  /// An Advertisement, with what of its packet matters.
  struct Sent {
    var advertisement: Advertisement
    /// Whom it says it comes from.
    var source: IPAddress
    /// Nil: the group.
    var destination: IPAddress?
    var checksum: ChecksumForm
    /// The slots of the addresses that it lists.
    var slots: UInt8
  }

  enum Content {
    case advertisement(Sent)
    case neighbor(NeighborPacket)
    /// Anything broadcast that is none of these.
    case chatter
    /// A client's request to the VIP.
    case request
    /// And its answer.
    case reply
  }

  var content: Content
  var source: UInt8
  /// Number of the virtual router whose hardware address it comes from, or goes to; 0 for none.
  var virtualSource: UInt8 = 0
  var virtualTarget: UInt8 = 0
  /// Sent to one hardware address.
  var isUnicast = false
  /// How many receivers it still has to reach.
  var copies: Int32 = 0

  var kind: Kind {
    switch content {
    case .advertisement(let sent): sent.source.family == .ipv4 ? .vrrp : .vrrp6
    case .neighbor: .arp
    case .chatter, .request, .reply: .other
    }
  }
}

/// The frames that are on their way, in reused slots.
struct FramePool {
  private var frames: [Frame] = []
  private var free: [Int32] = []

  /// Stores `frame`, which has no receivers yet.
  mutating func store(_ frame: Frame) -> Int32 {
    if let slot = free.popLast() {
      frames[Int(slot)] = frame
      return slot
    }
    frames.append(frame)
    return Int32(frames.count - 1)
  }

  subscript(slot: Int32) -> Frame { frames[Int(slot)] }

  mutating func addCopy(_ slot: Int32) { frames[Int(slot)].copies += 1 }

  /// One receiver is done with it.
  mutating func release(_ slot: Int32) {
    frames[Int(slot)].copies -= 1
    if frames[Int(slot)].copies == 0 { free.append(slot) }
  }
}
