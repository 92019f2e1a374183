import Internet

/// Whether this host is still on the network at all: "I hear nobody" is not "they are dead".
///
/// Evidence is any frame of a third station, the gateway's answers among them, which come for free on a
/// busy link and are asked for on a quiet one. A peer's answer shows that this host is not cut off, but a
/// peer's silence shows nothing: it is what a takeover is for.
struct Isolation: Hashable, Sendable {
  /// The router that is asked; nil to rely on what is heard anyway.
  var gateway: IPAddress? {
    // What another router answered says nothing of this one.
    didSet {
      guard gateway != oldValue else { return }
      gatewayHardware = nil
      lastGateway = nil
    }
  }
  /// Where it answered from.
  private(set) var gatewayHardware: MACAddress?
  /// The last frame of a third station.
  private(set) var lastThird: Instant?
  /// The last answer of the gateway.
  private(set) var lastGateway: Instant?
  /// The last answer of a peer.
  private(set) var lastPeer: Instant?
  /// When the passive filter must be opened again; nil while it is open or nobody listens.
  private(set) var reopening: Instant?
  /// When to ask next because nobody was heard; nil while nobody listens.
  private(set) var asking: Instant?
  /// When to ask the gateway next, whoever else was heard; nil while nobody listens.
  private(set) var checking: Instant?

  /// Evidence must be this fresh; set by whoever relies on it.
  private var window = Duration.zero
  private var steadySince: Instant?
  /// Questions since a third station was last heard.
  private var unanswered = 0
  /// How long third stations must have been heard without a gap before their silence means anything. It
  /// doubles each time that they fell silent without this host being cut off.
  private var proof = Isolation.shortestProof

  private static let shortestProof = Duration.seconds(3)
  private static let gatewayRefresh = Duration.seconds(10)
  /// Questions that may stay unanswered before but one a second is asked.
  private static let patience = 20
  private static let gatewayMemory = Duration.seconds(60)
  private static let longestProof = Duration.seconds(3600)
  /// Routers limit how much ARP they answer; twenty questions a second is all they get.
  private static let shortestPause = Duration.milliseconds(50)

  /// When to look for evidence; nil while nobody listens.
  var deadline: Instant? { earlier(asking, earlier(checking, reopening)) }

  /// Keeps evidence no older than `window`.
  mutating func listen(within window: Duration, at now: Instant) {
    guard window != self.window || asking == nil else { return }
    if window < self.window || asking == nil {
      reopening = now
      asking = now
      checking = checking ?? now
    }
    self.window = window
    steadySince = nil
  }

  /// Nobody relies on evidence any more.
  mutating func stopListening() {
    window = .zero
    reopening = nil
    asking = nil
    checking = nil
    steadySince = nil
  }

  /// A third station was heard.
  mutating func hearThird(at now: Instant) {
    if let lastThird, now - lastThird > window { steadySince = nil }
    if steadySince == nil { steadySince = now }
    lastThird = now
    guard asking != nil else { return }
    unanswered = 0
    reopening = now + window / 4
    asking = now + window / 2
  }

  /// A peer was heard. If third stations are silent all the same, they were not as steady as they seemed.
  mutating func hearPeer(at now: Instant) {
    lastPeer = now
    guard let since = steadySince, let lastThird, now - lastThird > window else { return }
    if lastThird - since >= proof { proof = min(proof * 2, Self.longestProof) }
    steadySince = nil
  }

  mutating func hearGateway(at hardware: MACAddress, _ now: Instant) {
    gatewayHardware = hardware
    lastGateway = now
    if checking != nil { checking = now + Self.gatewayRefresh }
  }

  /// Where to ask for the gateway: if it does not answer where it was, it may be another one by now.
  var gatewayTarget: MACAddress { unanswered <= 1 ? gatewayHardware ?? .broadcast : .broadcast }

  /// Whether to ask the gateway now, to know whether it answers at all.
  mutating func shouldCheckGateway(at now: Instant) -> Bool {
    guard let due = checking, due <= now else { return false }
    checking = now + .seconds(1)
    return true
  }

  /// Whether to ask gateway and peers now, because nobody was heard for half the window.
  mutating func shouldAsk(at now: Instant) -> Bool {
    guard let due = asking, due <= now else { return false }
    unanswered += 1
    let isDeaf = unanswered > Self.patience
    asking = now + (isDeaf ? .seconds(1) : max(window / 4, Self.shortestPause))
    return true
  }

  /// Whether to open the passive filter for one frame now.
  mutating func shouldReopen(at now: Instant) -> Bool {
    guard let due = reopening, due <= now else { return false }
    reopening = nil
    return true
  }

  /// When an Active router is cut off unless something is heard before; nil while silence means nothing:
  /// third stations were not heard steadily enough, or nobody is there to take over.
  var cutOff: Instant? {
    guard let steadySince, let lastThird, lastThird - steadySince >= proof else { return nil }
    guard let lastPeer, lastThird - lastPeer <= Peer.memory else { return nil }
    return max(lastThird, lastPeer) + window
  }

  /// Whether the gateway, which used to answer, and everybody else have been silent since `instant`. Without
  /// a gateway that answers, silence means nothing: nobody else need have anything to say.
  func isSilent(since instant: Instant) -> Bool {
    guard let lastThird, let lastGateway else { return false }
    return lastThird < instant && instant - lastGateway < Self.gatewayMemory
  }
}
