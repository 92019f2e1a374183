public import Internet
import Neighbor

/// What the references (`Gateway=`) answer to the VIP.
///
/// A port may know which addresses a host may use (dynamic ARP inspection, source guard, forged transmits): it lets the
/// host's heartbeats through, and nothing of the VIP. So an Active router asks its references as the VIP, too. What comes
/// of that is told to the operator; nothing else depends on it.
struct Reach: Hashable, Sendable {
  var trials: [ReachTrial] = []
  private var references: [IPAddress] = []
  private var addresses: [IPNetwork] = []

  /// Neighbours must have been told first where the VIP is now.
  private static let start = Duration.seconds(1)

  mutating func follow(_ parameters: Parameters, at now: Instant) {
    guard references != parameters.references || addresses != parameters.addresses else { return }
    (references, addresses) = (parameters.references, parameters.addresses)
    trials = references.compactMap { reference in
      if parameters.has(reference) { return nil }
      return ReachTrial(of: reference, as: addresses, start: now + Self.start)
    }
  }

  /// The VIP is not here any more.
  mutating func stop() { if !references.isEmpty { self = Reach() } }

  /// When to ask, or to give up waiting for an answer.
  var deadline: Instant? { trials.reduce(nil) { earlier($0, $1.deadline) } }

  var blocked: [Instance.Blocked] {
    trials.filter(\.isBlocked).map { trial in
      Instance.Blocked(reference: trial.reference, address: addresses[trial.current].address)
    }
  }

  /// Whether `reference` is to answer this host, and may do so any moment.
  func isAskedAsHost(_ reference: IPAddress) -> Bool {
    trials.contains { $0.reference == reference && $0.isAskedAsHost }
  }

  /// `station` answered `target`; false if that is not the VIP.
  mutating func hearAnswer(of station: IPAddress, to target: IPAddress, at now: Instant) -> Bool {
    guard let index = addresses.firstIndex(where: { $0.address == target }) else { return false }
    if let place = trials.firstIndex(where: { $0.reference == station }) {
      trials[place].hearAnswer(to: index, at: now)
    }
    return true
  }

  /// `station` answered the host; the address that it does not answer, if that is news.
  mutating func hearAnswerToHost(
    of station: IPAddress, isHesitant: Bool, at now: Instant
  ) -> IPAddress? {
    guard let place = trials.firstIndex(where: { $0.reference == station }) else { return nil }
    return trials[place].hearAnswerToHost(isHesitant: isHesitant, at: now).map { addresses[$0].address }
  }
}

/// Asks one reference as the VIP, with one address of it after the other, and where that is not answered, as the host:
/// who answers neither says nothing.
struct ReachTrial: Hashable, Sendable {
  enum Question: Hashable {
    /// As the address with this index.
    case asVIP(Int)
    /// As the host, at the reference's hardware address or, where it is not or no longer there, everywhere.
    case asHost(isLost: Bool)
  }

  private enum Step: Hashable {
    case resting
    case asVIP
    case asHost(isDoubted: Bool)
  }

  let reference: IPAddress
  private(set) var deadline: Instant
  /// The addresses as which it is asked: those of its family.
  private let all: AddressSet
  /// Those of them that it must answer. A router need not answer those of a subnet in which it is not.
  private var expected: AddressSet
  /// The index of the address as which it is asked now: as long as it does not answer that, no other one.
  private(set) var current: Int
  private var step = Step.resting
  /// Whether it must be looked for.
  private var isLost = false
  /// Questions in a row that it did not answer although it answered the host.
  private var missed = 0
  /// Whether it answers this host, and not the VIP.
  private(set) var isBlocked = false

  /// Of so many questions one gets through wherever any does.
  private static let patience = 5
  private static let answerTime = Duration.milliseconds(500)
  /// Leaves time in which a router may answer again that answers once a second.
  private static let doubtPause = Duration.milliseconds(1500)
  /// For all addresses; routers limit how much ARP they answer.
  private static let round = Duration.seconds(10)
  private static let shortestPause = Duration.seconds(1)

  var isAskedAsHost: Bool { if case .asHost = step { true } else { false } }

  /// Nil if the VIP has no address of its family.
  init?(of reference: IPAddress, as addresses: [IPNetwork], start: Instant) {
    var (all, expected): (AddressSet, AddressSet) = ([], [])
    for (index, network) in addresses.enumerated() where network.address.family == reference.family {
      all.insert(AddressSet(index: index))
      if network.contains(reference) { expected.insert(AddressSet(index: index)) }
    }
    guard let first = all.first else { return nil }
    (self.all, self.expected, self.reference, deadline) = (all, expected, reference, start)
    current = first
  }

