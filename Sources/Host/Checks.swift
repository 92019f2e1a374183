import Configuration
import Internet
import Netlink
import Ownership
import Tracking

/// What [Track] names, and whether it is well.
struct Checks: Hashable, Sendable {
  private(set) var tracks: [TrackSettings]
  private(set) var all: [Check]
  private var health: Health
  /// Why each check that fails does; "" if it does not.
  private var reasons: [String]
  /// For commands.
  private(set) var environment: [String]

  /// Checks without a result yet. `assumedToPass`: the VIP is still here from an earlier run.
  init(_ settings: Settings, assumedToPass: Bool) {
    tracks = settings.tracks
    all = tracks.flatMap(\.checks)
    health = Health(penalties: tracks.penalties, assumedToPass: assumedToPass)
    reasons = [String](repeating: "", count: all.count)
    environment = Self.environment(settings)
  }

  /// Goes on with changed settings; checks that remain keep their results.
  mutating func follow(_ settings: Settings) {
    let wanted = settings.tracks.flatMap(\.checks)
    let origins = wanted.map { all.firstIndex(of: $0) }
    health = Health(replacing: health, origins: origins, penalties: settings.tracks.penalties)
    reasons = origins.map { $0.map { reasons[$0] } ?? "" }
    all = wanted
    tracks = settings.tracks
    environment = Self.environment(settings)
  }

  /// Only commands have one.
  private static func environment(_ settings: Settings) -> [String] {
    guard settings.tracks.contains(where: { !$0.commands.isEmpty }) else { return [] }
    return [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
      "VIP_INSTANCE=\(settings.instance)",
      "VIP=\(settings.addresses.map(\.address.description).joined(separator: " "))",
    ]
  }

  /// The names of the units.
  var units: [String] { tracks.flatMap(\.units) }

  /// The commands and when they run.
  var plan: CheckPlan {
    CheckPlan(
      commands: tracks.flatMap { track in
        track.commands.map {
          CheckPlan.Command(line: $0, interval: track.interval, timeout: track.timeout)
        }
      },
      environment: environment)
  }

  /// What all checks together mean.
  var fitness: Fitness { health.fitness }

  /// Takes a result into account; whether it is news, and passes.
  mutating func note(_ check: Check, _ passed: Bool, _ reason: String) -> Bool {
    guard let index = all.firstIndex(of: check) else { return false }
    reasons[index] = passed ? "" : reason
    return health.note(index, passed: passed, threshold(check))
  }

  private func threshold(_ check: Check) -> Verdict.Threshold {
    guard case .command(let command) = check,
      let track = tracks.first(where: { $0.commands.contains(command) })
    else { return .immediate }
    return Verdict.Threshold(rise: track.rise, fall: track.fall)
  }

  /// The check, and why it fails.
  func explain(_ check: Check) -> String {
    let reason = all.firstIndex(of: check).map { reasons[$0] } ?? ""
    return "\(check) \(reason.isEmpty ? "failed" : reason)"
  }

  /// What fails and why, or has not answered yet; nil if all is well.
  var remark: String? {
    let failing = all.indices.filter { !health.passes($0) }.map { index in
      health.isKnown(index) ? explain(all[index]) : "waiting for \(all[index])"
    }
    return failing.isEmpty ? nil : failing.joined(separator: ", ")
  }

  /// What follows from the checks, for a message.
  var effect: String {
    switch fitness {
    case .fit: ""
    case .penalized(let penalty): "; the priority is lowered by \(penalty)"
    case .unfit: "; this host must not own the VIP"
    }
  }
}

extension Host {
  /// A check had a result.
  mutating func note(_ check: Check, _ passed: Bool, _ reason: String, into effects: inout Effects) {
    guard checks.note(check, passed, reason) else { return }
    hasChanged = true
    told.remarks &+= 1
    effects.append(
      .notice(
        passed
          ? .checkPassed("\(check)\(checks.effect)") : .checkFailed(checks.explain(check) + checks.effect)))
  }

  /// Looks at the interfaces among the checks.
  mutating func followChecks(into effects: inout Effects) {
    for check in checks.all {
      guard case .interface(let name) = check else { continue }
      let passes = view.link(named: name).map { $0.isUp && $0.hasCarrier } ?? false
      note(check, passes, "is missing, down or without carrier", into: &effects)
    }
  }

  /// Whether this host must not own the VIP, whatever the group says.
  var isUnfit: Bool { isHeld || checks.fitness == .unfit }

  /// A host that must not own the VIP learns it before anything else.
  mutating func followEligibility(at now: Instant, into effects: inout Effects) {
    let standsBack = isUnfit || group?.reason != nil
    if standsBack != core.isBarred { tell(.standBack(standsBack), at: now, into: &effects) }
  }

  /// What the core needs of settings, checks and surroundings, as they are now.
  private var parameters: Parameters {
    var parameters = settings.parameters(defaultGateway: view.defaultGateway(core.parameters.family))
    if !rules.contains(.followGateway) && core.link != nil {
      parameters.references = core.parameters.references
    }
    parameters.priority = checks.fitness.priority(configured: settings.priority)
    if missingFamily?.isLasting == true { parameters.priority = MissingFamily.priority }
    // One that cannot be asked would count as silent.
    if let optional = settings.optionalFamily, !hasOwn(optional) {
      parameters.references.removeAll { $0.family == optional }
    }
    parameters.checksLateness = rules.contains(.lateLoop)
    parameters.checksResumption = rules.contains(.resume)
    if !rules.contains(.isolation) { parameters.isolation = false }
    parameters.countsReferences = rules.contains(.references)
    return parameters
  }

  mutating func followParameters(at now: Instant, into effects: inout Effects) {
    let current = parameters
    guard current != core.parameters else { return }
    tell(.reconfigure(current), at: now, into: &effects)
  }

  /// The operator has this host stand back, or no longer; now and after a restart.
  mutating func hold(
    _ isHeld: Bool, for caller: Caller?, at now: Instant, into effects: inout Effects
  ) {
    if isHeld != self.isHeld {
      effects.append(.notice(isHeld ? .held : .released))
      self.isHeld = isHeld
      hasChanged = true
    }
    if let caller { holds.append(caller) }
    effects.append(.writeHold(isHeld))
  }

  /// Tells those who wait for a hold, or its end, whether it will outlast a restart.
  mutating func answerHolds(_ isWritten: Bool, into effects: inout Effects) {
    let reply = Reply(hold: isHeld, of: settings.instance, isWritten: isWritten)
    for caller in holds { effects.append(.reply(caller, reply)) }
    holds.removeAll()
  }
}

extension Reply {
  /// To whoever asked for a hold, or its end.
  init(hold isHeld: Bool, of instance: String, isWritten: Bool) {
    let state = isHeld ? "held" : "released"
    self =
      isWritten
      ? .done
      : .refused(
        "\(instance) is \(state), but that cannot be written to the runtime directory: a restart would forget it"
      )
  }
}
