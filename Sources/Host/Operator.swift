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
    case .nobodyStandsBy: "Nobody stands by to take over"
    case .nobodyTookOver: "Nobody took over; the VIP stays here"
    case .interrupted: "The VIP went, or stays, for another reason"
    }
  }
}

// MARK: Reload

extension Host {
  /// Has the files read, after those who asked for it before.
  mutating func readFiles(for caller: Caller?, into effects: inout Effects) {
    // What the files mean depends on what there is.
    if phase != .waiting { effects.append(.notify(.reloading)) }
    if reload.isReading || phase == .waiting {
      reload.isAskedAgain = true
      if let caller { reload.waiting.append(caller) }
      return
    }
    if let caller { reload.answered.append(caller) }
    reload.isReading = true
    effects.append(.readFiles)
  }

  /// Reads the files for those who asked before it was known what there is.
  mutating func readFilesIfAsked(into effects: inout Effects) {
    if reload.isAskedAgain { effects.append(.notify(.reloading)) }
    readForThoseWhoWait(into: &effects)
  }

  /// Reads the files, if somebody asked since that was last begun.
  private mutating func readForThoseWhoWait(into effects: inout Effects) {
    reload.answered = reload.waiting
    reload.waiting = []
    reload.isReading = reload.isAskedAgain
    reload.isAskedAgain = false
    if reload.isReading { effects.append(.readFiles) }
  }

  mutating func refuseReloads(_ why: String, into effects: inout Effects) {
    for caller in reload.answered + reload.waiting { effects.append(.reply(caller, .refused(why))) }
    reload = Reload()
  }

  /// Takes over what the files say, or nothing.
  mutating func take(
    _ files: Result<[ConfigurationFile], ConfigurationError>, at now: Instant, into effects: inout Effects
  ) {
    do throws(ConfigurationError) {
      let changed = try Configuration.resolve(
        instance: settings.instance, files: try files.get(), surroundings: view.surroundings)
      take(changed, at: now, into: &effects)
    } catch {
      effects.append(.notice(.reloadRefused(error)))
      finishReading(.refused("\(error)"), into: &effects)
    }
  }

  /// Answers those who asked before the reading began, and reads once more for those who asked since.
  private mutating func finishReading(_ reply: Reply, into effects: inout Effects) {
    guard reload.isReading else { return }
    for caller in reload.answered { effects.append(.reply(caller, reply)) }
    readForThoseWhoWait(into: &effects)
    if !reload.isReading { effects.append(.notify(.ready)) }
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
    hasChanged = true
    told.remarks &+= 1
    finishReading(.changed(changes.map(\.description)), into: &effects)
  }

  private mutating func followChecks(replacing old: Settings, into effects: inout Effects) {
    guard old.tracks != settings.tracks || old.addresses != settings.addresses else { return }
    checks.follow(settings)
    guard phase == .running else { return }
    effects.append(.watchUnits(checks.units))
    effects.append(.runCommands(checks.plan))
  }
}