  /// What to ask; nil to wait. `isFound`: it is known where the reference is, or was.
  mutating func question(isFound: Bool, at now: Instant) -> Question? {
    switch step {
    case .asHost:
      isLost = true
      rest(at: now)
      return nil
    case .resting where isFound && !isLost: step = .asVIP
    case .resting, .asVIP: step = .asHost(isDoubted: step == .asVIP)
    }
    deadline = now + Self.answerTime
    return step == .asVIP ? .asVIP(current) : .asHost(isLost: isLost)
  }

  mutating func hearAnswer(to index: Int, at now: Instant) {
    expected.insert(AddressSet(index: index))
    guard index == current, step != .resting || missed > 0 else { return }
    isLost = false
    goOn(at: now)
  }

  /// The index of the address that it does not answer, if that is news. `isHesitant`: nor does it answer the host always.
  mutating func hearAnswerToHost(isHesitant: Bool, at now: Instant) -> Int? {
    guard case .asHost(let isDoubted) = step else { return nil }
    isLost = false
    step = .resting
    deadline = now + (isDoubted ? Self.doubtPause : Self.answerTime)
    guard isDoubted else { return nil }
    if isHesitant {
      missed = 0
      rest(at: now)
      return nil
    }
    missed = min(missed + 1, Self.patience)
    guard missed == Self.patience else { return nil }
    guard expected.contains(AddressSet(index: current)) else {
      goOn(at: now)
      return nil
    }
    rest(at: now)
    defer { isBlocked = true }
    return isBlocked ? nil : current
  }

  /// Goes on with the next address, later.
  mutating func goOn(at now: Instant) {
    missed = 0
    isBlocked = false
    current = all.subtracting(.all(current + 1)).first ?? all.first ?? current
    rest(at: now)
  }

  private mutating func rest(at now: Instant) {
    step = .resting
    deadline = now + max(Self.round / all.count, Self.shortestPause)
  }
}

extension Instance {
  /// A reference that answers this host, and not the VIP.
  public struct Blocked: Hashable, Sendable {
    /// The reference.
    public let reference: IPAddress
    /// What it does not answer.
    public let address: IPAddress
  }

  /// The references that answer this Active router, and not its VIP.
  public var blocked: [Blocked] {
    guard owns else { return [] }
    return reach.blocked
  }

  /// When to ask a reference as the VIP; nil while that must not be.
  func reachDeadline(_ service: Service) -> Instant? {
    guard let deadline = reach.deadline, asksAsVIP(service) else { return nil }
    return deadline
  }

  /// Not while another router may have the VIP, or is to get it: neighbours believe whoever spoke last.
  private func asksAsVIP(_ service: Service) -> Bool {
    owns && identity != nil && service.departure == nil && service.contest == nil && service.lapse == nil
      && service.activity.otherFamilyRival == nil
  }

  /// Asks the references that are due whether they answer the VIP.
  mutating func lookForReach(at now: Instant, _ actions: inout Actions) {
    guard case .serving(let service) = phase else { return reach.stop() }
    reach.follow(parameters, at: now)
    guard !reach.trials.isEmpty, asksAsVIP(service) else { return }
    for index in reach.trials.indices {
      while reach.trials[index].deadline <= now { askReference(index, at: now, &actions) }
    }
  }

  private mutating func askReference(_ index: Int, at now: Instant, _ actions: inout Actions) {
    let address = reach.trials[index].reference
    let station = isolation.references.first { $0.address == address }?.hardware
    // To another router of the VIP the question would be a claim.
    if routers.contains(address) || station.map(isRouter) == true {
      return reach.trials[index].goOn(at: now)
    }
    switch reach.trials[index].question(isFound: station != nil, at: now) {
    case nil: break
    case .asHost(let isLost):
      ask(for: address, at: isLost ? .broadcast : station ?? .broadcast, &actions)
    case .asVIP(let index):
      guard let identity, let station else { break }
      let vip = parameters.addresses[index].address
      let hardware =
        parameters.usesVirtualMAC
        ? .virtualRouter(parameters.virtualRouterID, vip.family) : identity.hardware
      actions.append(.ask(.request(for: address, from: vip, at: hardware), to: station))
    }
  }

  /// Somebody answered: perhaps a reference, to the VIP or to this host.
  mutating func hearReach(_ packet: NeighborPacket, at now: Instant, _ actions: inout Actions) {
    guard packet.operation == .reply, !reach.trials.isEmpty else { return }
    if reach.hearAnswer(of: packet.sender, to: packet.target, at: now) { return }
    guard isAnswer(packet) else { return }
    let isHesitant = isolation.references.contains { $0.address == packet.sender && $0.isHesitant(at: now) }
    let address = reach.hearAnswerToHost(of: packet.sender, isHesitant: isHesitant, at: now)
    if let address { actions.append(.report(.blocked(address, before: packet.sender))) }
  }
}
