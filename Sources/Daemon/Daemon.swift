public import Configuration
import Control
import Glibc
import Internet
public import Linux
import Neighbor
import Netlink
import Ownership
public import Systemd
import Tracking
import VRRP

/// One instance at work: brings events from the kernel, the network and the operator to the core, and
/// carries out the core's actions.
public final class Daemon {
  private var settings: Settings
  private let loop: EventLoop
  private let log: Log
  private let runtime: RuntimeDirectory?
  private let runtimeDirectory: String
  private let monitor: RouteMonitor
  private let requests: RouteRequests
  private let kernel: KernelAddresses
  private let routes: KernelRoutes

  private var core: Instance
  private var interface: InterfaceView
  private var sockets: LinkSockets?
  /// The gateway of the default route, if it leaves by the VIP's interface.
  private var defaultGateway: IPAddress?
  private var eligibility: Eligibility?
  private var reloading: Reload?
  private var discards = DiscardCounters()
  private var chronicle = Chronicle()
  private var control: ControlInterface?
  private var status = ""
  /// What the units that follow the VIP were told.
  private var role: Role?
  /// What could not be sent the last time, so that only the first failure is logged.
  private var failing: Set<Outgoing> = []
  private var timer: Timer?
  private var sources: [EventSource] = []
  /// Events that carrying out actions gave rise to.
  private var queue: [Event] = []
  private var isDelivering = false
  private var failure: DaemonError?

  /// A daemon for `settings`, which `files` gave, that has not touched anything yet. It keeps its state in
  /// `runtimeDirectory`.
  ///
  /// - Throws: if netlink or the event loop cannot be opened.
  public init(
    _ settings: Settings, files: ConfigurationFiles, runtimeDirectory: String, journal: Journal
  ) throws(DaemonError) {
    self.settings = settings
    log = Log(journal: journal, instance: settings.instance)
    self.runtimeDirectory = runtimeDirectory
    do throws(RuntimeDirectoryError) {
      runtime = try RuntimeDirectory(runtimeDirectory)
    } catch {
      runtime = nil
      journal.send(.warning, "\(error): after a restart this instance will listen before it goes on")
    }
    core = Instance(settings.parameters(defaultGateway: nil))
    interface = InterfaceView(settings)
    do {
      loop = try EventLoop()
      monitor = try RouteMonitor()
      requests = try RouteRequests()
    } catch {
      throw DaemonError(error)
    }
    kernel = KernelAddresses(settings, requests: requests)
    routes = KernelRoutes(requests: requests)
    reloading = Reload(
      of: settings.instance, files, on: loop,
      Reload.Handlers(
        apply: { [unowned self] in apply($0) }, finished: { [unowned self] in notify(.ready) }))
  }

  /// Runs until SIGTERM or SIGINT, when the VIP is released; the exit code.
  ///
  /// - Throws: if the kernel refuses what the daemon cannot do without.
  public func run() throws(DaemonError) -> Int32 {
    // Calls that wait for an answer get one before the loop ends.
    defer {
      reloading = nil
      control = nil
    }
    do {
      try watchEverything()
      write(Message(.started, .info, "Started: \(settings.summary)"))
      let links = try requests.links()
      let missing = interface.replace(links: links, addresses: try requests.addresses())
      try followEligibility(links)
      if !interface.leftover.isEmpty {
        let names = settings.names(of: interface.leftover)
        write(Message(.leftover, .notice, "Found \(names), left by an earlier run"))
        deliver(.resume(interface.leftover, lastAdvertised: runtime?.previouslyAdvertised))
      }
      if runtime?.isHeld == true { hold(true) }
      followInterface(missing: missing)
      try Notification.send(.ready)
      let code = try loop.run()
      if let failure { throw failure }
      return code
    } catch {
      throw DaemonError(error)
    }
  }

  // MARK: Events

