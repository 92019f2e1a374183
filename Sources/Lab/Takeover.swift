import Internet

/// How one host took over what another one had: when it decided, and when it announced each of the addresses.
package struct Takeover: Sendable {
  /// Of each address, in order: from the first that could be seen of a decision, an Advertisement or the kernel's
  /// RTM_NEWADDR, to its first gratuitous ARP.
  package let announced: [Duration]
  /// Of each virtual router: how long after its Active_Down_Interval it announced its last address.
  package let late: [Duration]
  /// Addresses that were not announced.
  package let missing: Int

  /// From the first address announced to the last one.
  package var spread: Duration { (announced.last ?? .zero) - (announced.first ?? .zero) }
  /// From the decision to the last address announced.
  package var decisionToLast: Duration { announced.last ?? .zero }

  /// A virtual router that is to be taken over, as the segment saw it.
  struct Router {
    let addresses: [IPv4Address]
    /// The old owner's last Advertisement that got through; nil if there is none that the lab can read.
    let lastHeard: Duration?
    let activeDownInterval: Duration
    /// The new owner's first Advertisement.
    let advertised: Duration?
  }

  /// `acquired` and `announced` say when the new owner's kernel first had an address, and when it was first announced.
  init(of routers: [Router], acquired: [Duration], announced: [IPv4Address: Duration]) {
    let times = routers.flatMap(\.addresses).compactMap { announced[$0] }.sorted()
    let decision = (routers.compactMap(\.advertised) + acquired).min()
    // The frame of an announcement may have an earlier stamp than the kernel's news has.
    self.announced = times.map { max($0 - (decision ?? times[0]), .zero) }
    missing = routers.map(\.addresses.count).reduce(0, +) - times.count
    late = routers.compactMap { router in
      guard let last = router.addresses.compactMap({ announced[$0] }).max(), let heard = router.lastHeard
      else { return nil }
      return last - heard - router.activeDownInterval
    }
  }
}
