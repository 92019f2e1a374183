public import Internet

/// Asks the kernel of the VIP's owner, by ARP, whether it still answers for the VIP.
///
/// The question goes to the owner's own hardware address: a broadcast could be answered by a switch or a
/// proxy. Only while no owner is known the question is broadcast, which finds one that does not speak VRRP, and
/// while several stations claim the VIP: whoever speaks last need not be its owner, and his silence hides none.
/// Unlike a probe of RFC 5227 §2.1.1 it has a sender: the asking router's own address is in no doubt, and the
/// others learn who stands by. A probe counts as missed when the next one is due and nobody has answered.
public struct Witness: Hashable, Sendable {
  /// Whom a probe goes to.
  public enum Probe: Hashable, Sendable {
    /// Everybody: who has the VIP?
    case broadcast
    /// The last known owner.
    case unicast(MACAddress)
  }

  /// Probes missed in a row after which the VIP usually counts as silent. One may be lost on the way.
  public static let missesUntilSilent = 2

  /// Where the addresses of one family are.
  private struct Station: Hashable {
    var hardware: MACAddress
    /// Whether another one claimed them, too, or this one did without being asked.
    var isDisputed: Bool
    /// Probes in a row that it did not answer.
    var missed: UInt8 = 0
  }

  /// A station that answers for the VIP: of two, the same one until it falls silent.
  public private(set) var owner: MACAddress?
  /// With virtual MAC addresses, the families are at two stations, neither of which answers for the other's.
  private var ipv4: Station?
  private var ipv6: Station?
  /// When a station last answered.
  public private(set) var lastAnswer: Instant?
  /// When the next probe is due; nil while nobody wants to know.
  public private(set) var deadline: Instant?
  /// Probes in a row that nobody answered.
  public private(set) var missed = 0
  /// After how many of them the VIP counts as silent, where the network loses nothing.
  private var patience = Witness.missesUntilSilent
  /// How many more there must be. Where probes were missed although somebody was there to answer, a few in a row say
  /// nothing: of ten packets of which three are lost, two rounds of four come to nothing.
  private var doubt = 0
  private static let greatestDoubt = 8
  private static let doubtTime = Duration.milliseconds(250)
  /// The family of the probe that may still be answered.
  private var awaited: AddressFamily?
  /// How often it asks.
  public private(set) var interval = Duration.zero

  /// A witness that knows nobody and asks nothing.
  public init() {}

  /// Whether the VIP is answered for. An owner that never answered cannot hold off a takeover.
  public var isAnswered: Bool { lastAnswer != nil && !isSilent }

  /// Whether the last probes were all missed: nobody answers for the VIP, as far as was asked lately.
  public var isSilent: Bool { missed >= patience + min(doubt, affordable) }

  /// How many probes more do not make anybody wait for long.
  private var affordable: Int { doubt > 0 && interval > .zero ? Int(Self.doubtTime / interval) : 0 }

  /// Whether several stations claim the VIP, so that `owner` is but the one that was heard last.
  public var isDisputed: Bool { ipv4?.isDisputed == true || ipv6?.isDisputed == true }

  /// Asks every `interval` from now on, at once if it asked more slowly before; the VIP counts as silent when `patience`
  /// probes in a row were missed.
  public mutating func ask(
    every interval: Duration, patience: Int = Self.missesUntilSilent, at now: Instant
  ) {
    self.patience = patience
    guard interval != self.interval || deadline == nil else { return }
    let isFaster = deadline == nil || interval < self.interval
    self.interval = interval
    // The probe under way was given another time to be answered in; it proves nothing.
    awaited = nil
    deadline = isFaster ? now : min(deadline ?? now, now + interval)
  }

  /// Asks at once, and then as before: the others should know what the question tells them.
  public mutating func hurry(at now: Instant) {
    if deadline != nil { deadline = now }
  }

  /// In no hurry, all addresses are asked for, and the owner need not have them all.
  private mutating func noteAnswer() {
    let isLoss = missed > 0 && interval <= Self.doubtTime
    doubt = isLoss ? min(doubt + missed, Self.greatestDoubt) : max(doubt - 1, 0)
  }

  /// What was lost so far counts no more: each probe costs the VIP's clients time.
  public mutating func trust() { doubt = 0 }

  /// A packet was lost between the two although both are well.
  public mutating func noteLoss() { doubt = min(doubt + 1, Self.greatestDoubt) }

  /// Questions that were missed so far do not count.
  public mutating func forgive() {
    missed = 0
    awaited = nil
  }

  /// The station that answers may not be the owner: asks everybody, and believes who answers from now on.
  public mutating func doubt(at now: Instant) {
    ipv4 = nil
    ipv6 = nil
    askAnew(at: now)
  }

  /// The family of the addresses that are at `hardware`.
  public func family(of hardware: MACAddress) -> AddressFamily? {
    ipv4?.hardware == hardware ? .ipv4 : ipv6?.hardware == hardware ? .ipv6 : nil
  }

  /// What was missed so far proves nothing any more: asks at once.
  public mutating func askAnew(at now: Instant) {
    forgive()
    hurry(at: now)
  }

  /// Asks no more and forgets what it knew.
  public mutating func stop() { self = Witness() }

  /// Somebody at `hardware` answered for an address of the VIP, of `family`, or announced it.
  public mutating func hear(_ hardware: MACAddress, for family: AddressFamily, at now: Instant) {
    let isAnswer = awaited == family
    update(family) { station in
      let isSame = station.map { $0.hardware == hardware } ?? true
      let isDisputed = !isSame || !isAnswer && station?.isDisputed ?? true
      station = Station(hardware: hardware, isDisputed: isDisputed)
    }
    if owner == nil || owner != ipv4?.hardware && owner != ipv6?.hardware { owner = hardware }
    if isAnswer { noteAnswer() }
    lastAnswer = now
    missed = 0
    awaited = nil
  }

  /// The probe for an address of `family` to send now, if one is due before `slack` is over.
  public mutating func probe(
    for family: AddressFamily, at now: Instant, slack: Duration = .zero
  ) -> Probe? {
    guard let deadline, deadline <= now + slack else { return nil }
    if let awaited {
      missed += 1
      // An owner that moved to another card answers nobody at the old one.
      update(awaited) { station in
        station?.missed += 1
        if station?.missed == 2 * UInt8(Self.missesUntilSilent) { station = nil }
      }
    }
    awaited = family
    // A late loop asks once, not once for every time it missed.
    self.deadline = max(min(deadline, now) + interval, now + interval / 2)
    guard let station = family == .ipv4 ? ipv4 : ipv6, !station.isDisputed else { return .broadcast }
    return .unicast(station.hardware)
  }

  private mutating func update(_ family: AddressFamily, _ body: (inout Station?) -> Void) {
    switch family {
    case .ipv4: body(&ipv4)
    case .ipv6: body(&ipv6)
    }
  }
}