  private func watchEverything() throws {
    timer = try loop.timer { [unowned self] in deliver(.timer) }
    sources = [
      // News of changes before the answers to our own: see Holdings.
      try loop.watch(fd: monitor.fd, priority: .kernel) { [unowned self] in readMonitor() },
      try loop.watch(fd: requests.fd, priority: .answer) { [unowned self] in readAnswers() },
      try loop.signal(SIGTERM) { [unowned self] in stop() },
      try loop.signal(SIGINT) { [unowned self] in stop() },
      try loop.signal(SIGHUP) { [unowned self] in reload() },
      try loop.signal(SIGUSR1) { [unowned self] in deliver(.handover) },
      // RestartKillSignal= of the unit: the next run takes up the VIP where this one leaves it.
      try loop.signal(SIGUSR2) { [unowned self] in loop.exit(0) },
    ]
    try loop.enableWatchdog()
    openControl()
  }

  /// The daemon does its work without its operator, too.
  private func openControl() {
    guard let directory = runtime?.path else { return }
    do throws(SystemdError) {
      control = try ControlInterface(
        in: directory, on: loop,
        ControlInterface.Handlers(
          status: { [unowned self] in snapshot }, handover: { [unowned self] in deliver(.handover) },
          hold: { [unowned self] in hold($0) }, reload: { [unowned self] in reload(then: $0) }))
    } catch {
      log.journal.send(.warning, "\(error): vipctl cannot reach this instance")
    }
  }

  private func stop() {
    notify(.stopping)
    eligibility?.leaveGroup()
    deliver(.stop)
  }

  private func readMonitor() {
    attempt {
      var events: [Event] = []
      let isComplete = try monitor.receive { change in
        eligibility?.apply(change)
        if let index = interface.apply(change) { events.append(.vanished(index: index)) }
      }
      noteNewInterface()
      for event in events { deliver(event) }
      var missing: AddressSet = []
      if !isComplete {
        write(Message(.netlinkOverflow, .warning, "Netlink news was lost; looking at everything again"))
        missing = try resynchronize()
      }
      followInterface(missing: missing)
    }
  }

  /// Takes a snapshot; returns the VIP's addresses that the interface lacks.
  private func resynchronize() throws(LinuxError) -> AddressSet {
    let links = try requests.links()
    eligibility?.replace(links: links)
    return interface.replace(links: links, addresses: try requests.addresses())
  }

  private func readAnswers() {
    attempt {
      do throws(LinuxError) {
        let events = try kernel.answers { sequence, error in
          guard let route = self.routes.failure(sequence, error), let error else { return }
          self.reportRoute(route, error)
        }
        for event in events { deliver(event) }
      } catch {
        // Answers were lost, not the changes: look at what became of them.
        for event in kernel.answers(missing: try resynchronize(), after: error) { deliver(event) }
      }
    }
  }

  /// Opens sockets on an interface that has become usable and tells the core what it is like.
  private func followInterface(missing: AddressSet) {
    noteNewInterface()
    missing.forEach { deliver(.vanished(index: $0)) }
    let condition = interface.condition
    if case .ready(let identity) = condition, condition != core.link || sockets == nil {
      attempt { try openSockets(identity) }
      guard sockets != nil else { return }
    }
    deliver(.link(condition))
  }

  /// An interface that was deleted and made anew is another one: the addresses went with the old one.
  private func noteNewInterface() {
    guard let sockets, sockets.linkIndex != interface.link?.index else { return }
    self.sockets = nil
    deliver(.link(.absent))
  }

