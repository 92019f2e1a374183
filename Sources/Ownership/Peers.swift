public import Internet
import Neighbor
public import VRRP

/// Another router of the same virtual router: one that advertises, or stands by and says so with its
/// witness probes.
public struct Peer: Hashable, Sendable {
  /// Its primary address.
  public let address: IPAddress
  /// Its hardware address, once ARP told.
  public internal(set) var hardware: MACAddress?
  /// In its last Advertisement, 0 if that was a resignation; nil if it never sent one.
  public internal(set) var priority: UInt8?
  /// In its last Advertisement; nil if it never sent one.
  public internal(set) var interval: AdvertisementInterval?
  /// Whether only an answer said so: for its address, or for the VIP while it was Active. A proxy answers, too.
  var isHardwareGuessed = true
  /// The priority that it said it has as a standby; nil if it did not.
  public internal(set) var standbyPriority: UInt8?
  /// Whether it would take over, as far as it said.
  public internal(set) var isReady = true
  /// Whether it says that somebody answers for the VIP, as long as it hears this Active router.
  public internal(set) var isAnswered = true
  /// When its last Advertisement came; nil if none did.
  public internal(set) var lastAdvertised: Instant?
  /// When it last showed that it is there, by whatever packet.
  public internal(set) var lastSeen: Instant

  /// When anything was heard of it, its kernel's answers included.
  var lastHeard: Instant
  /// When its kernel last answered a question of this host; nil if it never did.
  var lastAnswer: Instant?
  /// The first question since then; nil if none is unanswered.
  var silentSince: Instant?
  var lastAsked: Instant?
  /// Questions before its first answer; nil since then.
  var questionsInVain: Int? = 0
  /// Whether it answers no questions at all, so that its silence means nothing.
  var isMute: Bool { questionsInVain.map { $0 >= 64 } ?? false }
  /// Whether it marks its witness probes, as vipd does and other routers do not.
  var isMarked = false
  /// Whether it shortened its interval to hurry a successor.
  var isHurrying = false
  /// Advertisements in a row with another interval than ours.
  var otherIntervals = 0
  /// Whether it listed other addresses in its last Advertisement than this router has.
  public internal(set) var addressesDiffer = false
  /// Since when another one has been Active in its place because it fell silent; nil since it advertised or stood by again.
  var missedSince: Instant?
  /// Whether it was Active and fell silent, and has not been heard since. It may be there all the same.
  public var isMissed: Bool { missedSince != nil }
  /// Whether it gave the VIP up, and did not say since then that it stands by: it may have been stopped.
  var hasResigned = false

  /// Whether nothing was heard of it since it lost the VIP by its silence: its host may be off, and the silence of that says
  /// nothing. Who gave the VIP up is there, and may take it again.
  var hasLeft: Bool { missedSince.map { lastHeard <= $0 } ?? false }

  /// Whether its silence may mean that this host is cut off: one that never answered may not be there at all.
  var isReachable: Bool { hardware != nil && !isMute && !hasLeft }

  /// How long a peer counts as there after it was last seen; it asks, and is asked, every second.
  static let memory = Duration.seconds(3)

  /// Whether it need not be asked now if it is there: it asked for the VIP itself, or answered another instance.
  func hasShownItself(at now: Instant) -> Bool {
    now - lastSeen < (isMarked ? .milliseconds(1500) : .milliseconds(900))
  }

  /// Whether it was seen lately.
  public func isThere(at now: Instant) -> Bool { now - lastSeen <= Self.memory }

  /// Whether it could take over now, and hear that it should.
  func isStandby(at now: Instant) -> Bool { isReady && isThere(at: now) }

  mutating func hear(at now: Instant) {
    lastHeard = now
    silentSince = nil
  }

  /// Whether it says that it could.
  public func standsBy(at now: Instant) -> Bool { isStandby(at: now) && !isMissed && !hasResigned }
}

/// The peers that were seen, at most `capacity`: a forger may use any number of source addresses.
struct Peers: Hashable, Sendable {
  private(set) var all: [Peer] = []
  static let capacity = 16

  /// What is new about the sender of an Advertisement.
  struct News {
    var intervalDiffers = false
    var addressesDiffer = false
  }

  /// There is no such peer.
  mutating func forget(_ address: IPAddress) { all.removeAll { $0.address == address } }

  /// An Advertisement was received.
  mutating func hear(
    _ received: ReceivedAdvertisement, ownInterval: AdvertisementInterval, at now: Instant
  ) -> News {
    let heard = received.advertisement
    let index = slot(for: received.sender, at: now)
    let differs = heard.interval != ownInterval
    all[index].otherIntervals = differs ? min(all[index].otherIntervals + 1, 100) : 0
    let news = News(
      // A router that resigns hurries its successor with a shorter interval, but not for long.
      intervalDiffers: all[index].otherIntervals == 10,
      addressesDiffer: !received.addressesMatch && !all[index].addressesDiffer)
    all[index].priority = heard.priority
    if heard.priority > 0 { all[index].isReady = true }
    all[index].hasResigned = heard.priority == 0
    let isShorter = all[index].interval.map { heard.interval.duration < $0.duration } ?? false
    all[index].isHurrying = heard.interval == .shortest && (isShorter || all[index].isHurrying)
    all[index].interval = heard.interval
    all[index].lastAdvertised = now
    all[index].addressesDiffer = !received.addressesMatch
    return news
  }

