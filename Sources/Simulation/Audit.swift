import Configuration
import Host
import Internet
import Neighbor
import Netlink
import Ownership
import VRRP

/// Since when what a daemon says, or has done, has not been true or enough; `never` while it is.
struct Audit {
  /// What is compared.
  enum Subject: Int, CaseIterable {
    /// Status.
    case truth
    /// What was written for the units that follow the VIP.
    case role
    /// Routes that follow the VIP.
    case routes
    /// The reference that is asked.
    case gateway
    /// What the host's own connections come from.
    case source
    /// What was asked for and may have been refused.
    case means
  }

  /// Between two looks.
  static let pace: Time = 200 * .millisecond
  /// How long a caller may wait beyond what a departure takes.
  static let replyLimit: Time = 4 * .second

  var since = InlineArray<6, Time>(repeating: .never)
}

extension Audit.Subject {
  /// How long it may last after everything else has come to rest, if the next attempt may take `retry`.
  fileprivate func limit(retry: Time) -> Time {
    switch self {
    case .truth, .gateway: .second
    case .role: max(retry, .second)
    case .routes: max(retry, 1500 * .millisecond)
    case .source, .means: max(retry, 3 * .second)
    }
  }

  fileprivate var rule: Violation.Rule {
    switch self {
    case .truth, .role: .untrue
    case .routes: .routes
    case .gateway: .gateway
    case .source: .source
    case .means: .givenUp
    }
  }
}

/// Which addresses of a daemon's configuration its kernel has.
struct Presence {
  var addresses: AddressSet = []
  var count = 0
  /// Those without which nobody owns the VIP.
  var required: AddressSet = []

  var isComplete: Bool { addresses.isSuperset(of: required) }
  var isWhole: Bool { addresses == .all(count) }
}

extension World {
  /// Compares what every daemon says with what is, and looks whether everything has come to rest.
  func audit() {
    var isWell = true
    for number in daemons.indices {
      for subject in Audit.Subject.allCases where !compare(subject, number) { isWell = false }
      if !daemons[number].callers.isEmpty {
        isWell = false
        checkPatience(number)
      }
    }
    schedule(.audit, at: now + Audit.pace)
    guard promise.demandsLiveness, !promise.lastsLong, now >= promise.lastFault else { return }
    let isAtRest = isWell && isEverythingSettled
    if !isAtRest || restSince == .never || changed > restSince {
      restSince = isAtRest ? now : .never
    } else if now - restSince >= promise.rest {
      hasComeToRest = true
    }
  }

  private var isEverythingSettled: Bool {
    (0..<plan.network.instances).allSatisfy { unsettled($0) == nil } && dividedGroup == nil
      && daemons.indices.allSatisfy {
        !daemons[$0].isAlive || daemons[$0].host.core.isBarred || hasSettled($0)
      }
  }

  /// Whether the daemon knows an owner, or is it.
  private func hasSettled(_ number: Int) -> Bool {
    switch state(number) {
    case .active: true
    case .backup: daemons[number].host.core.hold == nil && daemons[number].host.core.following != nil
    case .initialize: false
    }
  }

  /// Whether nothing is wrong with `subject`, or nobody minds yet. What is wrong in passing is right the next time.
  private func compare(_ subject: Audit.Subject, _ number: Int) -> Bool {
    let machine = daemons[number].machine
    let calm = now - max(machines[machine].disturbed, daemons[number].running)
    let limit = subject.limit(retry: promise.retryLimit)
    guard calm > limit - Audit.pace || now >= promise.lastFault else { return true }
    guard runs(number), machines[machine].lockHeld == 0, let fault = fault(subject, number) else {
      daemons[number].audit.since[subject.rawValue] = .never
      return true
    }
    let since = daemons[number].audit.since[subject.rawValue]
    if since == .never {
      daemons[number].audit.since[subject.rawValue] = now
    } else if calm > limit && now - since >= Audit.pace {
      violate(subject.rule, at: since, of: number, fault)
    }
    return false
  }

