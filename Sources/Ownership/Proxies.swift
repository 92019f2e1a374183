import Internet
import Neighbor

/// Stations that answer by ARP for everybody (RFC 1027, local proxy ARP, private VLANs): what they answer for the VIP
/// says nothing about an owner.
///
/// Whoever keeps this router from taking over by his answers is asked, at his own hardware address, for addresses that
/// nobody has.
struct Proxies: Hashable, Sendable {
  private struct Found: Hashable {
    let station: MACAddress
    let time: Instant
  }

  private(set) var trial: ProxyTrial?
  /// When its questions are due, or the next trial.
  private(set) var deadline: Instant?
  private var rounds = 0
  private var trials: UInt64 = 0
  private var found: [Found] = []
  private var retry = Proxies.shortestRetry

  private static let capacity = 8
  /// A router may be told to stop it.
  private static let memory = Duration.seconds(60)
  /// No divisor of the pace of other questions, which a router that limits its answers may prefer.
  private static let pause = Duration.milliseconds(83)
  private static let longest = 12
  /// Whoever did not answer is asked for others, ever more rarely: routers, too, are told to do what they did not do
  /// before.
  private static let shortestRetry = Duration.milliseconds(500)
  private static let longestRetry = Duration.seconds(10)

  /// Whether `station` was found to be one lately.
  func contains(_ station: MACAddress, at now: Instant) -> Bool {
    found.contains { $0.station == station && now - $0.time <= Self.memory }
  }

  /// Whether `station` was ever found to be one, as far as is remembered.
  func hasFound(_ station: MACAddress) -> Bool { found.contains { $0.station == station } }

  /// Tries `station`, with addresses of the subnet of `vip` other than `known`.
  mutating func begin(
    _ station: MACAddress, in vip: IPNetwork, avoiding known: [IPAddress], seed: UInt64, at now: Instant
  ) {
    guard trial?.station != station else { return }
    trials &+= 1
    trial = ProxyTrial(of: station, in: vip, avoiding: known, seed: seed &+ trials)
    rounds = 0
    deadline = now
  }

  /// Nobody is in question.
  mutating func stop() {
    end()
    retry = Self.shortestRetry
  }

  private mutating func end() {
    trial = nil
    deadline = nil
  }

  /// The addresses to ask for now: in one go at first, because somebody waits; then one at a time, because routers limit
  /// how much they answer.
  mutating func questions(at now: Instant) -> [IPAddress] {
    guard let due = deadline, due <= now, let trial else { return [] }
    guard rounds < Self.longest else {
      end()
      return []
    }
    rounds += 1
    deadline = now + (rounds < Self.longest ? Self.pause : retry)
    if rounds == Self.longest { retry = min(retry * 2, Self.longestRetry) }
    return rounds == 1 ? trial.unanswered : [trial.unanswered[rounds % trial.unanswered.count]]
  }

  /// `station` answered for `address`; whether that shows that it is a proxy.
  mutating func hear(_ station: MACAddress, for address: IPAddress, at now: Instant) -> Bool {
    guard trial?.hear(station, for: address) == true, trial?.isProxy == true else { return false }
    stop()
    found.removeAll { $0.station == station || now - $0.time > Self.memory }
    if found.count == Self.capacity { found.removeFirst() }
    found.append(Found(station: station, time: now))
    return true
  }
}

extension Instance {
  /// Tries the station that keeps this router from having the VIP.
  mutating func tryForProxy(at now: Instant, _ actions: inout Actions) {
    guard let owner = suspect, let identity, !proxies.contains(owner, at: now) else { return proxies.stop() }
    if proxies.trial?.station != owner {
      let family =
        phase.service?.contest?.address.family ?? phase.witness?.family(of: owner) ?? parameters.family
      guard let vip = parameters.addresses.first(where: { $0.address.family == family }) else { return }
      let known =
        parameters.addresses.map(\.address) + parameters.references + routers.all.map(\.address)
        + AddressFamily.allCases.compactMap(identity.address)
      proxies.begin(owner, in: vip.surroundings, avoiding: known, seed: identity.hardware.bits, at: now)
    }
    for address in proxies.questions(at: now) { ask(for: address, at: owner, &actions) }
  }

  /// Who answers for the VIP and so holds off a takeover, a claim if it is not the rival, or is about to win a contest.
  private var suspect: MACAddress? {
    switch phase {
    case .initialize: return nil
    case .backup(let backup):
      switch backup.held?.reason {
      case .answered(let owner, _), .foreign(let owner): return owner
      case .isolated, .barred, nil: return nil
      }
    case .claiming(let claim):
      guard claim.witness.isAnswered, let owner = claim.witness.owner else { return nil }
      return isRouter(owner) ? nil : owner
    case .serving(let service):
      // Only an answer said that it is a router of the VIP.
      return service.contest.flatMap { routers.isGuess($0.rival) ? $0.rival : nil }
    }
  }

  /// An answer was received that may be one for an address that nobody has.
  mutating func hearTrial(_ packet: NeighborPacket, at now: Instant, _ actions: inout Actions) {
    let station = packet.senderHardware
    guard packet.operation == .reply, proxies.hear(station, for: packet.sender, at: now) else { return }
    actions.append(.report(.proxy(station)))
    routers.forgetGuess(station)
    if isRouter(station) { return }
    if phase.service?.contest?.rival == station { phase.service?.contest = nil }
    // Another one may have answered, too.
    phase.changeWitness { $0.doubt(at: now) }
  }
}

extension IPNetwork {
  /// A VIP may be alone in its subnet: then its neighbours are those that any subnet has.
  fileprivate var surroundings: IPNetwork {
    let length = min(prefixLength, address.family == .ipv4 ? 28 : 64)
    return IPNetwork(address, prefixLength: length) ?? self
  }
}
