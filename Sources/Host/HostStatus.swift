import Configuration
public import Internet
import Netlink
import Ownership
import VRRP

extension Host {
  /// Everything that this instance tells about itself.
  public func status(at now: Instant, _ calendar: Calendar) -> InstanceStatus {
    var status = InstanceStatus()
    status.instance = settings.instance
    status.version = version
    status.summary = StatusLine(self, at: now, calendar).description
    status.describe(settings, core.parameters)
    status.state = core.election.state.field
    status.cause = core.cause?.inWords(at: core.since ?? now) ?? ""
    status.since = core.since.map(calendar.microseconds) ?? 0
    status.owns = standing.owns
    status.witness = core.witnessed?.description ?? ""
    status.holding = core.hold?.inWords(vip: settings.addressList, calendar) ?? ""
    status.isHeld = isHeld
    status.standsBack = core.isBarred
    status.checks = remarks(at: now).joined(separator: "; ")
    status.unreachable = unreachable(at: now) ?? ""
    status.lacksRealtime = memory.lacksRealtime
    status.peers = core.peers.map { InstanceStatus.Peer($0, at: now, calendar) }
    identifyOwner(in: &status)
    status.counters = chronicle.counters(discards: discards)
    status.transitions = chronicle.transitions.reversed().map { transition in
      InstanceStatus.Transition(
        time: calendar.microseconds(transition.time), state: transition.state.field,
        cause: transition.cause.inWords(at: transition.time))
    }
    return status
  }

  private func identifyOwner(in status: inout InstanceStatus) {
    if core.election.state == .active {
      guard case .ready(let identity) = core.link else { return }
      status.owner = identity.address(core.parameters.family)?.description ?? ""
      status.ownerHardware = "\(identity.hardware)"
    } else if let following = core.following, isOwnerKnown {
      status.owner = "\(following)"
      status.ownerHardware = status.peers.first { $0.address == status.owner }?.hardware ?? ""
    }
  }

  /// Whether the Active router that was heard last still has the VIP, as far as this host knows.
  private var isOwnerKnown: Bool {
    switch core.hold {
    case nil, .answered: true
    case .foreign, .isolated, .barred: false
    }
  }

  /// Who finds the VIP not answered for although its owner is heard.
  private func unreachable(at now: Instant) -> String? {
    let vip = settings.addressList
    if core.isUnanswered, let peer = core.following {
      return "\(peer) is heard, but nobody answers for \(vip)"
    }
    var found: [String] = []
    let standbys = core.unreached(at: now).map(\.address.description)
    if !standbys.isEmpty {
      found.append(
        "standby \(standbys.joined(separator: ", ")) hears this host, but gets no answer for \(vip)")
    }
    for blocked in core.blocked {
      found.append("\(blocked.reference) answers this host, but not \(blocked.address)")
    }
    return found.isEmpty ? nil : found.joined(separator: "; ")
  }

  /// Why there is no address of the host's own in `family`.
  func explainLack(of family: AddressFamily) -> String {
    guard family == .ipv6, let address = view.unusableAddress else {
      return LinkCondition.noAddress(family).explanation(settings.interface)
    }
    let (network, interface) = (address.network.address, settings.interface)
    return address.isDuplicate
      ? "another station has \(network), too, so that \(interface) cannot use it (duplicate address detection "
        + "failed): vipctl check says what to do"
      : "\(network) on \(interface) waits for the end of duplicate address detection"
  }

  /// Why this host stands back, apart from the operator, or what is wrong with it.
  func remarks(at now: Instant) -> [String] {
    var remarks: [String] = []
    if let failing = checks.remark { remarks.append("checks: \(failing)") }
    if let group, let reason = group.reason { remarks.append("group \(group.name): \(reason.inWords)") }
    if let peer = core.followedPeer, peer.addressesDiffer {
      remarks.append("\(peer.address) has other addresses than \(settings.addressList)")
    }
    if let unreachable = unreachable(at: now) { remarks.append(unreachable) }
    if let missing = missingFamily?.family {
      // The kernel may keep the VIP's all the same, and answer for them.
      let areHere = settings.addresses.indices.contains {
        settings.addresses[$0].address.family == missing && addresses.told.contains(AddressSet(index: $0))
      }
      remarks.append(
        "\(missing) addresses cannot be \(areHere ? "advertised" : "served") here: \(explainLack(of: missing))"
      )
    }
    for index in missingRoutes { remarks.append("the kernel lacks the route \(settings.routes[index])") }
    if sockets.retry.isRefused { remarks.append("cannot open sockets on \(settings.interface)") }
    if carriers.retry.isRefused { remarks.append("cannot make or set up the macvlan of VirtualMAC=") }
    if !told.unwritten.isEmpty { remarks.append("cannot write to the runtime directory") }
    return remarks
  }
}

extension Prospect {
  /// Everything that this instance tells about itself: what it waits for, and as much of its settings as is known.
  func status(_ calendar: Calendar) -> InstanceStatus {
    var status = InstanceStatus()
    status.instance = settings.instance
    status.version = version
    status.summary = error.waiting + (isHeld ? "; held by the operator" : "")
    status.describe(settings, settings.parameters(defaultGateway: nil))
    status.state = Election.State.initialize.field
    status.cause = error.found
    status.since = calendar.microseconds(start)
    status.isHeld = isHeld
    return status
  }
}

extension InstanceStatus {
  fileprivate mutating func describe(_ settings: Settings, _ parameters: Parameters) {
    addresses = settings.addresses.map(\.description)
    interface = settings.interface
    virtualRouterID = settings.virtualRouterID
    priority = parameters.priority
    interval = UInt64(parameters.interval.duration.wholeMicroseconds)
    lease = UInt64(parameters.lease?.wholeMicroseconds ?? 0)
    witnessMode = "\(parameters.witness)"
    gateway = parameters.references.map(\.description).joined(separator: " ")
  }
}

extension InstanceStatus.Peer {
  fileprivate init(_ peer: Peer, at now: Instant, _ calendar: Calendar) {
    self.init()
    address = "\(peer.address)"
    hardware = peer.hardware?.description ?? ""
    priority = peer.standbyPriority ?? peer.priority ?? 0
    lastSeen = calendar.microseconds(peer.lastSeen)
    lastAdvertised = peer.lastAdvertised.map(calendar.microseconds) ?? 0
    standsBy = peer.isThere(at: now) && !peer.isMissed
    isReady = peer.standsBy(at: now)
  }
}
