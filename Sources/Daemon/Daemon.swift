import Configuration
import Glibc
public import Host
import Internet
public import Linux
import Netlink
public import Systemd

/// One instance: hands what happens to its ``Stage``, and does what that wants done. It decides nothing.
public final class Daemon {
  private var stage: Stage
  private let files: ConfigurationFiles
  private let loop: EventLoop
  private let log: Log
  private let calendar = Calendar(localTime: Clock.localTime, microseconds: Clock.microsecondsSinceEpoch)
  private let runtime: RuntimeDirectory
  private let monitor: RouteMonitor
  private let notifier: Notifier
  private let lacksRealtime: Bool

  private var kernel: KernelThread?
  /// Taken from the kernel's thread, and not yet handed in: their news come first.
  private var answers: [KernelThread.Answer] = []
  private var sockets: LinkSockets?
  /// Sockets that are being opened and still wanted.
  private var openings: Set<UInt32> = []
  private var reading: BackgroundTask<Result<[ConfigurationFile], ConfigurationError>>?
  private var units: UnitMonitor?
  private var commands: CommandRunner?
  private var group: GroupSocket?
  private var control: ControlInterface?
  private var timer: Timer?
  private var sources: [EventSource] = []

  /// What happened while effects were carried out.
  private var inputs: [Input] = []
  private var effects = Effects()
  private var isAdvancing = false

  /// A daemon for the instance of `stage`, whose files `files` reads, that has not touched anything yet. It keeps its
  /// state in `runtimeDirectory`. `lacksRealtime`: its process was to have realtime priority, and has none.
  ///
  /// - Throws: if netlink or the event loop cannot be opened.
  public init(
    _ stage: Stage, files: ConfigurationFiles, runtimeDirectory: String, journal: Journal,
    lacksRealtime: Bool = false
  ) throws(DaemonError) {
    self.files = files
    self.stage = stage
    self.lacksRealtime = lacksRealtime
    log = Log(journal: journal)
    runtime = RuntimeDirectory(runtimeDirectory)
    do {
      loop = try EventLoop()
      monitor = try RouteMonitor()
      notifier = try Notifier(on: loop)
      kernel = try KernelThread(on: loop) { [unowned self] in readAnswers() }
      units = try UnitMonitor(on: loop) { [unowned self] in handle($0) }
      commands = CommandRunner(on: loop) { [unowned self] in handle($0) }
    } catch {
      throw DaemonError(error)
    }
  }

  /// Runs until the host has the process end; the exit code.
  ///
  /// - Throws: if the event loop cannot watch what it must.
  public func run() throws(DaemonError) -> Int32 {
    // Calls that wait for an answer get one before the process ends.
    defer { control = nil }
    do {
      try watchEverything()
    } catch {
      throw DaemonError(error)
    }
    var memory = runtime.memory
    memory.lacksRealtime = lacksRealtime
    advance { now in stage.start(memory, at: now, into: &effects) }
    do {
      return try loop.run()
    } catch {
      throw DaemonError(error, exitCode: DaemonError.broken)
    }
  }

  private func watchEverything() throws {
    timer = try loop.timer { [unowned self] in timerIsDue() }
    sources = [
      try loop.watch(fd: monitor.fd, priority: .kernel) { [unowned self] in newsCame() },
      try loop.signal(SIGTERM) { [unowned self] in handle(.stop) },
      try loop.signal(SIGINT) { [unowned self] in handle(.stop) },
      try loop.signal(SIGHUP) { [unowned self] in handle(.reload(nil)) },
      try loop.signal(SIGUSR1) { [unowned self] in handle(.handover(nil)) },
      // RestartKillSignal= of the unit: the next run takes up the VIP where this one leaves it.
      try loop.signal(SIGUSR2) { [unowned self] in handle(.restart) },
    ]
    try loop.enableWatchdog()
    do throws(SystemdError) {
      control = try ControlInterface(
        in: runtime.path, on: loop,
        status: { [unowned self] in stage.status(at: Clock.now, calendar) },
        request: { [unowned self] in handle($0) })
    } catch {
      // The daemon does its work without its operator, too.
      log.write(.warning, "\(error): vipctl cannot reach this instance")
    }
  }

  // MARK: The loop

  private func handle(_ input: Input) { handle([input]) }

