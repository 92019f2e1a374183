import Internet
import Neighbor
import VRRP

/// What travels through the switch.
struct Frame {
  /// Which kind of traffic it is, of which mild loss takes no two in a row.
  enum Kind: Int {
    case vrrp, vrrp6, arp, other
  }

  enum Content {
    /// In the name of station `sender`, which need not have sent it.
    case advertisement(Advertisement, AddressFamily, sender: UInt8)
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
  /// Sent to one station's hardware address.
  var isUnicast = false
  /// How many receivers it still has to reach.
  var copies: Int32 = 0

  var kind: Kind {
    switch content {
    case .advertisement(_, .ipv4, _): .vrrp
    case .advertisement(_, .ipv6, _): .vrrp6
    case .neighbor: .arp
    case .chatter, .request, .reply: .other
    }
  }
}

/// The frames that are on their way, in reused slots.
struct FramePool {
  private var frames: [Frame] = []
  private var free: [Int32] = []

  mutating func removeAll() {
    frames.removeAll(keepingCapacity: true)
    free.removeAll(keepingCapacity: true)
  }

  /// Stores `frame`, which has `copies` receivers.
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