  private func openSockets(_ identity: Identity) throws {
    guard let linkIndex = interface.link?.index else { return }
    do throws(LinuxError) {
      // The way out may have come up with the interface.
      let route = try requests.defaultRoute(settings.families[0])
      defaultGateway = route?.linkIndex == linkIndex ? route?.gateway : nil
      deliver(.reconfigure(parameters))
      if let sockets { return try sockets.follow(identity) }
      let isRouter = settings.families.contains(.ipv6) ? try requests.forwardsIPv6(on: linkIndex) : false
      sockets = try LinkSockets(
        linkIndex: linkIndex, identity: identity, routers: settings.virtualRouters,
        usesVirtualMAC: settings.virtualMAC, isRouter: isRouter)
      try routes.adopt(linkIndex: linkIndex)
      try interface.prepareCarriers(settings.families, by: requests)
      try requests.promoteSecondaries(on: linkIndex)
    } catch {
      // The link or the address is gone again since netlink told of it; netlink will tell of that, too.
      if error.kind == .linkGone || error.kind == .addressMissing { return }
      throw error
    }
    try sockets?.watch(
      on: loop,
      LinkSockets.Handlers(
        vrrp: { [unowned self] family in
          read { () throws(LinuxError) in
            try family.receiveVRRP { self.receive($1, in: $0, of: family.router) }
          }
        },
        neighbor: { [unowned self] family in
          read { () throws(LinuxError) in
            try family.receiveNeighbor { self.deliver(.neighbor($0)) }
          }
        },
        evidence: { [unowned self] in
          read { () throws(LinuxError) in
            if let station = try sockets?.receiveEvidence() { deliver(.frame(from: station)) }
          }
        }))
  }

  /// Reads one packet: the loop, which calls again while more wait, keeps a flood of them from delaying timers.
  private func read(_ packet: () throws(LinuxError) -> Void) {
    do throws(LinuxError) {
      try packet()
    } catch {
      // A link that went down says so here once; netlink says what matters of it.
    }
  }

  private func receive(_ message: Span<UInt8>, in envelope: Envelope, of router: VirtualRouter) {
    chronicle.count(.advertisementsReceived)
    do throws(Discard) {
      deliver(.advertisement(try router.decode(message, in: envelope)))
    } catch {
      guard discards.count(error), let why = error.inWords(timeToLive: envelope.timeToLive) else { return }
      write(
        Message(
          .discarded, .warning,
          "Discarded a packet from \(envelope.source): \(why); more of this kind are only counted",
          [("VRRP_PEER", "\(envelope.source)")]))
    }
  }

  // MARK: Actions

  /// Gives `event` to the core and does what it says, and so with every event that follows from that.
  private func deliver(_ event: Event) {
    queue.append(event)
    guard !isDelivering else { return }
    isDelivering = true
    while !queue.isEmpty {
      let next = queue.removeFirst()
      let actions = core.handle(next, at: Clock.now)
      for index in 0..<actions.count { perform(actions[index]) }
    }
    isDelivering = false
    followRoutes()
    if core.link != nil {
      eligibility?.tell(
        takesPart: core.election.state != .initialize, isActive: core.election.state == .active)
    }
    runtime?.remember(lastAdvertised: core.resumesAfter)
    if let deadline = core.deadline { timer?.arm(at: deadline) } else { timer?.disarm() }
    updateRole()
    // The announcement waits for the kernel's answer, which is there already; the operator can wait for both.
    if !kernel.isAsked { updateStatus() }
  }

  private func followRoutes() {
    guard let sockets else { return }
    let wanted = core.owns ? settings.routes.map { RouteRequest($0, linkIndex: sockets.linkIndex) } : []
    for (route, error) in routes.follow(wanted) { reportRoute(route, error) }
  }

  private func reportRoute(_ route: String, _ error: LinuxError) {
    write(
      Message(
        .kernelRefused, .error, "The kernel refused the route to \(route): \(error)",
        [("ERRNO", String(error.errno))]))
  }

