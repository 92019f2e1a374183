import Configuration
import Internet
import Linux
import Netlink
import Systemd
import Tracking

/// Watches what [Track] names, and says whether this host may own the VIP.
final class Tracker {
  /// Told of each check whose verdict has changed, with why, and then of the fitness that follows.
  struct Handlers {
    let report: (Message) -> Void
    let changed: () -> Void
  }

  private let loop: EventLoop
  private let handlers: Handlers
  private var tracks: [TrackSettings] = []
  /// Of commands.
  private var environment: [String] = []
  private var checks: [Check] = []
  private var health: Health
  /// Why those that fail do.
  private var reasons: [Check: String] = [:]
  private var commands: [TrackSettings.CommandLine: CommandCheck] = [:]
  /// Commands that are no longer wanted and whose last run has not ended yet.
  private var leaving: [ObjectIdentifier: CommandCheck] = [:]
  private var units: UnitMonitor?
  /// The interfaces that are up and have a carrier, by index.
  private var carriers: [Int32: String] = [:]
  /// Between the first runs of two commands.
  private static let stagger = Duration.milliseconds(20)

  /// Watches nothing before ``follow(_:)``. `owns`: the VIP is still here from an earlier run.
  init(_ settings: Settings, owns: Bool, on loop: EventLoop, _ handlers: Handlers) {
    self.loop = loop
    self.handlers = handlers
    checks = settings.tracks.flatMap(\.checks)
    health = Health(penalties: settings.tracks.penalties, assumedToPass: owns)
  }

  /// What all checks together mean.
  var fitness: Fitness { health.fitness }

  /// What fails and why, or has not answered yet, for the operator; nil if all is well.
  var remark: String? {
    let failing = checks.indices.filter { !health.passes($0) }.map { index in
      guard health.isKnown(index) else { return "waiting for \(checks[index])" }
      return explain(checks[index])
    }
    return failing.isEmpty ? nil : failing.joined(separator: ", ")
  }

  /// Watches what `settings` say, from now on.
  func follow(_ settings: Settings) throws(SystemdError) {
    environment = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
      "VIP_INSTANCE=\(settings.instance)",
      "VIP=\(settings.addresses.map(\.address.description).joined(separator: " "))",
    ]
    try follow(settings.tracks)
  }

  private func follow(_ new: [TrackSettings]) throws(SystemdError) {
    let wanted = new.flatMap(\.checks)
    health = Health(
      replacing: health, origins: wanted.map { checks.firstIndex(of: $0) }, penalties: new.penalties)
    checks = wanted
    reasons = reasons.filter { wanted.contains($0.key) }
    tracks = new
    try followCommands()
    for name in interfaces { noteInterface(name) }
    let names = new.flatMap(\.units)
    if units == nil && !names.isEmpty { units = try makeUnitMonitor() }
    units?.follow(names)
  }

  private var interfaces: [String] { tracks.flatMap(\.interfaces) }

  // MARK: Results

  private func note(_ check: Check, passed: Bool, _ reason: String) {
    guard let index = checks.firstIndex(of: check) else { return }
    reasons[check] = passed ? nil : reason
    guard health.note(index, passed: passed, threshold(check)) else { return }
    handlers.report(
      passed
        ? Message(.checkPassed, .notice, "Check passes: \(check)\(effect)")
        : Message(.checkFailed, .warning, "Check fails: \(explain(check))\(effect)"))
    handlers.changed()
  }

  private func threshold(_ check: Check) -> Verdict.Threshold {
    guard case .command(let command) = check, let track = track(of: command) else { return .immediate }
    return Verdict.Threshold(rise: track.rise, fall: track.fall)
  }

  private func track(of command: TrackSettings.CommandLine) -> TrackSettings? {
    tracks.first { $0.commands.contains(command) }
  }

  private func explain(_ check: Check) -> String { "\(check) \(reasons[check] ?? "failed")" }

  private var effect: String {
    switch fitness {
    case .fit: ""
    case .penalized(let penalty): "; the priority is lowered by \(penalty)"
    case .unfit: "; this host must not own the VIP"
    }
  }

  // MARK: Commands

  private func followCommands() throws(SystemdError) {
    for (command, check) in commands where track(of: command) == nil {
      commands[command] = nil
      let id = ObjectIdentifier(check)
      if check.cancel(then: { [unowned self] in leaving[id] = nil }) { leaving[id] = check }
    }
    var first = Clock.now
    for track in tracks {
      for command in track.commands {
        if let check = commands[command] {
          check.follow(environment: environment, interval: track.interval, timeout: track.timeout)
          continue
        }
        commands[command] = try CommandCheck(
          command, environment: environment,
          schedule: CommandSchedule(interval: track.interval, timeout: track.timeout, first: first), on: loop
        ) { [unowned self] passed, reason in note(.command(command), passed: passed, reason) }
        first = first + Self.stagger
      }
    }
  }

  // MARK: Interfaces

  /// Takes over a whole snapshot.
  func replace(links: [Link]) {
    carriers = [:]
    for link in links where link.isUp && link.hasCarrier { carriers[link.index] = link.name }
    for name in interfaces { noteInterface(name) }
  }

  /// Takes over one change.
  func apply(_ change: RouteChange) {
    switch change {
    case .link(let link):
      let before = carriers[link.index]
      carriers[link.index] = link.isUp && link.hasCarrier ? link.name : nil
      // Renamed, it is another one.
      if let before, before != link.name { noteInterface(before) }
      noteInterface(link.name)
    case .linkRemoved(let index, let name):
      carriers[index] = nil
      noteInterface(name)
    case .address, .addressRemoved: break
    }
  }

  private func noteInterface(_ name: String) {
    guard interfaces.contains(name) else { return }
    note(.interface(name), passed: carriers.values.contains(name), "is missing, down or without carrier")
  }

  // MARK: Units

  private func makeUnitMonitor() throws(SystemdError) -> UnitMonitor {
    try UnitMonitor(
      on: loop,
      state: { [unowned self] name, state in
        note(.unit(name), passed: ["active", "reloading"].contains(state), "is \(state)")
      },
      trouble: { [unowned self] error in
        handlers.report(
          Message(
            .unitsUnwatched, .warning,
            "Cannot ask systemd for the state of units: \(error); trying again every second"))
      })
  }
}
