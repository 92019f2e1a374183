import Internet
import Neighbor

/// Asks a segment who has the addresses of a VIP, and makes out what the answers mean. Does no I/O.
///
/// A broadcast can be answered by others than the owner, so that every station that is named in an answer is asked
/// itself. And an answer for the VIP must not be taken for one to a question of the daemon on this host, which would
/// act upon it: IPv4 is asked for from 0.0.0.0 (RFC 5227 §2.1.1), which owners answer and others need not, and from
/// an address that the daemon does not have.
struct Interrogation {
  /// A packet and where it goes.
  struct Question: Hashable {
    let packet: NeighborPacket
    /// A station, or `.broadcast`.
    let destination: MACAddress
  }

  /// Who asks for what.
  struct Subject {
    /// This interface's hardware address.
    var hardware: MACAddress
    /// The hardware addresses of all links of this host. Frames from them are its own, which a switch, a bridge or a
    /// bond returned.
    var own: Set<MACAddress>
    /// What the VIP's daemon asks from; none of a family that cannot be asked for.
    var sources: [IPAddress]
    /// What to ask for the VIP from: where no daemon runs, the same.
    var disguises: [IPAddress]
    /// The VIP, with the prefixes of the subnets that it is in.
    var vips: [IPNetwork]
    /// Stations that are asked for their own sake.
    var references: [IPAddress]
    /// Addresses that somebody is known to have.
    var known: [IPAddress] = []
    /// Stations that answer for the VIP, as the daemon says.
    var suspects: [(address: IPAddress, hardware: MACAddress)] = []
    /// What the addresses that nobody should have are drawn from.
    var seed: UInt64
  }

  /// What is asked in turn, each when the one before had its time to be answered.
  private enum Round: Int {
    case everybody
    /// Again what may have been lost.
    case everybodyAgain
    /// Those that were named in an answer. A proxy takes up to 0.8 s for a broadcast (proxy_delay of arp(7)).
    case stations
    case stationsAgain
    /// Again, where a station that was named does not answer itself.
    case recheck
    case over

    var pause: Duration {
      switch self {
      case .everybody, .stations, .stationsAgain: .milliseconds(300)
      case .everybodyAgain: .milliseconds(700)
      case .recheck, .over: .milliseconds(400)
      }
    }
  }

  private struct Evidence {
    let hardware: MACAddress
    /// It answered a question from 0.0.0.0 that it was asked itself.
    var answersProbe = false
    /// It answered some question that it was asked itself.
    var answers = false
    /// Somebody named it once more when it had not answered.
    var isNamedAgain = false
  }

  let subject: Subject
  private var round: Round?
  private var evidence: [IPAddress: [Evidence]] = [:]
  private var trials: [ProxyTrial] = []

  init(_ subject: Subject) {
    self.subject = subject
    for (address, hardware) in subject.suspects { note(hardware, for: address) }
  }

  // MARK: Asking

  /// What to ask now, and when to go on; nil when all was asked.
  mutating func next() -> (questions: [Question], pause: Duration)? {
    let next = round.map { Round(rawValue: $0.rawValue + 1) ?? .over } ?? .everybody
    round = next
    guard next != .over else { return nil }
    return (referenceQuestions + questions(next), next.pause)
  }

  private mutating func questions(_ round: Round) -> [Question] {
    let vips = subject.vips.map(\.address)
    switch round {
    case .everybody: return vips.flatMap { questions(for: $0, to: .broadcast) }
    case .everybodyAgain:
      return vips.filter { evidence[$0] == nil }.flatMap { questions(for: $0, to: .broadcast) }
    case .stations, .stationsAgain: return vips.flatMap(stationQuestions) + trialQuestions()
    case .recheck:
      let doubtful = vips.filter { evidence[$0, default: []].contains { !$0.answers } }
      return doubtful.flatMap { questions(for: $0, to: .broadcast) }
    case .over: return []
    }
  }

  /// References have nothing to do with the VIP: the daemon may hear that they are there.
  private var referenceQuestions: [Question] {
    subject.references.filter { evidence[$0] == nil }.compactMap { reference in
      subject.sources.first(of: reference.family).map {
        question(for: reference, from: $0, to: .broadcast)
      }
    }
  }

  private func stationQuestions(_ vip: IPAddress) -> [Question] {
    evidence[vip, default: []].filter { !$0.answersProbe && (vip.family == .ipv4 || !$0.answers) }.flatMap {
      questions(for: vip, to: $0.hardware)
    }
  }