  private func perform(_ action: Action) {
    chronicle.count(action)
    switch action {
    case .advertise(let priority, let interval): advertise(priority, every: interval)
    case .ask(let packet, let station):
      send(.neighbor) { sockets throws(LinuxError) in try sockets.send(packet, to: station) }
    case .listenForEvidence:
      let virtual = AddressFamily.allCases.map { MACAddress.virtualRouter(settings.virtualRouterID, $0) }
      let known = core.peers.compactMap(\.hardware) + virtual
      send(.neighbor) { sockets throws(LinuxError) in try sockets.listenForEvidence(excluding: known) }
    case .add(let set): set.forEach { add($0) }
    case .remove(let set): remove(set)
    case .announce(let set): announce(set)
    case .report(let report):
      write(Message(report, settings: settings, at: Clock.now))
      chronicle.note(report, at: Clock.now)
    case .handoverEnded(let outcome): control?.answerHandovers(outcome)
    case .exit: exit()
    }
  }

  private func exit() {
    interface.removeCarriers(by: requests)
    loop.exit(0)
  }

  private func add(_ index: Int) {
    let network = settings.addresses[index]
    do throws(LinuxError) {
      let family = network.address.family
      guard sockets != nil,
        let carrier = try interface.carrier(family, isOwner: core.owns, by: requests)
      else {
        return queue.append(.addFailed(index: index, errno: ENODEV))
      }
      let event = kernel.add(
        index, to: carrier, lease: core.parameters.lease,
        addsPrefixRoute: !interface.hasSubnet(of: network))
      if let event { queue.append(event) }
    } catch {
      queue.append(.addFailed(index: index, errno: error.errno))
    }
  }

  private func remove(_ set: AddressSet) {
    set.forEach { index in
      guard let carrier = interface.carrier(settings.addresses[index].address.family) else {
        return queue.append(.removed(index: index))
      }
      if let event = kernel.remove(settings.addresses[index], from: carrier) { queue.append(event) }
    }
    attempt { try interface.setCarriersDown(by: requests) }
  }

  private func advertise(_ priority: UInt8, every interval: AdvertisementInterval) {
    let advertisement = Advertisement(
      virtualRouterID: settings.virtualRouterID, priority: priority, interval: interval)
    send(.vrrp) { sockets throws(LinuxError) in
      try sockets.send(advertisement, in: core.dialect, isOwner: core.owns)
    }
  }

  private func announce(_ set: AddressSet) {
    set.forEach { index in
      send(.neighbor) { sockets throws(LinuxError) in try sockets.announce(settings.addresses[index].address)
      }
    }
  }

  private enum Outgoing: String {
    case vrrp = "Advertisements"
    case neighbor = "ARP and neighbour discovery"
  }

  /// A packet that cannot be sent is lost like one that the network loses; the operator hears of the first.
  private func send(_ kind: Outgoing, _ body: (LinkSockets) throws(LinuxError) -> Void) {
    guard let sockets else { return }
    do throws(LinuxError) {
      try body(sockets)
      failing.remove(kind)
    } catch {
      guard failing.insert(kind).inserted else { return }
      write(
        Message(
          .sendFailed, .error,
          "Cannot send \(kind.rawValue) on \(settings.interface): \(error); more of this kind are not reported",
          [("ERRNO", String(error.errno))]))
    }
  }

  // MARK: Standing back

  /// Before the first link event: a host that must not own the VIP must not take it first.
  private func followEligibility(_ links: [Link]) throws {
    eligibility = try Eligibility(
      settings, owns: !interface.leftover.isEmpty, links: links,
      runtimeDirectory: runtimeDirectory, on: loop,
      Eligibility.Handlers(
        report: { [unowned self] in write($0) }, changed: { [unowned self] in eligibilityChanged() },
        // Where another host can have all of the group's VIPs, it gets all; else the rest stays here.
        memberLeft: { [unowned self] in deliver(.handover) }))
    eligibilityChanged()
  }

  private func eligibilityChanged() {
    // Nil while it is being made.
    guard let eligibility else { return }
    deliver(.standBack(eligibility.standsBack))
    deliver(.reconfigure(parameters))
  }

  /// What the core needs, as it is now.
  private var parameters: Parameters {
    var parameters = settings.parameters(defaultGateway: defaultGateway)
    if let eligibility { parameters.priority = eligibility.priority(configured: settings.priority) }
    return parameters
  }

