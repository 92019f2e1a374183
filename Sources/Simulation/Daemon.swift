import Internet
import Neighbor
import Ownership
import VRRP

/// What the daemons do: the one place that makes events for the core, and the one that carries out actions.
extension World {
  // MARK: Coming and going

  mutating func launch(_ number: Int) {
    guard !hosts[number].isAlive, !hosts[number].isKilled else { return }
    let parameters = hosts[number].setup.parameters(plan.network, number: number, rules: rules)
    hosts[number].instance = Instance(parameters)
    hosts[number].isAlive = true
    hosts[number].life += 1
    hosts[number].isStopping = false
    hosts[number].lastSpoke = .never
    note("\(Station.name(number)): starts")
    let leftover = hosts[number].present
    hosts[number].acknowledged = leftover
    hosts[number].isResuming = !leftover.isEmpty
    listeners.remove(Stations(number))
    if !leftover.isEmpty {
      coverage.count(.leftoverFound)
      let memory = hosts[number].setup.remembers ? hosts[number].memory : nil
      tell(.resume(leftover, lastAdvertised: memory), to: number)
    }
    if hosts[number].barred > 0 { tell(.standBack(true), to: number) }
    tell(.link(condition(of: number)), to: number)
  }

  /// The process ends; its kernel lives on.
  mutating func die(_ number: Int) {
    hosts[number].isAlive = false
    hosts[number].isFrozen = false
    hosts[number].life += 1
    hosts[number].timerQueued = .never
    hosts[number].requests = OpenRequests()
    hosts[number].busyUntil = now
    hosts[number].strandedSince = .never
    listeners.remove(Stations(number))
    // A machine that is paused still has its frames to receive.
    guard hosts[number].paused == 0 else { return }
    flushWaiting(number)
  }

  /// Lets what waited happen: what has no reader any more is discarded on the way.
  mutating func flushWaiting(_ number: Int) {
    guard !hosts[number].waiting.isEmpty else { return }
    var waiting: [Occurrence] = []
    swap(&waiting, &hosts[number].waiting)
    // As the daemon's loop orders what is ready: packets, news of the kernel, answers and timers.
    for rank in 0...2 {
      for occurrence in waiting where occurrence.kind.rank == rank {
        var late = occurrence
        late.time = now + 1
        queue.push(late)
      }
    }
    waiting.removeAll(keepingCapacity: true)
    swap(&waiting, &hosts[number].waiting)
  }

  /// The daemon gets the processor again.
  mutating func goOn(_ number: Int) {
    guard hosts[number].paused == 0 else { return }
    flushWaiting(number)
    guard hosts[number].runs else { return }
    coverage.count(.thawed)
    note("\(Station.name(number)): goes on")
    let isBarred = hosts[number].barred > 0
    if hosts[number].instance.isBarred != isBarred { tell(.standBack(isBarred), to: number) }
    hosts[number].timerQueued = .never
    queueTimer(number)
    checkStranded(number)
  }

  func condition(of number: Int) -> LinkCondition {
    if hosts[number].interfaceGone > 0 { return .absent }
    if hosts[number].linkDown > 0 { return .down }
    if cables[number].dark > 0 { return .noCarrier }
    return .ready(
      Identity(
        ipv4: Station.address(number, .ipv4).ipv4, ipv6: Station.address(number, .ipv6).ipv6,
        hardware: Station.hardware(number)))
  }

  // MARK: Events

  /// Whether the daemon can handle `occurrence` now; if it only must wait, it will come again.
  private mutating func isReady(_ number: Int, for occurrence: Occurrence) -> Bool {
    if hosts[number].paused > 0 || hosts[number].isAlive && hosts[number].isFrozen {
      hosts[number].waiting.append(occurrence)
      return false
    }
    guard hosts[number].busyUntil > now else { return true }
    var later = occurrence
    later.time = hosts[number].busyUntil
    queue.putBack(later)
    return false
  }

  mutating func daemonTakes(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    if occurrence.kind == .launch {
      if hosts[number].paused > 0 { return hosts[number].waiting.append(occurrence) }
      return launch(number)
    }
    guard occurrence.life == hosts[number].life, isReady(number, for: occurrence) else { return }
    // What was answered from a snapshot is not answered again.
    guard occurrence.request == 0 || hosts[number].requests.close(occurrence.request) else { return }
    let index = Int(occurrence.index)
    note("\(Station.name(number)): its kernel says \(occurrence.kind) \(index)")
    switch occurrence.kind {
    case .added: tell(.added(index: index), to: number)
    case .addFailed: tell(.addFailed(index: index, errno: occurrence.detail), to: number)
    case .removed: tell(.removed(index: index), to: number)
    case .removeFailed: tell(.removeFailed(index: index, errno: occurrence.detail), to: number)
    case .vanished: tell(.vanished(index: index), to: number)
    case .link: tell(.link(condition(of: number)), to: number)
    case .answersLost: answersWereLost(number)
    case .newsLost: newsWasLost(number)
    default: break
    }
  }