  /// Hands to the host what waited together, does what follows, and so with every input that this gives rise to.
  private func handle(_ waiting: [Input]) {
    inputs += waiting
    guard !isAdvancing else { return }
    advance { _ in }
  }

  private func advance(_ body: (Instant) -> Void) {
    isAdvancing = true
    body(Clock.now)
    performAll()
    var next = 0
    while next < inputs.count {
      for index in next..<inputs.count { stage.handle(inputs[index], at: Clock.now, into: &effects) }
      next = inputs.count
      performAll()
    }
    inputs.removeAll(keepingCapacity: true)
    isAdvancing = false
    if let deadline = stage.deadline { timer?.arm(at: deadline) } else { timer?.disarm() }
  }

  /// Does all that is wanted, in order; what can be done in one go is.
  private func performAll() {
    var requests: [KernelThread.Question] = []
    for index in 0..<effects.count {
      if case .request(let number, let request, let isUrgent) = effects[index] {
        requests.append((number, request, isUrgent))
        continue
      }
      ask(&requests)
      perform(effects[index])
    }
    ask(&requests)
    effects.removeAll()
  }

  private func ask(_ requests: inout [KernelThread.Question]) {
    guard !requests.isEmpty else { return }
    kernel?.ask(requests)
    requests = []
  }

  private func perform(_ effect: Effect) {
    switch effect {
    case .request(let number, let request, let isUrgent): kernel?.ask([(number, request, isUrgent)])
    // Whoever hears too much does his work, too.
    case .filterNews(let filter): try? monitor.follow(filter)
    case .openSockets(let number, let plan):
      openings.insert(number)
      kernel?.open(number, plan)
    case .followIdentity(let plan): send(.vrrp) { sockets throws(LinuxError) in try sockets.follow(plan) }
    case .closeSockets:
      openings = []
      replaceSockets(by: nil)
    case .advertise(let advertisement, let dialect, let isOwner):
      send(.vrrp) { sockets throws(LinuxError) in
        try sockets.send(advertisement, in: dialect, isOwner: isOwner)
      }
    case .ask(let packet, let station):
      send(.neighbor) { sockets throws(LinuxError) in try sockets.send(packet, to: station) }
    case .announce(let addresses, let form):
      send(.neighbor) { sockets throws(LinuxError) in
        let unsent = try sockets.announce(addresses, form)
        if !unsent.isEmpty { handle(.unannounced(unsent, form)) }
      }
    case .hearAnswers(let answerers):
      send(.neighbor) { sockets throws(LinuxError) in try sockets.hear(answerers) }
    case .listenForEvidence(let audience, let attention):
      do throws(LinuxError) {
        try sockets?.listenForEvidence(audience, attention)
      } catch {
        handle(.unheard(KernelRefusal(error)))
      }
    case .ignoreEvidence: sockets?.ignoreEvidence()
    case .watchUnits(let names): units?.follow(names)
    case .runCommands(let plan): commands?.follow(plan)
    case .joinGroup(let name): joinGroup(name)
    case .tellGroup(let message, let name): group?.tell(message, to: name)
    case .remember(let end): runtime.remember(resumableUntil: end)
    case .writeRole(let role): handle(.written(.role, runtime.write(role: role)))
    case .writeHold(let isHeld): handle(.written(.hold, runtime.write(isHeld: isHeld)))
    case .readFiles: readFiles()
    case .reply(let caller, let reply): control?.reply(reply, to: caller)
    case .notice(let notice):
      log.write(Message(notice, of: stage.settings, at: Clock.now, calendar), of: stage)
    case .statusChanged: tellStatus()
    case .notify(let state): notifier.notify(Notification(state))
    case .exit(let code): loop.exit(code)
    }
  }

  private func timerIsDue() {
    readQuietAnswers()
    readQuietEvidence()
    handle(.timer)
  }

  private func readQuietEvidence() {
    for station in sockets?.takeQuietEvidence() ?? [] { handle(.frame(from: station)) }
  }

  // MARK: The kernel

  private func newsCame() {
    if readNews() { readQuietAnswers() }
  }

  /// Those for which the loop was not woken.
  private func readQuietAnswers() {
    if kernel?.hasAnswers == true { readAnswers() }
  }

