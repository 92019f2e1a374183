import Internet
import Neighbor
import VRRP

/// Who sends Advertisements, of VRRP or of CARP, on a segment.
struct HeardRouters {
  /// Advertisements of one router.
  struct Router: Hashable {
    let sender: IPAddress
    let virtualRouterID: UInt8
    var priority: UInt8
    /// Whether it lists the addresses that are configured here; nil of another virtual router.
    var addressesMatch: Bool?
  }

  /// CARP, which is no VRRP.
  struct Stranger: Hashable {
    let sender: IPAddress
    let virtualHostID: UInt8
  }

  /// What comes from one of them is this host's own, and was returned.
  let ownAddresses: [IPAddress]
  private(set) var routers: [Router] = []
  private(set) var strangers: [Stranger] = []
  /// A forger may use any number of senders.
  private static let limit = 64

  init(ownAddresses: [IPAddress]) { self.ownAddresses = ownAddresses }

  /// Takes note of the `message` that `virtualRouter`'s socket received.
  mutating func hear(_ message: Span<UInt8>, _ envelope: Envelope, _ virtualRouter: VirtualRouter) {
    let isNear = envelope.timeToLive == Advertisement.timeToLive
    guard isNear || virtualRouter.unicastPeers?.contains(envelope.source) == true,
      !ownAddresses.contains(envelope.source)
    else { return }
    if let stranger = CARPAdvertisement(message) {
      let new = Stranger(sender: envelope.source, virtualHostID: stranger.virtualHostID)
      if !strangers.contains(new) && strangers.count < Self.limit { strangers.append(new) }
      return
    }
    guard message.count >= 8, message[0] & 15 == 1 else { return }
    note(message, envelope, virtualRouter)
  }

  private mutating func note(_ message: Span<UInt8>, _ envelope: Envelope, _ virtualRouter: VirtualRouter) {
    let id = message[1]
    let index =
      routers.firstIndex { $0.sender == envelope.source && $0.virtualRouterID == id } ?? routers.count
    if index == routers.count {
      guard routers.count < Self.limit else { return }
      routers.append(Router(sender: envelope.source, virtualRouterID: id, priority: 0))
    }
    routers[index].priority = message[2]
    if let received = try? virtualRouter.decode(message, in: envelope) {
      routers[index].addressesMatch = received.addressesMatch
    }
  }

  /// What to do about CARP with the number of a virtual router, which `usesVirtualMAC` over IPv4 or does not.
  func strangers(as virtualRouterID: UInt8, usesVirtualMAC: Bool) -> [Finding] {
    strangers.filter { $0.virtualHostID == virtualRouterID }.map { stranger in
      let text =
        "\(stranger.sender) speaks CARP (OpenBSD, FreeBSD, pfSense) with vhid \(virtualRouterID), the number of this "
        + "virtual router"
      let hardware = MACAddress.virtualRouter(virtualRouterID, .ipv4)
      let remedy = "use another vhid there, or another VirtualRouterID= on every host here"
      return usesVirtualMAC
        ? .bad("CARP", "\(text): both use the hardware address \(hardware)", remedy)
        : .note("CARP", "\(text), and has the hardware address \(hardware) of it", remedy)
    }
  }
}