  /// A frame at a host: its kernel sees it, then its daemon does.
  mutating func hostReceives(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    if hosts[number].paused > 0 {
      // What does not fit into the card's ring is lost.
      if hosts[number].waiting.count < 256 { return hosts[number].waiting.append(occurrence) }
      return frames.release(occurrence.detail)
    }
    var rest = occurrence
    if occurrence.index == 0 {
      kernelReceives(frames[occurrence.detail], on: number)
      passFilter(frames[occurrence.detail], on: number)
      rest.index = 1
      guard isWanted(frames[occurrence.detail], by: number) else { return frames.release(occurrence.detail) }
      rest.time = now + hosts[number].loopLatency()
      rest.life = hosts[number].life
      return queue.push(rest)
    }
    guard occurrence.life == hosts[number].life else { return frames.release(occurrence.detail) }
    guard isReady(number, for: rest) else { return }
    let frame = frames[occurrence.detail]
    frames.release(occurrence.detail)
    daemonReceives(frame, number)
  }

  /// Whether the daemon's sockets let the frame through.
  private func isWanted(_ frame: Frame, by number: Int) -> Bool {
    guard hosts[number].isAlive else { return false }
    switch frame.content {
    case .advertisement: return true
    case .neighbor(let packet):
      // Sent to this host alone, by a standby, or in the name of the VIP.
      if frame.isUnicast || packet.standby != nil { return true }
      return (0..<plan.network.addressCount).contains { packet.sender == plan.network.virtualAddress($0) }
    case .chatter, .request, .reply: return false
    }
  }

  /// The filter for evidence lets one frame of a third station through, then shuts.
  private mutating func passFilter(_ frame: Frame, on number: Int) {
    guard listeners.has(number), frame.kind == .arp || frame.kind == .other else { return }
    guard !hosts[number].knownPeers.has(Int(frame.source)) else { return }
    listeners.remove(Stations(number))
    schedule(
      .evidence, at: now + hosts[number].loopLatency(), target: number, life: hosts[number].life,
      detail: Int32(frame.source))
  }

  mutating func evidenceArrives(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    guard occurrence.life == hosts[number].life, isReady(number, for: occurrence) else { return }
    note("\(Station.name(number)): evidence from \(Station.name(Int(occurrence.detail)))")
    tell(.frame(from: Station.hardware(Int(occurrence.detail))), to: number)
  }

  private mutating func daemonReceives(_ frame: Frame, _ number: Int) {
    switch frame.content {
    case .advertisement(let advertisement, let family, let sender):
      let source = Int(sender)
      guard family == plan.network.families[0] || rules.contains(.otherFamily) else { return }
      note("\(Station.name(number)): hears priority \(advertisement.priority) from \(Station.name(source))")
      if plan.network.onTheWire { return tellBytes(of: advertisement, family, from: source, to: number) }
      let sender = Station.address(source, family)
      tell(.advertisement(ReceivedAdvertisement(advertisement, from: sender)), to: number)
    case .neighbor(let packet):
      note("\(Station.name(number)): ARP \(packet.operation) of \(packet.sender), \(packet.senderHardware)")
      tell(.neighbor(packet), to: number)
    case .chatter, .request, .reply: break
    }
  }

  /// The same by way of the encoder and the decoder.
  private mutating func tellBytes(
    of advertisement: Advertisement, _ family: AddressFamily, from source: Int, to number: Int
  ) {
    let router = VirtualRouter(
      id: Station.virtualRouterID, addresses: plan.network.virtualAddresses.filter { $0.family == family },
      interval: advertisement.interval)
    var message: [UInt8] = []
    let (sender, group) = (Station.address(source, family), Advertisement.group(family))
    router.encode(advertisement, from: sender, to: group, in: Dialect(checksum: .rfc9568), into: &message)
    let received = try? router.decode(
      message.span, in: Envelope(source: sender, destination: group, timeToLive: 255))
    guard let received, received.advertisement == advertisement else {
      return violate(.hostile, "an Advertisement did not survive encoding and decoding")
    }
    tell(.advertisement(received), to: number)
  }

  mutating func timerTicks(_ occurrence: Occurrence) {
    let number = Int(occurrence.target)
    // Queued for another deadline, or for an earlier life.
    guard hosts[number].timerQueued == occurrence.time else { return }
    hosts[number].timerQueued = .never
    // `goOn` queues it again.
    guard hosts[number].runs else { return }
    guard hosts[number].deadlineTime <= now, hosts[number].busyUntil <= now else { return queueTimer(number) }
    if hosts[number].lateness > 0 && occurrence.index == 0 {
      hosts[number].timerQueued = now + hosts[number].random.within(1...hosts[number].lateness)
      return schedule(.timer, at: hosts[number].timerQueued, target: number, index: 1)
    }
    tell(.timer, to: number)
  }

