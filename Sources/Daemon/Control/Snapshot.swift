import Configuration
import Control
import Internet
import Linux
import Netlink
import Ownership
import VRRP

extension InstanceStatus {
  /// What `instance` is like now.
  init(
    _ instance: Instance, settings: Settings, chronicle: Chronicle, discards: DiscardCounters, at now: Instant
  ) {
    self.init()
    self.instance = settings.instance
    version = Control.version
    summary = StatusLine(instance, settings: settings, at: now).description
    describe(settings, instance.parameters)
    state = instance.election.state.field
    cause = instance.cause?.inWords(at: instance.since ?? now) ?? ""
    since = instance.since.map(Clock.microsecondsSinceEpoch) ?? 0
    owns = instance.owns
    witness = instance.witnessed?.description ?? ""
    holding = instance.hold?.inWords(vip: settings.addressList) ?? ""
    standsBack = instance.isBarred
    peers = instance.peers.map { Peer($0, at: now) }
    identifyOwner(instance)
    counters = chronicle.counters(discards: discards)
    transitions = chronicle.transitions
  }

  private mutating func describe(_ settings: Settings, _ parameters: Parameters) {
    addresses = settings.addresses.map(\.description)
    interface = settings.interface
    virtualRouterID = settings.virtualRouterID
    priority = parameters.priority
    interval = UInt64(parameters.interval.duration.wholeMicroseconds)
    lease = UInt64(parameters.lease?.wholeMicroseconds ?? 0)
    witnessMode = "\(parameters.witness)"
    gateway = parameters.gateway?.description ?? ""
  }

  private mutating func identifyOwner(_ instance: Instance) {
    if instance.election.state == .active {
      guard case .ready(let identity) = instance.link else { return }
      owner = identity.address(instance.parameters.family)?.description ?? ""
      ownerHardware = "\(identity.hardware)"
    } else if let following = instance.following {
      owner = "\(following)"
      ownerHardware = peers.first { $0.address == owner }?.hardware ?? ""
    }
  }
}

extension InstanceStatus.Peer {
  fileprivate init(_ peer: Peer, at now: Instant) {
    self.init()
    address = "\(peer.address)"
    hardware = peer.hardware?.description ?? ""
    priority = peer.standbyPriority ?? peer.priority ?? 0
    lastSeen = Clock.microsecondsSinceEpoch(peer.lastSeen)
    lastAdvertised = peer.lastAdvertised.map(Clock.microsecondsSinceEpoch) ?? 0
    standsBy = peer.isThere(at: now)
    isReady = standsBy && peer.isReady
  }
}
