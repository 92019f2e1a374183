import Configuration
import Host
import Internet
import Neighbor
import Netlink
import Ownership
import VRRP

/// Carries out what a host wants done, and decides nothing.
extension World {
  func perform(_ effect: Effect, by number: Int) {
    note(number, "> \(effect.traced)")
    switch effect {
    case .request(let sequence, let request, let isUrgent):
      submit(sequence, .request(request), isUrgent: isUrgent, of: number)
    case .filterNews(let filter): daemons[number].newsFilter = filter
    case .openSockets(let sequence, let plan):
      submit(sequence, .open(plan, closings: daemons[number].closings), isUrgent: true, of: number)
    case .followIdentity(let plan): daemons[number].sockets?.plan = plan
    case .closeSockets:
      daemons[number].sockets = nil
      daemons[number].closings += 1
    case .advertise(let advertisement, let dialect, let isOwner):
      advertise(advertisement, dialect, isOwner: isOwner, by: number)
    case .ask(let packet, let hardware): ask(packet, at: hardware, by: number)
    case .announce(let addresses, let form): for address in addresses { announce(address, form, by: number) }
    case .hearAnswers(let answerers): daemons[number].sockets?.answerers = answerers
    case .listenForEvidence(let audience, let attention): listen(to: audience, attention, number)
    case .ignoreEvidence:
      daemons[number].sockets?.isListening = false
      daemons[number].sockets?.isQuiet = false
    case .watchUnits(let units): watch(units, number)
    case .joinGroup(let group):
      disconnect(number)
      daemons[number].group = group
    case .tellGroup(let message, let sibling): tell(message, to: sibling, by: number)
    case .remember, .writeRole, .writeHold: write(effect, by: number)
    case .readFiles: readFiles(number)
    case .reply(let caller, let reply): take(reply, to: caller, from: number)
    case .notice(let notice): take(notice, from: number)
    case .runCommands, .statusChanged, .notify: break
    case .exit(let code): exit(number, code)
    }
  }

  // MARK: Network

  private func advertise(_ advertisement: Advertisement, _ dialect: Dialect, isOwner: Bool, by number: Int) {
    coverage.count(advertisement.priority == 0 ? .resigned : .advertised)
    // An offer may be repeated, and taken, but is no silence.
    if advertisement.priority > 0 { checkSilence(of: number) } else { daemons[number].lastSpoke = .never }
    daemons[number].sockets?.heard = []
    guard canSend(number, .vrrp), let plan = daemons[number].sockets?.plan else { return }
    let machine = daemons[number].machine
    for router in plan.routers {
      let source = plan.source(router.family)
      var sent = Frame.Sent(
        advertisement: advertisement, source: source, checksum: dialect.checksum,
        slots: daemons[number].sockets?.slots(router.family) ?? 0)
      guard let peers = router.unicastPeers else {
        let virtual = isOwner && plan.usesVirtualMAC ? virtualNumber(number, router.family) : 0
        send(.advertisement(sent), from: machine, to: .hosts, as: virtual)
        continue
      }
      for peer in peers where peer != source {
        sent.destination = peer
        guard let station = machines.firstIndex(where: { $0.kernel.has(peer) }) else { continue }
        send(.advertisement(sent), from: machine, to: Stations(station), isUnicast: true)
      }
    }
  }

  func virtualNumber(_ number: Int, _ family: AddressFamily) -> UInt8 {
    UInt8(2 * daemons[number].vip) + (family == .ipv4 ? 1 : 2)
  }

  /// Whether packets leave; if the link is gone or down, the daemon is told.
  private func canSend(_ number: Int, _ kind: Outgoing) -> Bool {
    guard let index = daemons[number].sockets?.plan.linkIndex else { return false }
    if machines[daemons[number].machine].kernel.sends(by: index) { return true }
    post(.sendFailed(kind, .linkDown), to: number)
    return false
  }

  private func ask(_ packet: NeighborPacket, at hardware: MACAddress, by number: Int) {
    coverage.count(.asked)
    guard canSend(number, .neighbor) else { return }
    send(packet, from: daemons[number].machine, to: hardware)
  }

  private func announce(_ address: IPAddress, _ form: AnnouncementForm, by number: Int) {
    if form == .first { coverage.count(.announced) }
    checkAnnouncement(of: address, by: number)
    guard canSend(number, .neighbor), let plan = daemons[number].sockets?.plan else { return }
    let family = address.family
    guard let operation = family.announcement(form) else { return }
    let id = Station.virtualRouterID(daemons[number].vip)
    let hardware = plan.usesVirtualMAC ? .virtualRouter(id, family) : plan.hardware
    let packet = NeighborPacket.announcement(operation, for: address, at: hardware)
    send(packet, from: daemons[number].machine, to: .broadcast)
  }

  private func listen(to audience: Audience, _ attention: Attention, _ number: Int) {
    coverage.count(.listened)
    guard daemons[number].sockets != nil else { return }
    var (stations, virtual): (Stations, UInt16) = ([], 0)
    let (named, isExclusion) =
      switch audience {
      case .these(let stations): (stations, false)
      case .others(let stations): (stations, true)
      }
    for hardware in named {
      if let station = Station.number(hardware) { stations.insert(Stations(station)) }
      virtual |= 1 << UInt16(Station.virtualNumber(hardware))
    }
    daemons[number].sockets?.excluded = isExclusion ? stations : .all.subtracting(stations)
    daemons[number].sockets?.excludedVirtual = isExclusion ? virtual : ~virtual
    daemons[number].sockets?.isListening = true
    daemons[number].sockets?.isQuiet = attention == .resting
    daemons[number].sockets?.heard = []
  }

  // MARK: This host

  private func watch(_ units: [String], _ number: Int) {
    daemons[number].watched = units
    let fails = machines[daemons[number].machine].failingChecks > 0
    for unit in units {
      post(.check(.unit(unit), passed: !fails, reason: fails ? "failed" : "active"), to: number)
    }
  }

  private func write(_ effect: Effect, by number: Int) {
    let isFull = daemons[number].runtime.full > 0
    switch effect {
    // Memory that is mapped already.
    case .remember(let instant): if !isFull { daemons[number].runtime.memory.resumableUntil = instant }
    case .writeRole(let role):
      if !isFull { daemons[number].runtime.role = role }
      post(.written(.role, !isFull), to: number)
    case .writeHold(let isHeld):
      if !isFull { daemons[number].runtime.memory.isHeld = isHeld }
      post(.written(.hold, !isFull), to: number)
    default: break
    }
  }

  private func readFiles(_ number: Int) {
    let delay = daemons[number].random.within(100...5000) * .microsecond
    post(.settings(daemons[number].files), to: number, after: delay)
  }

  private func take(_ notice: Notice, from number: Int) {
    coverage.count(notice)
    guard case .core(let report) = notice else { return }
    coverage.count(report)
    if case .transition(_, let cause) = report { changed(because: cause, number) }
    if report == .handoverRefused { checkRefusal(by: number) }
    // No switch here knows which addresses a host may use.
    if case .blocked = report, !plan.has(.loss, .heavyLoss, .gatewaySlow, .hostile, .forgedARP) {
      violate(.falseAlarm, of: number, "\(report)")
    }
  }

  private func changed(because cause: Election.Cause, _ number: Int) {
    daemons[number].lastSpoke = .never
    switch cause {
    case .resumption: checkResumption(of: number)
    case .ignored, .handover: preemptionIsPostponed = true
    case .isolation:
      if promise.demandsTrust { violate(.falseAlarm, of: number) }
    default: break
    }
  }
}
