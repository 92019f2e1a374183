import Internet

/// Evidence for a host without references: frames of whoever is no router of the VIP.
///
/// They need not have anything to say. Their silence means something only after they were heard steadily, and less
/// and less each time that it meant nothing.
struct ThirdStations: Hashable, Sendable {
  /// When one was last heard.
  private(set) var lastHeard: Instant?
  private var steadySince: Instant?
  /// Questions to the peers since then.
  private var unanswered = 0
  /// When to ask the peers because no third station was heard; nil while nobody listens.
  private(set) var asking: Instant?
  /// How long they must have been heard without a gap before their silence means anything.
  private var proof = ThirdStations.shortestProof

  private static let shortestProof = Duration.seconds(3)
  private static let longestProof = Duration.seconds(3600)
  /// Questions that may stay unanswered before but one a second is asked.
  private static let patience = 20
  private static let shortestPause = Duration.milliseconds(50)

  mutating func listen(at now: Instant) {
    asking = now
    steadySince = nil
  }

  mutating func stopListening() {
    asking = nil
    steadySince = nil
  }

  mutating func hear(within window: Duration, at now: Instant) {
    if let lastHeard, now - lastHeard > window { steadySince = nil }
    if steadySince == nil { steadySince = now }
    lastHeard = now
    guard asking != nil else { return }
    unanswered = 0
    asking = now + window / 2
  }

  /// A peer was heard. If third stations are silent all the same, they were not as steady as they seemed.
  mutating func hearPeer(within window: Duration, at now: Instant) {
    guard let since = steadySince, let lastHeard, now - lastHeard > window else { return }
    if lastHeard - since >= proof { proof = min(proof * 2, Self.longestProof) }
    steadySince = nil
  }

  /// Whether to ask the peers now.
  mutating func shouldAsk(within window: Duration, at now: Instant) -> Bool {
    guard let due = asking, due <= now else { return false }
    unanswered += 1
    asking = now + (unanswered > Self.patience ? .seconds(1) : max(window / 4, Self.shortestPause))
    return true
  }

  /// When an Active router is cut off unless somebody is heard before; nil while silence means nothing: they were not
  /// heard steadily enough, or no peer is there to take over.
  func cutOff(lastPeer: Instant?, within window: Duration) -> Instant? {
    guard let steadySince, let lastHeard, lastHeard - steadySince >= proof else { return nil }
    guard let lastPeer, lastHeard - lastPeer <= Peer.memory else { return nil }
    return max(lastHeard, lastPeer) + window
  }
}
