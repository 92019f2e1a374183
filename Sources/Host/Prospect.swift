import Configuration
import Internet
import Netlink

/// An instance whose surroundings are not there yet: at boot its interface, an address or the default route may come
/// late. It follows what netlink tells until the files can be completed from that, and has nothing until then.
struct Prospect: Sendable {
  /// As much of them as is known.
  private(set) var settings: Settings
  /// Why that is not all.
  private(set) var error: ConfigurationError
  /// Since when this has been waiting.
  private(set) var start = Instant(sinceBoot: .zero)
  /// Whether the operator has this host stand back.
  private(set) var isHeld = false
  /// What could not be written to the runtime directory yet.
  private(set) var unwritten = UnwrittenFiles()

  private var files: [ConfigurationFile]
  private var memory = Host.Memory()
  /// With an eye on no link of its own.
  private var view = KernelView(Settings())
  private var look = Look()
  private var pending = PendingRequests()
  /// Whether the kernel has said yet what there is.
  private var isInformed = false
  /// All settings, and what they were completed from, as soon as that is there.
  private var completion: (settings: Settings, surroundings: Surroundings)?
  private var lastDecision: Instant?

  private var alarms = Alarms()
  private var reload = Reload()
  private var holds: [Caller] = []
  private var hasEnded = false

  /// How often the files are made sense of at most: a storm of news costs one attempt.
  private static let pause = Duration.milliseconds(50)

  /// An instance with these files, which cannot be completed yet.
  init(_ known: Settings, _ error: ConfigurationError, files: [ConfigurationFile]) {
    settings = known
    self.error = error
    self.files = files
  }

  /// When to hand in `.timer`; nil for not at all.
  var deadline: Instant? { hasEnded ? nil : alarms.first }

  /// The host that can begin now, with what it must know of runs before; nil as long as somebody waits for an answer.
  var successor: (host: Host, memory: Host.Memory)? {
    guard let completion, !hasEnded, !look.isPending, !reload.isReading, holds.isEmpty else { return nil }
    let memory = Host.Memory(
      resumableUntil: memory.resumableUntil, isHeld: isHeld, lacksRealtime: memory.lacksRealtime)
    return (Host(completion.settings, from: completion.surroundings), memory)
  }

  /// Begins. The service manager need not wait: boot goes on without the VIP.
  mutating func start(_ memory: Host.Memory, at now: Instant, into effects: inout Effects) {
    self.memory = memory
    start = now
    isHeld = memory.isHeld
    effects.append(.notice(.awaiting(error)))
    effects.append(.notify(.ready))
    effects.append(.statusChanged)
    // The role: until then the run before may be gone on with as if nothing had been.
    alarms.set(.status, memory.resumableUntil ?? now)
    lookAtEverything(into: &effects)
  }

  /// Advances the instance.
  mutating func handle(_ input: Input, at now: Instant, into effects: inout Effects) {
    guard !hasEnded else { return }
    switch input {
    case .change(let change): note(change, at: now, into: &effects)
    case .changesLost:
      effects.append(.notice(.changesLost))
      lookAgain(into: &effects)
    case .answer(let sequence, let answer): note(answer, to: sequence, at: now, into: &effects)
    case .timer: runTimers(at: now, into: &effects)
    case .written(let file, let succeeded): written(file, succeeded, at: now, into: &effects)
    case .handover(let caller): refuseHandover(for: caller, into: &effects)
    case .hold(let isHeld, let caller): hold(isHeld, for: caller, into: &effects)
    case .reload(let caller): reload.ask(for: caller, mayRead: isInformed, into: &effects)
    case .files(let result): take(result, into: &effects)
    case .stop, .restart: end(into: &effects)
    // There are neither sockets nor checks, nor a group.
    case .sockets, .advertisement, .discarded, .neighbor, .frame, .unheard, .unannounced, .sendFailed, .check,
      .unitsUnwatched, .group, .groupPoll, .groupLost, .groupReachable, .settings:
      break
    }
  }

  private mutating func runTimers(at now: Instant, into effects: inout Effects) {
    for alarm in Alarms.Name.allCases where alarms.take(alarm, at: now) {
      switch alarm {
      case .look: lookAtEverything(into: &effects)
      case .retry: decide(at: now, into: &effects)
      case .files: writeAgain(into: &effects)
      case .status: effects.append(.writeRole(.backup))
      case .group, .name, .family, .end: break
      }
    }
  }

  private mutating func end(into effects: inout Effects) {
    hasEnded = true
    effects.append(.notify(.stopping))
    reload.refuse("This instance has ended", into: &effects)
    effects.append(.exit(0))
  }

  // MARK: The kernel

