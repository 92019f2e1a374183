import Glibc
import Internet

/// One thing that goes wrong with the host that owns the VIP, or nothing.
package enum Fault: String, CaseIterable, Sendable {
  case undisturbed = "undisturbed"
  case killed = "kill -9"
  case frozen = "SIGSTOP"
  case thawed = "SIGSTOP, SIGCONT after 4 s"
  case restarted = "restart"
  case terminated = "SIGTERM"
  case handedOver = "handover"
  case carrierLost = "carrier lost"
  case unplugged = "unplugged behind a switch"
  case vrrpDropped = "VRRP dropped by the switch"
  case vrrpFiltered = "VRRP dropped by its own firewall"
  case muted = "sends, but nothing arrives"
  case deafened = "is sent to, but nothing arrives"
  case addressDeleted = "address deleted"
  case gatewaySilent = "gateway silent"

  /// The owner's daemon may be needed to make it happen.
  ///
  /// - Returns: the daemon that runs from now on; `settings` are what it is told.
  func strike(
    _ owner: HostDaemon, of segment: Segment, _ settings: DaemonSettings
  ) throws -> HostDaemon {
    let number = owner.host.number
    switch self {
    case .undisturbed: break
    case .restarted:
      // RestartKillSignal= of vipd's unit; keepalived has only the signal to stop.
      try owner.send(owner.kind == .vipd ? SIGUSR2 : SIGTERM)
      try owner.waitForExit(within: .seconds(10))
      return try HostDaemon(owner.kind, on: number, of: segment, settings)
    case .killed: try owner.send(SIGKILL)
    case .frozen: try owner.send(SIGSTOP)
    case .thawed:
      try owner.send(SIGSTOP)
      pause(Self.freeze)
      try owner.send(SIGCONT)
    case .terminated: try owner.send(SIGTERM)
    case .handedOver: try owner.send(owner.kind == .ucarp ? SIGUSR2 : SIGUSR1)
    case .carrierLost: try segment.pullCable(number)
    case .unplugged: try segment.unplug(number)
    case .vrrpDropped: try segment.dropVRRP()
    case .vrrpFiltered: try segment.dropVRRP(sentBy: number)
    case .muted: try segment.mute(number)
    case .deafened: try segment.deafen(number)
    case .addressDeleted:
      guard let network = IPNetwork(.ipv4(segment.plan.virtualAddress), prefixLength: 24) else { break }
      try segment.deleteAddress(network, from: number)
    case .gatewaySilent: try segment.silenceGateway()
    }
    return owner
  }

  /// Longer than vipd's default lease.
  private static let freeze = Duration.seconds(4)

  /// Whether `daemon` knows what is asked of it: keepalived hands over only by being stopped.
  package func isPossible(with daemon: DaemonKind) -> Bool { self != .handedOver || daemon != .keepalived }

  /// How long the daemons must have run for it to find them in their usual state: vipd takes silence as a
  /// sign only where it has heard somebody all the time for a while.
  var settlingTime: Duration {
    switch self {
    case .unplugged, .deafened, .muted, .gatewaySilent: .seconds(5)
    default: .milliseconds(1500)
    }
  }

  /// How long until all that follows from it has happened, beside the timers that depend on the interval.
  var aftermath: Duration {
    switch self {
    case .undisturbed: .seconds(20)
    case .killed, .frozen: .seconds(4)
    default: .seconds(2)
    }
  }
}