  private func questions(for vip: IPAddress, to station: MACAddress) -> [Question] {
    guard let disguise = subject.disguises.first(of: vip.family) else { return [] }
    // Not for IPv6: a host answers to everybody, overriding, what every neighbour has of its rival.
    let probe = vip.family == .ipv4 ? [question(for: vip, from: .any(.ipv4), to: station)] : []
    return probe + [question(for: vip, from: disguise, to: station)]
  }

  private func question(for address: IPAddress, from source: IPAddress, to station: MACAddress) -> Question {
    Question(packet: .request(for: address, from: source, at: subject.hardware), destination: station)
  }

  private mutating func trialQuestions() -> [Question] {
    var questions: [Question] = []
    for vip in subject.vips {
      guard let source = subject.sources.first(of: vip.address.family) else { continue }
      for station in evidence[vip.address, default: []].map(\.hardware) {
        let index = trials.firstIndex { $0.station == station && $0.questions.first?.family == source.family }
        let trial = index.map { trials[$0] } ?? newTrial(of: station, in: vip)
        if index == nil { trials.append(trial) }
        // Who answered for none of them is no proxy, and need not be asked again.
        let isHopeless = index != nil && trial.unanswered.count == trial.questions.count
        let wanted = isHopeless ? [] : trial.unanswered
        questions += wanted.map { question(for: $0, from: source, to: station) }
      }
    }
    return questions
  }

  private func newTrial(of station: MACAddress, in vip: IPNetwork) -> ProxyTrial {
    let others = subject.vips.map(\.address) + subject.sources + subject.disguises
    let known = others + subject.known + subject.references
    return ProxyTrial(of: station, in: vip, avoiding: known, seed: subject.seed &+ UInt64(trials.count))
  }

  // MARK: Hearing

  mutating func hear(_ packet: NeighborPacket) {
    let hardware = packet.senderHardware
    guard !subject.own.contains(hardware) else { return }
    for index in trials.indices { trials[index].hear(hardware, for: packet.sender) }
    guard
      subject.references.contains(packet.sender)
        || subject.vips.contains(where: { $0.address == packet.sender })
    else { return }
    let isProbed = packet.target == .any(.ipv4)
    let isAnswer = packet.operation == .reply && (isProbed || subject.disguises.contains(packet.target))
    note(hardware, for: packet.sender, isAnswer: isAnswer, isProbed: isProbed)
  }

  private mutating func note(
    _ hardware: MACAddress, for address: IPAddress, isAnswer: Bool = false, isProbed: Bool = false
  ) {
    var all = evidence[address, default: []]
    let index = all.firstIndex { $0.hardware == hardware } ?? all.count
    if index == all.count {
      // A forger may use any number of hardware addresses.
      guard index < 64 else { return }
      all.append(Evidence(hardware: hardware))
    }
    switch round {
    case .stations, .stationsAgain:
      if isAnswer { all[index].answers = true }
      if isAnswer && isProbed { all[index].answersProbe = true }
    case .recheck where isAnswer: all[index].isNamedAgain = true
    default: break
    }
    evidence[address] = all
  }

  /// The stations that `address` is answered for with.
  func claimants(of address: IPAddress) -> [Claimant] {
    evidence[address, default: []].map { evidence in
      let isProxy = trials.contains {
        $0.station == evidence.hardware && $0.isProxy && $0.questions[0].family == address.family
      }
      return Claimant(hardware: evidence.hardware, kind: kind(evidence, isProxy, address.family))
    }
  }

  private func kind(_ evidence: Evidence, _ isProxy: Bool, _ family: AddressFamily) -> Claimant.Kind {
    if isProxy { return .proxy }
    if evidence.answersProbe || evidence.answers && family == .ipv6 { return .owner }
    return !evidence.answers && evidence.isNamedAgain ? .absent : .unproven
  }
}

/// A station that an address is answered for with.
struct Claimant: Hashable {
  enum Kind: Hashable {
    /// It answers when it is asked itself.
    case owner
    /// It answers for every address.
    case proxy
    /// Somebody answers in its name; it does not.
    case absent
    /// It was heard, and that is all.
    case unproven
  }

  let hardware: MACAddress
  let kind: Kind
}

extension [IPAddress] {
  func first(of family: AddressFamily) -> IPAddress? { first { $0.family == family } }
}