  /// Gives `event` to the core and does what it says.
  mutating func tell(_ event: Event, to number: Int) {
    if case .added(let index) = event { hosts[number].acknowledged.insert(AddressSet(index: index)) }
    if case .vanished(let index) = event { hosts[number].acknowledged.remove(AddressSet(index: index)) }
    if event == .stop { hosts[number].isStopping = true }
    let actions = hosts[number].instance.handle(event, at: Instant(now))
    hosts[number].memory = hosts[number].instance.resumesAfter
    for index in 0..<actions.count { perform(actions[index], on: number) }
    checkStranded(number)
    guard hosts[number].isAlive else { return }
    let deadline = hosts[number].instance.deadline
    checkTimer(deadline, of: number, after: event)
    follow(deadline, number)
  }

  // MARK: Timer

  private mutating func follow(_ deadline: Instant?, _ number: Int) {
    guard deadline != hosts[number].deadline || hosts[number].timerQueued == .never else { return }
    if deadline != hosts[number].deadline {
      hosts[number].deadline = deadline
      hosts[number].deadlineTime = deadline?.time ?? .never
    }
    queueTimer(number)
  }

  /// A queued occurrence that comes too early looks again, so a deadline that moves away costs nothing.
  private mutating func queueTimer(_ number: Int) {
    guard hosts[number].deadlineTime != .never else { return }
    var time = max(hosts[number].deadlineTime, now, hosts[number].busyUntil)
    guard time < hosts[number].timerQueued else { return }
    time += hosts[number].loopLatency()
    guard time < hosts[number].timerQueued else { return }
    hosts[number].timerQueued = time
    schedule(.timer, at: time, target: number)
  }

  // MARK: Actions

  private mutating func perform(_ action: Action, on number: Int) {
    switch action {
    case .advertise(let priority, let interval): advertise(priority, interval, on: number)
    case .ask(let packet, let hardware):
      coverage.count(.asked)
      note("\(Station.name(number)): asks for \(packet.target) at \(hardware)")
      send(packet, from: number, to: hardware, at: sendTime(number))
    case .listenForEvidence: listen(number)
    case .add(let set):
      set.forEach { request(.add, $0, on: number) }
    case .remove(let set):
      set.forEach { hosts[number].acknowledged.remove(AddressSet(index: $0)) }
      set.forEach { request(.remove, $0, on: number) }
    case .announce(let set): announce(set, on: number)
    case .report(let report):
      coverage.count(report)
      if case .transition(_, let cause) = report { changed(because: cause, number) }
      if report == .handoverRefused { checkRefusal(by: number) }
      note("\(Station.name(number)): \(report)")
    case .handoverEnded(let outcome): note("\(Station.name(number)): handover \(outcome)")
    case .exit:
      coverage.count(.exited)
      note("\(Station.name(number)): exits")
      die(number)
    }
  }

  private mutating func changed(because cause: Election.Cause, _ number: Int) {
    hosts[number].lastSpoke = .never
    switch cause {
    case .resumption: checkResumption(of: number)
    case .ignored, .handover: preemptionIsPostponed = true
    default: break
    }
  }

  /// When the loop gets to send what follows the system calls of this turn.
  private func sendTime(_ number: Int) -> Time { max(now, hosts[number].busyUntil) }

  private mutating func listen(_ number: Int) {
    coverage.count(.listened)
    var known: Stations = []
    for peer in hosts[number].instance.peers {
      if let hardware = peer.hardware, let station = Station.number(hardware) {
        known.insert(Stations(station))
      }
    }
    hosts[number].knownPeers = known
    listeners.insert(Stations(number))
  }

  private mutating func advertise(_ priority: UInt8, _ interval: AdvertisementInterval, on number: Int) {
    coverage.count(priority == 0 ? .resigned : .advertised)
    note("\(Station.name(number)): advertises priority \(priority)")
    let advertisement = Advertisement(
      virtualRouterID: Station.virtualRouterID, priority: priority, interval: interval)
    if priority > 0 { checkSilence(of: number) }
    for family in plan.network.advertised {
      let content = Frame.Content.advertisement(advertisement, family, sender: UInt8(number))
      send(content, from: number, to: .hosts, at: sendTime(number))
    }
  }

  private mutating func announce(_ set: AddressSet, on number: Int) {
    coverage.count(.announced)
    checkAnnouncement(of: set, by: number)
    set.forEach { index in
      let address = plan.network.virtualAddress(index)
      let hardware = Station.hardware(number)
      for operation in address.family.announcements {
        let packet = NeighborPacket.announcement(operation, for: address, at: hardware)
        send(packet, from: number, to: .broadcast, at: sendTime(number))
      }
    }
  }
}

extension Occurrence.Kind {
  /// In which order the daemon's loop takes what waited.
  fileprivate var rank: Int {
    switch self {
    case .frame, .evidence: 0
    case .vanished, .link, .newsLost, .launch: 1
    default: 2
    }
  }
}