  /// Hands in what netlink tells, or the first many of it; whether that was all.
  @discardableResult
  private func readNews() -> Bool {
    var changes: [RouteChange] = []
    let reading = monitor.read { changes.append($0) }
    handle(changes.map { .change($0) })
    if reading == .lost { handle(.changesLost) }
    return reading == .all
  }

  /// The kernel had told all news of what it did before it answered; but since the loop looked, it may have done and
  /// told more, and answered that, too.
  private func readAnswers() {
    answers += kernel?.takeAnswers() ?? []
    guard readNews() else {
      kernel?.callAgain()
      return
    }
    let known = answers
    answers = []
    for answer in known {
      switch answer {
      case .answers(let answers): handle(answers.map { .answer($0.number, $0.answer) })
      case .sockets(let number, .success(let opened)): handle(.sockets(number, take(opened, number)))
      case .sockets(let number, .failure(let error)):
        openings.remove(number)
        handle(.sockets(number, KernelRefusal(error)))
      }
    }
  }

  // MARK: Sockets

  /// Uses sockets that were opened, if they are still wanted and can be watched; else why not.
  private func take(_ opened: LinkSockets, _ number: UInt32) -> KernelRefusal? {
    guard openings.remove(number) != nil else {
      kernel?.close(opened)
      return KernelRefusal(.linkGone, code: ENODEV, "opening sockets: the link has gone meanwhile")
    }
    do throws(SystemdError) {
      try opened.watch(
        on: loop,
        LinkSockets.Handlers(
          vrrp: { [unowned self] number in
            read { sockets throws(LinuxError) in try sockets.receiveVRRP(number) }
          },
          neighbor: { [unowned self] number in
            read { sockets throws(LinuxError) in try sockets.receiveNeighbor(number) }
          },
          evidence: { [unowned self] in
            read { sockets throws(LinuxError) in try sockets.receiveEvidence() }
          },
          retired: { [unowned self] in kernel?.close($0) }))
    } catch {
      kernel?.close(opened)
      return KernelRefusal(.other, code: error.errno, "\(error)")
    }
    replaceSockets(by: opened)
    return nil
  }

  private func replaceSockets(by new: LinkSockets?) {
    if let old = sockets { kernel?.close(old) }
    sockets = new
  }

  /// Reads one packet: the loop, which calls again while more wait, keeps a flood of them from delaying timers.
  private func read(_ packet: (LinkSockets) throws(LinuxError) -> Input?) {
    guard let sockets else { return }
    do throws(LinuxError) {
      if let input = try packet(sockets) { handle(input) }
    } catch {
      // A link that went down says so here once; netlink says what matters of it.
    }
  }

  private func send(_ kind: Outgoing, _ packet: (LinkSockets) throws(LinuxError) -> Void) {
    guard let sockets else { return }
    do throws(LinuxError) {
      try packet(sockets)
    } catch {
      handle(.sendFailed(kind, KernelRefusal(error)))
    }
  }

  // MARK: This host

  private func joinGroup(_ name: String?) {
    group = nil
    guard let name else { return }
    group = GroupSocket(
      of: name, in: runtime.path, on: loop, happened: { [unowned self] in handle($0) },
      troubled: { [log] why in log.write(.error, "\(why): the group cannot be heard; trying again") })
  }

  /// Their disk may be dead, and the VIP well.
  private func readFiles() {
    do throws(SystemdError) {
      reading = try BackgroundTask(on: loop) { [files, instance = stage.settings.instance] in
        do throws(ConfigurationError) {
          return .success(try files.files(of: instance))
        } catch {
          return .failure(error)
        }
      } done: { [unowned self] result in
        reading = nil
        handle(.files(result))
      }
    } catch {
      let failure = ConfigurationError(
        place: stage.settings.instance, found: "cannot be read: \(error)",
        accepted: "accepted: files that can be read", remedy: "try again")
      handle(.files(.failure(failure)))
    }
  }

  private func tellStatus() {
    let status = stage.status(at: Clock.now, calendar)
    notifier.notify(.status(status.line))
    if let file = stage.stateFile(status: status.line) { runtime.write(state: file.description) }
    control?.noteChange()
  }
}

extension Notification {
  fileprivate init(_ state: ServiceState) {
    switch state {
    case .ready: self = .ready
    case .reloading: self = .reloading
    case .stopping: self = .stopping
    }
  }
}
