import Glibc
import Internet

/// One thing that goes wrong with the host that owns the VIP.
package enum Fault: String, CaseIterable, Sendable, Codable {
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
    case .handedOver: try owner.send(SIGUSR1)
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
  package func isPossible(with daemon: DaemonKind) -> Bool { self != .handedOver || daemon == .vipd }

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
    case .killed, .frozen: .seconds(4)
    default: .seconds(2)
    }
  }
}

/// One fault, once, on a segment of its own with two hosts; .217 owns the VIP when it happens.
package struct Trial: Sendable {
  package var fault: Fault
  /// What runs on .217, the owner, and on .218.
  package var daemons: [DaemonKind]
  package var settings = DaemonSettings()
  /// How long it is watched at least.
  package var watch = Duration.zero

  package init(_ fault: Fault, _ daemons: [DaemonKind]) {
    self.fault = fault
    self.daemons = daemons
  }

  /// What was seen.
  package struct Outcome: Sendable {
    package let probe: ProbeReport
    package let download: DownloadReport
    package let overlap: OwnershipHistory.Overlap
    /// From the first that could be seen of the new owner's decision (its first advertisement or its kernel's
    /// RTM_NEWADDR) to its first gratuitous ARP; nil if the VIP stayed where it was.
    package let decisionToAnnouncement: Duration?
    /// How often two stations answered one ARP question.
    package let arpDoubleAnswers: Int
    package let ownersAtEnd: [Int]
  }

  /// Runs it.
  package func run() throws -> Outcome {
    var plan = Segment.Plan()
    plan.gateway = .station
    let segment = try Segment(plan)
    let address = segment.plan.virtualAddress
    let probe = try segment.startProbe()
    let download = try segment.startDownload()
    let poll = try segment.startArpPoll()
    let patience = settings.activeDownInterval * 5 + .seconds(10)
    let owner = try HostDaemon(daemons[0], on: 217, of: segment, settings)
    try Self.settle(probe, [owner], within: patience)
    let backup = try HostDaemon(daemons[1], on: 218, of: segment, settings)
    // The fault comes at any point of the interval, not at one that the start of the daemons picked.
    pause(settings.activeDownInterval * 2 + fault.settlingTime)
    pause(settings.interval * Double.random(in: 0..<1))
    try Self.settle(probe, [owner, backup], within: patience)
    try download.waitForStart(within: patience)
    let start = MonotonicClock.now
    let successor = try fault.strike(owner, of: segment, settings)
    pause(max(watch, settings.activeDownInterval * 2 + fault.aftermath))
    let end = MonotonicClock.now
    let history = segment.ownership.history
    let outcome = Outcome(
      probe: probe.report(from: start, to: end), download: download.report(from: start, to: end),
      overlap: history.overlap(of: address, from: start, to: end),
      decisionToAnnouncement: decisionToAnnouncement(in: segment, from: start),
      arpDoubleAnswers: poll.doubleAnswers(from: start, to: end).count,
      ownersAtEnd: history.owners(of: address))
    withExtendedLifetime((owner, successor, backup)) {}
    return outcome
  }

  private static func settle(_ probe: Probe, _ daemons: [HostDaemon], within limit: Duration) throws {
    do {
      try probe.waitForAnswer(from: "217", within: limit)
    } catch {
      throw HostDaemon.explain(error, by: daemons)
    }
  }

  private func decisionToAnnouncement(in segment: Segment, from start: Duration) -> Duration? {
    let address = segment.plan.virtualAddress
    for number in [218, 217] {
      guard let host = segment.hosts[number],
        let acquired = segment.ownership.history.acquisition(of: address, by: number, from: start),
        let announced = segment.capture.gratuitousArps(
          for: address, from: start, sentBy: host.hardwareAddress
        ).first?.time
      else { continue }
      let advertised = segment.capture.advertisements(from: start, sentBy: host.hardwareAddress)
        .first { $0.advertisement.priority > 0 }?.frame.time
      let decided = number == 218 ? min(acquired, advertised ?? acquired) : acquired
      return max(announced - decided, .zero)
    }
    return nil
  }
}