  /// A standby asked for the VIP.
  mutating func hearStandby(
    _ address: IPAddress, _ mark: StandbyMark, at hardware: MACAddress, at now: Instant
  ) {
    // A host that was renumbered is one.
    all.removeAll { $0.address != address && $0.hardware == hardware && $0.isMarked && !$0.isHardwareGuessed }
    let index = slot(for: address, at: now)
    all[index].hardware = hardware
    all[index].isHardwareGuessed = false
    all[index].isMarked = true
    all[index].hasResigned = false
    all[index].standbyPriority = mark.priority > 0 ? mark.priority : nil
    all[index].isReady = mark.isReady
    all[index].isAnswered = mark.isAnswered
    // What was asked while it was not there says nothing of its kernel.
    if all[index].questionsInVain != nil { all[index].questionsInVain = 0 }
  }

  /// An ARP packet of `address` was received; whether that is a known peer. `isDoubtful`: from where a reference is, which
  /// may be a proxy.
  mutating func resolve(
    _ address: IPAddress, at hardware: MACAddress, isReply: Bool, isDoubtful: Bool, at now: Instant
  ) -> Bool {
    guard let index = all.firstIndex(where: { $0.address == address }) else { return false }
    if isDoubtful, let known = all[index].hardware, known != hardware { return false }
    // What it said itself of another hardware address says nothing of this one.
    if !isReply || all[index].hardware != hardware { all[index].isHardwareGuessed = isReply }
    all[index].hardware = hardware
    all[index].hear(at: now)
    if isReply {
      all[index].questionsInVain = nil
      all[index].lastAnswer = now
    }
    // A kernel answers whether its daemon runs or not: whoever can say that it stands by must say so.
    if !all[index].isMarked { all[index].lastSeen = now }
    return true
  }

  /// A frame of a peer was received.
  mutating func hearFrame(from station: MACAddress, at now: Instant) {
    for index in all.indices where all[index].hardware == station { all[index].hear(at: now) }
  }

  /// What was not answered so far proves nothing.
  mutating func forgetSilence() {
    for index in all.indices { all[index].silentSince = nil }
  }

  /// The peer `address` is asked whether it is there.
  mutating func noteQuestion(to address: IPAddress, at now: Instant) {
    guard let index = all.firstIndex(where: { $0.address == address }) else { return }
    all[index].lastAsked = now
    all[index].silentSince = all[index].silentSince ?? now
    all[index].questionsInVain = all[index].questionsInVain.map { min($0 + 1, 64) }
  }

  /// The peer `address` seems to be at `hardware`, which it did not tell itself.
  mutating func guess(_ address: IPAddress, at hardware: MACAddress) {
    guard let index = all.firstIndex(where: { $0.address == address }), all[index].hardware == nil else {
      return
    }
    all[index].hardware = hardware
  }

  /// Whether nobody at `hardware` said himself that he is a router of the VIP.
  func isGuess(_ hardware: MACAddress) -> Bool {
    all.contains { $0.hardware == hardware && $0.isHardwareGuessed }
  }

  /// The station at `hardware` answers for everybody.
  mutating func forgetGuess(_ hardware: MACAddress) {
    for index in all.indices where all[index].isHardwareGuessed && all[index].hardware == hardware {
      all[index].hardware = nil
    }
  }

  /// Whether the station at `hardware` is a peer.
  func contains(_ hardware: MACAddress) -> Bool { all.contains { $0.hardware == hardware } }

  /// Whether `address` is a peer's.
  func contains(_ address: IPAddress) -> Bool { all.contains { $0.address == address } }

  /// The address of the peer at `hardware`.
  func address(at hardware: MACAddress) -> IPAddress? { all.first { $0.hardware == hardware }?.address }

  /// Whether some router was seen within `memory`, ready or not: who is held back now may be ready a moment later. A host
  /// that is cut off sees nobody, and must know that for as long as it takes to let go.
  func isAnybodyThere(at now: Instant, within memory: Duration = Peer.memory) -> Bool {
    all.contains { now - $0.lastSeen <= memory }
  }

  /// The peer `address`.
  func peer(_ address: IPAddress) -> Peer? { all.first { $0.address == address } }

  /// The hardware address of the peer `address`, once that is known.
  func hardware(of address: IPAddress) -> MACAddress? { peer(address)?.hardware }

  /// The Active router `address`, and whoever else showed himself by Advertisements last, fell silent.
  mutating func miss(_ address: IPAddress?, at now: Instant) {
    for index in all.indices {
      let isAdvertiser = all[index].lastSeen == all[index].lastAdvertised && all[index].priority != 0
      if isAdvertiser || all[index].address == address { all[index].missedSince = now }
    }
  }

  /// Whoever was not heard since `start` is not there, for others were.
  mutating func missSilent(since start: Instant, at now: Instant) {
    for index in all.indices where all[index].lastHeard < start { all[index].missedSince = now }
  }

  /// The routers that say that they could take over now.
  func standbys(at now: Instant) -> [Peer] { all.filter { $0.standsBy(at: now) } }

  /// Whether there is one.
  func protects(at now: Instant) -> Bool { all.contains { $0.standsBy(at: now) } }

  /// Whether a router is there that could take over, whether it says so or not.
  func hasStandby(at now: Instant) -> Bool { all.contains { $0.isStandby(at: now) } }

  private mutating func slot(for sender: IPAddress, at now: Instant) -> Int {
    if let index = all.firstIndex(where: { $0.address == sender }) {
      all[index].lastSeen = now
      all[index].hear(at: now)
      all[index].missedSince = nil
      return index
    }
    let peer = Peer(address: sender, lastSeen: now, lastHeard: now)
    if all.count < Self.capacity {
      all.append(peer)
      return all.count - 1
    }
    let oldest = all.indices.min { all[$0].lastSeen < all[$1].lastSeen } ?? 0
    all[oldest] = peer
    return oldest
  }
}
