public import Internet
public import VRRP

/// Another router of the same virtual router, as it was last heard.
public struct Peer: Hashable, Sendable {
  /// Its primary address.
  public let address: IPv4Address
  /// In its last Advertisement; 0 if that was a resignation.
  public var priority: UInt8
  /// In its last Advertisement.
  public var interval: AdvertisementInterval
  /// When its last Advertisement came.
  public var lastHeard: Instant

  var intervalDiffers = false
  var addressesDiffer = false
}

/// The peers that were heard, at most `capacity`: a forger may use any number of source addresses.
struct Peers: Hashable, Sendable {
  private(set) var all: [Peer] = []
  static let capacity = 16

  /// What is new about the sender of an Advertisement.
  struct News {
    var intervalDiffers = false
    var addressesDiffer = false
  }

  mutating func hear(
    _ received: ReceivedAdvertisement, ownInterval: AdvertisementInterval, at now: Instant
  ) -> News {
    let heard = received.advertisement
    let index = slot(for: received.sender, at: now)
    var peer = all[index]
    let differs = heard.interval != ownInterval && heard.priority != 0
    let news = News(
      intervalDiffers: differs && !peer.intervalDiffers,
      addressesDiffer: !received.addressesMatch && !peer.addressesDiffer)
    peer.priority = heard.priority
    peer.interval = heard.interval
    peer.lastHeard = now
    if heard.priority != 0 { peer.intervalDiffers = differs }
    peer.addressesDiffer = !received.addressesMatch
    all[index] = peer
    return news
  }

  private mutating func slot(for sender: IPv4Address, at now: Instant) -> Int {
    if let index = all.firstIndex(where: { $0.address == sender }) { return index }
    let interval = AdvertisementInterval.shortest
    let peer = Peer(address: sender, priority: 0, interval: interval, lastHeard: now)
    if all.count < Self.capacity {
      all.append(peer)
      return all.count - 1
    }
    let oldest = all.indices.min { all[$0].lastHeard < all[$1].lastHeard } ?? 0
    all[oldest] = peer
    return oldest
  }
}