  // MARK: Operator

  private func reload(then answer: @escaping (Reload.Outcome) -> Void = { _ in }) {
    notify(.reloading)
    reloading?.request(answer)
  }

  private func apply(_ files: Reload.Files) -> Reload.Outcome {
    do {
      let new = try Configuration.resolve(
        instance: settings.instance, files: try files.get(), surroundings: try Surroundings(requests))
      return .success(apply(new))
    } catch {
      write(Message(.reloadRefused, .error, "Reload refused, nothing changed: \(error)"))
      return .failure(DaemonError(error))
    }
  }

  private func apply(_ new: Settings) -> [String] {
    let changes = settings.changes(to: new)
    for change in changes {
      let severity: Journal.Severity = change.appliesLive ? .notice : .warning
      write(Message(.reloaded, severity, "Reload: \(change)"))
    }
    if changes.isEmpty { write(Message(.reloaded, .info, "Reload: nothing changed")) }
    take(new)
    return changes.map(\.description)
  }

  /// Goes on with the live values of `new`, without letting go of anything that is still wanted.
  private func take(_ new: Settings) {
    let old = settings
    settings.takeLiveValues(of: new)
    kernel.settings = settings
    for dropped in old.addresses where !settings.addresses.contains(dropped) {
      guard let carrier = interface.carrier(dropped.address.family) else { continue }
      _ = kernel.remove(dropped, from: carrier)
    }
    attempt {
      if old.addresses != settings.addresses || old.peers != settings.peers {
        interface = InterfaceView(settings)
        _ = try resynchronize()
      }
      // With the sockets that there are: what the core wants done now needs some.
      deliver(.reconfigure(parameters))
      if old.virtualRouters != settings.virtualRouters, case .ready(let identity) = interface.condition {
        sockets = nil
        try openSockets(identity)
      }
      try eligibility?.follow(settings)
    }
    eligibilityChanged()
  }

  /// Stands back, or no longer, now and after a restart.
  private func hold(_ isHeld: Bool) {
    runtime?.isHeld = isHeld
    eligibility?.hold(isHeld)
  }

  private var snapshot: InstanceStatus {
    var status = InstanceStatus(
      core, settings: settings, chronicle: chronicle, discards: discards, at: Clock.now)
    status.isHeld = eligibility?.isHeld ?? false
    status.checks = remarks.joined(separator: "; ")
    return status
  }

  private var remarks: [String] { eligibility?.remarks ?? [] }

  private func write(_ message: Message) {
    log.write(message, settings: settings, state: core.election.state.field)
  }

  private func updateStatus() {
    let state = StatusLine(core, settings: settings, at: Clock.now).description
    let line = ([state] + remarks).joined(separator: "; ")
    guard line != status else { return }
    status = line
    notify(.status(line))
    runtime?.write(state: StateFile(core, settings: settings, status: line).description)
    control?.noteChange()
  }

  private func updateRole() {
    guard let new = Role(core, before: role), new != role else { return }
    role = new
    runtime?.write(role: new)
  }

  private func notify(_ notification: Notification) {
    // systemd may be re-executing; what it misses it learns with the next change.
    _ = try? Notification.send(notification)
  }

  // MARK: Failure

  /// Runs `body`; what it throws ends the loop, and with it the process: the addresses' lifetime ends them,
  /// and a new process starts from a known state.
  private func attempt(_ body: () throws -> Void) {
    do {
      try body()
    } catch {
      failure = failure ?? DaemonError(error)
      loop.exit(DaemonError.exitCode)
    }
  }
}

/// What the daemon cannot go on without was refused.
public struct DaemonError: Error, CustomStringConvertible {
  /// EX_OSERR of sysexits.h: starting again may help.
  public static let exitCode: Int32 = 71

  /// The operation and its error.
  public let description: String

  init(_ error: any Error) { description = "\(error)" }
}