  private func fault(_ subject: Audit.Subject, _ number: Int) -> String? {
    switch subject {
    case .truth: untruth(number)
    case .role: wrongRole(number)
    case .routes: missingRoute(number)
    case .gateway: wrongGateway(number)
    case .source: wrongSource(number)
    case .means: missingMeans(number)
    }
  }

  // MARK: Truth

  /// The link that carries the daemon's addresses of `family`.
  private func carrier(_ family: AddressFamily, _ number: Int) -> Int32? {
    let machine = daemons[number].machine
    let nic = machines[machine].kernel.nic
    guard daemons[number].host.settings.virtualMAC else { return nic == 0 ? nil : nic }
    let hardware = MACAddress.virtualRouter(Station.virtualRouterID(daemons[number].vip), family)
    return machines[machine].kernel.links.first { $0.macAddress == hardware }?.index
  }

  /// Which of the configured addresses the kernel has: of IPv4 with their prefix length.
  func presence(_ number: Int) -> Presence {
    let machine = daemons[number].machine
    var presence = Presence()
    presence.count = daemons[number].host.settings.addresses.count
    presence.required = daemons[number].host.core.parameters.required
    guard machines[machine].kernel.present != 0 else { return presence }
    for index in 0..<presence.count {
      let network = daemons[number].host.settings.addresses[index]
      let family = network.address.family
      let isThere = machines[machine].kernel.held.contains { held in
        let other = held.address.network
        return held.address.linkIndex == carrier(family, number)
          && (family == .ipv4 ? other == network : other.address == network.address)
      }
      if isThere { presence.addresses.insert(AddressSet(index: index)) }
    }
    return presence
  }

  private func untruth(_ number: Int) -> String? {
    let standing = daemons[number].host.standing
    let presence = presence(number)
    let isThere =
      machines[daemons[number].machine].kernel.link(named: daemons[number].host.settings.interface) != nil
    // Addresses on a link that has another name are no longer the daemon's.
    let set = isThere ? presence.addresses : []
    if standing.present != set {
      return "it says that it has \(standing.present), its kernel \(set)"
    }
    let owns = state(number) == .active && isThere && presence.isComplete
    if standing.owns != owns { return "it says that it owns: \(standing.owns)" }
    let missing = owns ? missingRoutes(number) : []
    if standing.missingRoutes != missing {
      return "it says that routes \(standing.missingRoutes) are missing, \(missing) are"
    }
    return nil
  }

  private func wrongRole(_ number: Int) -> String? {
    let owns = state(number) == .active && presence(number).isComplete
    guard daemons[number].runtime.full == 0, (daemons[number].runtime.role == .active) != owns else {
      return nil
    }
    // What the earlier run wrote stays while this one listens; an address that goes meanwhile ends that.
    if daemons[number].host.core.isResuming && present(number) != 0 { return nil }
    return "its role is \(daemons[number].runtime.role.map { $0.rawValue } ?? "none")"
  }

  // MARK: Routes

  /// By index, those that the kernel lacks.
  private func missingRoutes(_ number: Int) -> [Int] {
    guard !daemons[number].host.settings.routes.isEmpty else { return [] }
    return daemons[number].host.settings.routes.indices.filter {
      !hasRoute(daemons[number].host.settings.routes[$0], number)
    }
  }

  private func hasRoute(_ route: VirtualRoute, _ number: Int) -> Bool {
    machines[daemons[number].machine].kernel.routes.contains { held in
      held.protocolNumber == Route.vipd && held.destination == route.destination
        && held.gateway == route.gateway
        && held.source == route.source
    }
  }

