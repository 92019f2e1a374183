import Internet

/// Whether this host is still on the network, and on the right side of it: "I hear nobody" is not "they are dead", and
/// "I hear somebody" is not "I am where the others are".
///
/// What counts are the references. A host that is cut off together with its own guests, or with half of the switch,
/// hears stations, but not its references. Where none ever answered, frames of third stations must do.
struct Isolation: Hashable, Sendable {
  private(set) var references: [Reference] = []
  private(set) var third = ThirdStations()
  /// When a router of the VIP was last heard.
  private(set) var lastPeer: Instant?
  /// How fresh evidence must be; nil while nobody relies on it.
  private(set) var demand: Demand?
  /// When the passive filter must be opened again; nil while it is open or nobody listens.
  private(set) var reopening: Instant?
  /// An Active router waits for its next Advertisement before it looks for evidence; nil while it does not.
  var rest: Rest?
  /// Whether frames are reported when somebody looks, and not at once.
  var isResting: Bool { rest?.isQuiet == true }

  /// A reference that was silent for so long while a router of the VIP was heard is switched off, and counts for
  /// nothing until it answers. One that fell silent together with the others is what they all are: cut off.
  private static let memory = Duration.seconds(60)

  /// The configuration names these; what others answered says nothing of them.
  mutating func follow(_ addresses: [IPAddress]) {
    guard addresses != references.map(\.address) else { return }
    references = addresses.map { address in
      references.first { $0.address == address } ?? Reference(address)
    }
  }

  /// Whether the silence of `reference` means something.
  func counts(_ reference: Reference) -> Bool {
    guard let lastHeard = reference.lastHeard else { return false }
    return lastPeer.map { $0 - lastHeard <= Self.memory } ?? true
  }

  /// Keeps evidence no older than `window`, nor from before `since`; whether that is a new demand, for which earlier
  /// silence proves nothing.
  mutating func listen(within window: Duration, since: Instant?, at now: Instant) -> Bool {
    guard let current = demand, current.window == window else {
      let isNarrower = demand.map { window < $0.window } ?? true
      let new = Demand(window: window, since: since, start: now)
      demand = new
      if isNarrower {
        reopening = now
        third.listen(at: now)
      } else if pause(new) >= Self.longPause {
        reopening = now + pause(new)
      }
      for index in references.indices { references[index].forgetSilence() }
      return true
    }
    if current.since != since { demand?.since = since }
    return false
  }

  /// Whether nothing need be heard for long.
  func isAtEase(at now: Instant) -> Bool {
    !isResting && reopening.map { $0 - now >= Self.longPause } ?? false
  }

  /// What the references answer from now on is what counts, until the next demand.
  mutating func hurry(at now: Instant) { demand?.since = now }

  /// Frames are reported when somebody looks.
  mutating func rests() { reopening = nil }

  /// Frames are reported at once again.
  mutating func watches(at now: Instant) { reopening = now }

  /// Nobody relies on evidence any more; whether somebody did.
  mutating func stopListening() -> Bool {
    guard demand != nil else { return false }
    demand = nil
    reopening = nil
    rest = nil
    third.stopListening()
    return true
  }

  /// A frame of no router of this VIP was heard.
  mutating func hearFrame(from station: MACAddress, at now: Instant) {
    third.hear(within: demand?.window ?? .zero, at: now)
    if let index = references.firstIndex(where: { $0.hardware == station }) {
      references[index].hearFrame(at: now, isPrompt: !isResting)
    }
    if let demand, !isResting { reopening = now + pause(demand) }
  }

  /// `address` answered.
  mutating func hearAnswer(of address: IPAddress, at hardware: MACAddress, _ now: Instant) {
    guard let index = references.firstIndex(where: { $0.address == address }) else { return }
    references[index].hearAnswer(at: hardware, now)
  }

  mutating func hearPeer(at now: Instant) {
    lastPeer = now
    third.hearPeer(within: demand?.window ?? .zero, at: now)
  }

  /// Whether a reference that has not this address is at `station`.
  func isReference(_ station: MACAddress, besides address: IPAddress) -> Bool {
    references.contains { $0.hardware == station && $0.address != address }
  }

  /// The index of a reference to be asked now.
  func dueReference(at now: Instant) -> Int? {
    guard let demand else { return nil }
    return references.firstIndex { $0.deadline(demand) <= now }
  }

  mutating func forgetFreshness(of index: Int) { references[index].isFresh = false }

  mutating func noteQuestion(to index: Int, at now: Instant) { references[index].noteQuestion(at: now) }

  /// Whether to ask the peers now because no third station was heard.
  mutating func shouldAskPeers(at now: Instant) -> Bool {
    guard let demand else { return false }
    return third.shouldAsk(within: demand.window, at: now)
  }

  /// How to listen for one frame now; nil for not at all.
  mutating func reopen(at now: Instant) -> Attention? {
    guard let demand, let due = reopening, due <= now else { return nil }
    reopening = nil
    return pause(demand) < Self.longPause ? .again : .once
  }

  /// How long nobody listens after a frame was heard: where that is long, and references answer, until a moment before they
  /// are asked, for a socket that waits for them hears all the rest.
  private func pause(_ demand: Demand) -> Duration {
    let short = demand.window / 4
    guard short >= Self.longPause, references.contains(where: { $0.lastHeard != nil }) else { return short }
    return demand.window * 7 / 16
  }

  /// From here on it is worth closing what hears everything, and opening it again.
  private static let longPause = Duration.milliseconds(250)

  /// When to ask a reference, or to open the filter.
  var deadline: Instant? {
    guard let demand, !isResting else { return nil }
    return references.reduce(reopening) { earlier($0, $1.deadline(demand)) }
  }
}
