import Glibc
import Internet
import Lab

/// `viplab demo`: the main job, in plain words, checked as it goes.
struct Demo {
  private var daemon = DaemonKind.vipd
  private let settings = DaemonSettings()
  private let address = Segment.address(219)

  init(_ arguments: inout Arguments) throws {
    while let option = arguments.next() {
      guard option == "--daemon" else { throw UsageError("unknown option \(option)") }
      daemon = try arguments.daemon(of: option, among: DaemonKind.interchangeable)
    }
  }

  func run() throws {
    introduce()
    let stage = try Stage(daemon, settings)
    let client = stage.segment.client
    let unplugged =
      daemon == .vipd
      ? "Unplug .217 behind the switch: it keeps its carrier, but hears nobody, and lets go"
      : "Unplug .217 behind the switch: it keeps its carrier, but hears nobody"

    headline("Both hosts start \(daemon.rawValue); .217 is first")
    try stage.start(217)
    try stage.expect(owner: 217, within: .seconds(10))
    try stage.start(218)
    // A host must have heard others for a while before their silence tells it that it is cut off.
    pause(.seconds(5))
    try stage.expect(owner: 217, within: .zero)
    try stage.showArpCache()

    let outages = [
      try stage.step(unplugged, to: 218) { try stage.segment.unplug(217) },
      try stage.step("Plug .217 back in: equal priorities, so .218 keeps the address", to: 218) {
        try stage.plugIn(217)
      },
      try stage.step("Hand over: SIGTERM to \(daemon.rawValue) on .218", to: 217) {
        try stage.stop(218)
      },
      try stage.step("Start \(daemon.rawValue) on .218 again: it becomes the Backup", to: 217) {
        try stage.start(218)
        pause(settings.activeDownInterval * 2)
      },
    ]
    headline("What the client on \(client.interface) saw")
    Terminal.say(Terminal.table(outages.map { [$0.what, $0.outage] }))
    try stage.reportOwnership()
    Terminal.say(
      Terminal.green(
        "The address moved each time it had to, and had two owners only while it was handed over."))
  }

  private func introduce() {
    headline("Two hosts, a client and a switch, in network namespaces")
    Terminal.say(
      """
      192.168.1.217 and 192.168.1.218 are hosts, .1 is the router. A client on bond0 knows only the virtual IP 192.168.1.219,
      and asks it every millisecond who serves it. Both hosts have this \(settings.virtualRouterID).conf:

      """)
    for line in settings.text(for: daemon).split(separator: "\n") { Terminal.say("    \(line)") }
  }
}

/// Prints a line that begins a part of the story.
func headline(_ text: String) { Terminal.say("\n" + Terminal.bold("== \(text)")) }

/// The segment the story is played on, and what must be true of it.
private final class Stage {
  let segment: Segment
  private let kind: DaemonKind
  private let settings: DaemonSettings
  private let probe: Probe
  private let poll: ArpPoll
  private var daemons: [Int: HostDaemon] = [:]
  private let beginning = MonotonicClock.now

  private var address: IPv4Address { segment.plan.virtualAddress }

  init(_ kind: DaemonKind, _ settings: DaemonSettings) throws {
    self.kind = kind
    self.settings = settings
    var plan = Segment.Plan()
    plan.gateway = .station
    segment = try Segment(plan)
    probe = try segment.startProbe()
    poll = try segment.startArpPoll()
  }

  func start(_ number: Int) throws {
    daemons[number] = try HostDaemon(kind, on: number, of: segment, settings)
  }

  func stop(_ number: Int) throws {
    let status = try daemons[number]?.stop() ?? 0
    guard status == 0 else { throw LabError("\(kind.rawValue) on .\(number) exited with \(status)") }
    daemons[number] = nil
  }

  /// The client is served by `number`; throws what the daemons said if not.
  func expect(owner number: Int, within limit: Duration) throws {
    do {
      try probe.waitForAnswer(from: "\(number)", within: limit)
      let known = try segment.clientArpCache.hardwareAddress(of: address)
      guard known == segment.hosts[number]?.hardwareAddress else {
        throw LabError("the client's ARP table has \(known.map { "\($0)" } ?? "nothing")")
      }
    } catch {
      let reason = LabError("\(address) is not at .\(number): \(error)")
      throw HostDaemon.explain(reason, by: daemons.keys.sorted().compactMap { daemons[$0] })
    }
  }

  /// Plugs `number` back in, and gives it the time to be wrong about who owns the address.
  func plugIn(_ number: Int) throws {
    try segment.plugIn(number)
    pause(settings.activeDownInterval * 2)
  }

  func showArpCache() throws {
    let client = segment.client
    Terminal.say("$ arp -an    # on the client, \(client.address)")
    for line in try segment.clientArpCache.listing() where line.contains("(\(address))") {
      Terminal.say(Terminal.bold(line))
    }
  }

  /// Does something, and reports how long the client was without service around it.
  func step(_ what: String, to owner: Int, _ action: () throws -> Void) throws -> (
    what: String, outage: String
  ) {
    headline(what)
    let start = MonotonicClock.now
    try action()
    try expect(owner: owner, within: .seconds(5))
    pause(.milliseconds(500))
    let report = probe.report(from: start, to: MonotonicClock.now)
    try showArpCache()
    let outage =
      report.lost == 0
      ? "no packet lost"
      : "\(Terminal.fixed(report.outage.milliseconds)) ms, \(report.lost) of \(report.asked) lost"
    Terminal.say(
      "served by \(report.servedBy.map { ".\($0)" }.joined(separator: ", then ")); outage: \(outage)")
    return (what, outage)
  }

  /// Throws if a probe was answered twice, or ARP questions by two hosts for longer than a handover may take.
  func reportOwnership() throws {
    let end = MonotonicClock.now
    let overlap = segment.ownership.history.overlap(of: address, from: beginning, to: end)
    Terminal.say(
      """
      Both hosts had the address for \(Terminal.fixed(overlap.all.milliseconds, 1)) ms, \
      for \(Terminal.fixed(overlap.reachable.milliseconds, 1)) ms of them while the client could reach both.
      """)
    let twice = probe.report(from: beginning, to: end).answeredTwice
    guard twice == 0 else { throw LabError("\(twice) probes were answered twice") }
    let questions = poll.doubleAnswers(from: beginning, to: end).count
    let longest = poll.longestDoubleAnswer(from: beginning, to: end)
    guard longest <= Self.handoverLimit else {
      throw LabError(
        "two hosts answered \(questions) ARP questions for \(address), for "
          + "\(Terminal.fixed(longest.milliseconds)) ms on end")
    }
    Terminal.say(
      "Asked by ARP every \(Terminal.fixed(ArpPoll.interval.milliseconds)) ms, two hosts answered \(questions) times."
    )
  }

  /// How long both hosts may have the address while one hands it to the other.
  private static let handoverLimit = Duration.milliseconds(5)
}
