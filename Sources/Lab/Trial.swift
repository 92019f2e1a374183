import Internet

/// One fault, once, on a segment of its own with two hosts; .217 owns the VIP when it happens.
package struct Trial: Sendable {
  package var fault: Fault
  /// What runs on .217, the owner, and on .218.
  package var daemons: [DaemonKind]
  package var settings = DaemonSettings()
  /// From shortly before the fault on.
  package var surroundings = Surroundings.quiet
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
    /// When the fault was, on the clock of the probe's losses.
    package let start: Duration
    /// Who had the VIP since the fault, which is at zero here.
    package let spans: [OwnershipHistory.Span]
    /// How often a host got the VIP that was not the last one to have it.
    package let takeovers: Int

    /// How long nobody had the VIP.
    package var ownerless: Duration { spans.filter(\.owners.isEmpty).map(\.length).reduce(.zero, +) }
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
    let load = try surroundings.begin(on: segment)
    if fault != .undisturbed, surroundings != .quiet {
      pause(.seconds(1))
      try Self.settle(probe, [owner, backup], within: patience)
    }
    let start = MonotonicClock.now
    let successor = try fault.strike(owner, of: segment, settings)
    pause(watchTime)
    let end = MonotonicClock.now
    let history = segment.ownership.history
    let outcome = Outcome(
      probe: probe.report(from: start, to: end), download: download.report(from: start, to: end),
      overlap: history.overlap(of: address, from: start, to: end),
      decisionToAnnouncement: decisionToAnnouncement(in: segment, from: start),
      arpDoubleAnswers: poll.doubleAnswers(from: start, to: end).count,
      ownersAtEnd: history.owners(of: address),
      start: start, spans: history.spans(of: address, from: start, to: end).map { $0.since(start) },
      takeovers: history.takeovers(of: address, from: start, to: end))
    withExtendedLifetime((owner, successor, backup, load)) {}
    return outcome
  }

  /// About what `run()` takes.
  package var expectedDuration: Duration {
    settings.activeDownInterval * 3 + fault.settlingTime + watchTime + .milliseconds(1500)
  }

  private var watchTime: Duration { max(watch, settings.activeDownInterval * 2 + fault.aftermath) }

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