  private mutating func lookAtEverything(into effects: inout Effects) {
    look.begin()
    effects.append(.request(pending.open(.look, isAddition: true), .look, isUrgent: true))
  }

  private mutating func lookAgain(into effects: inout Effects) {
    if look.isPending { look.isOutdated = true } else { lookAtEverything(into: &effects) }
  }

  private mutating func note(_ change: RouteChange, at now: Instant, into effects: inout Effects) {
    look.note(change)
    let isRenewal = view.isRenewal(change)
    let hidesOthers = view.apply(change)
    if !isRenewal { alarms.advance(.retry, to: max(now, lastDecision.map { $0 + Self.pause } ?? now)) }
    if hidesOthers { lookAgain(into: &effects) }
  }

  private mutating func note(
    _ answer: KernelAnswer, to sequence: UInt32, at now: Instant, into effects: inout Effects
  ) {
    guard pending.close(sequence) != nil else { return }
    guard case .snapshot(let snapshot) = answer else {
      look.refused(at: now)
      return alarms.set(.look, look.retry.deadline)
    }
    look.take(snapshot, into: &view)
    if look.isOutdated { return lookAtEverything(into: &effects) }
    decide(at: now, into: &effects)
    guard !isInformed else { return }
    isInformed = true
    reload.readIfAsked(into: &effects)
  }

  // MARK: The files

  /// Sees whether what there is now completes the files.
  private mutating func decide(at now: Instant, into effects: inout Effects) {
    lastDecision = now
    do throws(ConfigurationError) {
      follow(try outcome(of: files), into: &effects)
    } catch {
      // The surroundings brought it, as a loopback that got the name of Interface=, and may mend it.
      wait(for: error, knowing: settings, into: &effects)
    }
  }

  private func outcome(
    of files: [ConfigurationFile]
  ) throws(ConfigurationError) -> Configuration.Outcome {
    try Configuration.outcome(
      instance: settings.instance, files: files, surroundings: view.surroundings)
  }

  private mutating func follow(_ outcome: Configuration.Outcome, into effects: inout Effects) {
    switch outcome {
    case .complete(let settings): completion = (settings, view.surroundings)
    case .awaiting(let known, let error): wait(for: error, knowing: known, into: &effects)
    }
  }

  private mutating func wait(
    for error: ConfigurationError, knowing known: Settings, into effects: inout Effects
  ) {
    completion = nil
    settings = known
    // What else there is on the host may have changed in its words.
    let isNews = error.waiting != self.error.waiting
    self.error = error
    guard isNews else { return }
    effects.append(.notice(.awaiting(error)))
    effects.append(.statusChanged)
  }

  /// Goes on with other files, or with those from before.
  private mutating func take(
    _ result: Result<[ConfigurationFile], ConfigurationError>, into effects: inout Effects
  ) {
    do throws(ConfigurationError) {
      let new = try result.get()
      let outcome = try outcome(of: new)
      files = new
      follow(outcome, into: &effects)
      effects.append(.statusChanged)
      let news = completion.map { "Starting: \($0.settings.summary)" } ?? error.waiting
      reload.finish(.changed([news]), into: &effects)
    } catch {
      effects.append(.notice(.reloadRefused(error)))
      reload.finish(.refused("\(error)"), into: &effects)
    }
  }

  // MARK: The operator

  private func refuseHandover(for caller: Caller?, into effects: inout Effects) {
    guard let caller else { return }
    effects.append(.reply(caller, .refused("This host is not Active. \(error.waiting)")))
  }

  private mutating func hold(_ isHeld: Bool, for caller: Caller?, into effects: inout Effects) {
    if isHeld != self.isHeld {
      self.isHeld = isHeld
      effects.append(.notice(isHeld ? .held : .released))
      effects.append(.statusChanged)
    }
    if let caller { holds.append(caller) }
    effects.append(.writeHold(isHeld))
  }

  private mutating func written(
    _ file: RuntimeFile, _ succeeded: Bool, at now: Instant, into effects: inout Effects
  ) {
    if file == .hold {
      let reply = Reply(hold: isHeld, of: settings.instance, isWritten: succeeded)
      for caller in holds { effects.append(.reply(caller, reply)) }
      holds.removeAll()
    }
    if let notice = unwritten.note(file, succeeded, at: now) { effects.append(.notice(notice)) }
    alarms.set(.files, unwritten.deadline)
  }

  private mutating func writeAgain(into effects: inout Effects) {
    for file in unwritten.begin() {
      effects.append(file == .role ? .writeRole(.backup) : .writeHold(isHeld))
    }
  }
}

extension ConfigurationError {
  /// `Waiting for …`, for the status line.
  var waiting: String { "Waiting for \(awaited ?? found)" }
}
