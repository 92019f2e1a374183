import Configuration
import Internet
import Netlink
import Ownership
import VRRP

/// A reload under way.
struct Reload: Hashable, Sendable {
  /// Whether the files are being read.
  var isReading = false
  /// Those who asked before the reading began.
  var answered: [Caller] = []
  /// Those who asked since: the files may have changed meanwhile.
  var waiting: [Caller] = []
  /// Whether somebody asked since, whether he waits or not.
  var isAskedAgain = false

  /// Has the files read, after those who asked for it before; later if it is not known yet what there is
  /// (`mayRead`), which they depend on.
  mutating func ask(for caller: Caller?, mayRead: Bool = true, into effects: inout Effects) {
    if mayRead { effects.append(.notify(.reloading)) }
    if isReading || !mayRead {
      isAskedAgain = true
      if let caller { waiting.append(caller) }
      return
    }
    if let caller { answered.append(caller) }
    isReading = true
    effects.append(.readFiles)
  }

  /// Reads the files for those who asked before it was known what there is.
  mutating func readIfAsked(into effects: inout Effects) {
    if isAskedAgain { effects.append(.notify(.reloading)) }
    readForThoseWhoWait(into: &effects)
  }

  /// Reads the files, if somebody asked since that was last begun.
  private mutating func readForThoseWhoWait(into effects: inout Effects) {
    answered = waiting
    waiting = []
    isReading = isAskedAgain
    isAskedAgain = false
    if isReading { effects.append(.readFiles) }
  }

  /// Answers those who asked before the reading began, and reads once more for those who asked since.
  mutating func finish(_ reply: Reply, into effects: inout Effects) {
    guard isReading else { return }
    for caller in answered { effects.append(.reply(caller, reply)) }
    readForThoseWhoWait(into: &effects)
    if !isReading { effects.append(.notify(.ready)) }
  }

  /// Tells everybody that nothing comes of it.
  mutating func refuse(_ why: String, into effects: inout Effects) {
    for caller in answered + waiting { effects.append(.reply(caller, .refused(why))) }
    self = Reload()
  }
}

// MARK: Handover

extension Host {
  mutating func handOver(for caller: Caller?, at now: Instant, into effects: inout Effects) {
    if let caller { handovers.append(caller) }
    guard phase == .running else {
      return refuseHandovers("This instance has just started", into: &effects)
    }
    tell(.handover, at: now, into: &effects)
  }

  /// Tells those who wait for a handover what came of it.
  mutating func handoverEnded(_ outcome: HandoverOutcome, into effects: inout Effects) {
    switch outcome {
    case .takenOver(let successor):
      for caller in handovers { effects.append(.reply(caller, .takenOver(by: successor))) }
      handovers.removeAll()
    case .refused(let refusal): refuseHandovers(refusal.inWords, into: &effects)
    }
  }

  mutating func refuseHandovers(_ why: String, into effects: inout Effects) {
    for caller in handovers { effects.append(.reply(caller, .refused(why))) }
    handovers.removeAll()
  }
}

extension HandoverRefusal {
  fileprivate var inWords: String {
    switch self {
    case .notActive(nil): "This host is not Active"
    case .notActive(let owner?): "This host is not Active; \(owner) is"
    case .nobodyStandsBy: "No standby is ready to take over"
    case .nobodyTookOver: "Nobody took over; the VIP stays here"
    case .interrupted: "The VIP went, or stays, for another reason"
    }
  }
}

// MARK: Reload

extension Host {
  /// Takes over what the files say, or nothing.
  mutating func take(
    _ files: Result<[ConfigurationFile], ConfigurationError>, at now: Instant, into effects: inout Effects
  ) {
    do throws(ConfigurationError) {
      take(try settings(of: try files.get()), at: now, into: &effects)
    } catch {
      effects.append(.notice(.reloadRefused(error)))
      reload.finish(.refused("\(error)"), into: &effects)
    }
  }

  /// What `files` mean here and now. What the settings were completed from before, and is missing only now, counts as
  /// if it were there: it may be back in a moment, as an address that DHCP renews.
  private mutating func settings(of files: [ConfigurationFile]) throws(ConfigurationError) -> Settings {
    let instance = settings.instance
    var found = view.surroundings
    var outcome = try Configuration.outcome(instance: instance, files: files, surroundings: found)
    if case .awaiting(_, let error) = outcome {
      found = found.completed(from: surroundings)
      outcome = try Configuration.outcome(instance: instance, files: files, surroundings: found)
      if case .awaiting = outcome { throw error }
    }
    guard case .complete(let changed) = outcome else { preconditionFailure("was thrown") }
    surroundings = found
    return changed
  }

  /// Goes on with the live values of `new`, without letting go of anything that is still wanted.
  mutating func take(_ new: Settings, at now: Instant, into effects: inout Effects) {
    let changes = settings.changes(to: new)
    for change in changes { effects.append(.notice(.reloaded(change))) }
    if changes.isEmpty { effects.append(.notice(.reloadedNothing)) }
    let old = settings
    settings.takeLiveValues(of: new)
    sockets.routers = settings.virtualRouters
    view.follow(settings)
    if old.addresses != settings.addresses {
      readdress(from: old.addresses, into: &effects)
      if !rules.contains(.addFirst) { removeDropped(at: now, into: &effects) }
    }
    if old.routes != settings.routes { reroute(from: old.routes) }
    followChecks(replacing: old, into: &effects)
    if phase == .running || phase == .waiting { joinGroup(at: now, into: &effects) }
    group?.core.follow(lease: settings.lease)
    filterNews(into: &effects)
    // Another instance may have had it, of which nobody told. First things first.
    if settings.addresses.contains(where: { !old.addresses.contains($0) }) { alarms.advance(.look, to: now) }
    hasChanged = true
    told.remarks &+= 1
    reload.finish(.changed(changes.map(\.description)), into: &effects)
  }

  private mutating func followChecks(replacing old: Settings, into effects: inout Effects) {
    guard old.tracks != settings.tracks || old.addresses != settings.addresses else { return }
    checks.follow(settings)
    guard phase == .running else { return }
    effects.append(.watchUnits(checks.units))
    effects.append(.runCommands(checks.plan))
  }
}