  private func missingRoute(_ number: Int) -> String? {
    guard !daemons[number].host.settings.routes.isEmpty else { return nil }
    let machine = daemons[number].machine
    guard machines[machine].failingRoutes == 0 else { return nil }
    let owns = state(number) == .active && presence(number).isComplete
    let missing = missingRoutes(number)
    if owns && !missing.isEmpty { return "routes \(missing) are missing" }
    // Who found both, and waits until it may go on with the VIP, leaves both.
    if !owns && !daemons[number].isResuming && missing.count < daemons[number].host.settings.routes.count {
      return "it has routes without the VIP"
    }
    return nil
  }

  // MARK: Gateway

  private func wrongGateway(_ number: Int) -> String? {
    guard state(number) != .initialize else { return nil }
    let kernel = machines[daemons[number].machine].kernel
    let family = daemons[number].host.settings.addresses[0].address.family
    let route = kernel.routes.defaultRoute(family)
    let expected = daemons[number].host.settings.references(
      defaultGateway: route?.linkIndex == kernel.nic ? route?.gateway : nil)
    let references = daemons[number].host.core.parameters.references
    guard references != expected else { return nil }
    return "it asks \(references), not \(expected)"
  }

  // MARK: Sources

  /// Of the primary IPv4 addresses of the network card the kernel takes the first (inet_select_addr()), of the secondary
  /// ones of a subnet the first will be one.
  private func wrongSource(_ number: Int) -> String? {
    let kernel = machines[daemons[number].machine].kernel
    guard machines[daemons[number].machine].failingPercent == 0 else { return nil }
    let all = kernel.held.map(\.address).filter {
      $0.linkIndex == kernel.nic && $0.network.address.family == .ipv4
    }
    for isSecondary in [false, true] {
      let candidates = all.filter { $0.isSecondary == isSecondary }
      guard let first = candidates.first, isVIP(first, of: number), !all.allSatisfy({ isVIP($0) }) else {
        continue
      }
      if !isSecondary || candidates.contains(where: { !isVIP($0) }) {
        return "the host's own connections come from \(first.network)\(isSecondary ? ", or will" : "")"
      }
    }
    return nil
  }

  private func isVIP(_ address: LinkAddress, of number: Int? = nil) -> Bool {
    guard let place = Station.place(address.network.address) else { return false }
    return number.map { daemons[$0].vip == place >> 3 } ?? true
  }

  // MARK: Means

  private func missingMeans(_ number: Int) -> String? {
    let machine = daemons[number].machine
    guard machines[machine].failingPercent == 0, machines[machine].failingSockets == 0,
      machines[machine].isConnected, machines[machine].renamed == 0, cables[machine].dark == 0,
      machines[machine].lacksAddress == 0, machines[machine].lostFamily == 0, !daemons[number].isStopping
    else { return nil }
    guard let index = daemons[number].sockets?.plan.linkIndex, index == machines[machine].kernel.nic else {
      return "it has no sockets"
    }
    let families = daemons[number].host.settings.families
    if let family = families.first(where: { carrier($0, number) == nil }) {
      return "nothing carries \(family)"
    }
    if state(number) == .initialize { return "it takes no part" }
    if state(number) == .active && daemons[number].host.core.owns && !presence(number).isWhole {
      return "addresses are missing"
    }
    return nil
  }

  // MARK: Operators

  func take(_ reply: Reply, to caller: Caller, from number: Int) {
    coverage.count(.replied)
    guard let place = daemons[number].callers.firstIndex(where: { $0.caller == caller }) else {
      return violate(.reply, of: number, "replies to somebody who does not wait")
    }
    daemons[number].callers.remove(at: place)
    if case .takenOver = reply, state(number) == .active {
      violate(.untrue, of: number, "says that another host has taken over")
    }
  }

  private func checkPatience(_ number: Int) {
    guard runs(number) else { return }
    for pending in daemons[number].callers {
      let since = max(pending.since, daemons[number].running)
      guard now - since > Audit.replyLimit + promise.patience else { continue }
      violate(.reply, at: since, of: number, "lets a caller wait")
    }
  }
}

extension Kernel {
  func link(named name: String) -> Link? { links.first { $0.name == name } }
}
