import Internet

/// A station whose answers show that this host is on the right side of the network (`Gateway=`), usually a router.
///
/// It is heard for free when it sends anything, and asked by ARP when it is silent: no more often than routers answer.
struct Reference: Hashable, Sendable {
  let address: IPAddress
  /// Where it answered from.
  private(set) var hardware: MACAddress?
  /// When it was last heard; nil if it never was, and so proves nothing by its silence.
  private(set) var lastHeard: Instant?
  /// The first question since then; nil if none is unanswered.
  private(set) var silentSince: Instant?

  private var lastAsked: Instant?
  /// When it was asked although it had not answered the question before.
  private var lastMiss: Instant?
  private var unanswered = 0
  /// When it last answered a question of this host.
  private(set) var lastAnswer: Instant?
  /// When a frame of it was last heard.
  private var lastFrame: Instant?
  /// When an answer was heard that was for another instance.
  private var lastUnasked: Instant?
  /// When it may be asked next.
  private var allowance: Instant?

  /// Routers limit how much ARP they answer: twenty questions a second, of which some may come in one go.
  private static let price = Duration.milliseconds(50)
  private static let saved = Duration.milliseconds(-150)
  /// Leaves room for questions in need.
  private static let steadyPause = Duration.milliseconds(70)
  private static let shortestPause = Duration.milliseconds(5)
  /// Questions in a row without an answer after which it is asked as below.
  private static let patience = 20
  private static let deadPause = Duration.milliseconds(500)
  private static let missMemory = Duration.seconds(10)
  private static let unknownPause = Duration.seconds(1)

  private struct Slowness: Hashable {
    let delay: Duration
    let time: Instant
  }
  private var slowness: Slowness?
  private static let slownessMemory = Duration.seconds(60)

  /// Whether it was heard since the latest Advertisement: see `Rest`.
  var isFresh = false

  init(_ address: IPAddress) { self.address = address }

  /// Whether it lately left a question unanswered until the next one: it takes its time, or limits how often it answers.
  func isHesitant(at now: Instant) -> Bool { lastMiss.map { now - $0 <= Self.missMemory } ?? false }

  /// Where to ask: if it does not answer where it was, it may be another one by now.
  var target: MACAddress { unanswered % 2 == 0 ? hardware ?? .broadcast : .broadcast }

  /// When to ask next, if it must have been heard lately.
  func deadline(_ demand: Demand) -> Instant {
    guard let lastHeard else { return lastAsked.map { $0 + Self.unknownPause } ?? demand.start }
    let next = nextQuestion(demand, heard: lastHeard)
    return max(next, allowance ?? next)
  }

  private func nextQuestion(_ demand: Demand, heard lastHeard: Instant) -> Instant {
    if let lastAsked, silentSince != nil {
      if unanswered >= Self.patience { return lastAsked + max(demand.window / 16, Self.deadPause) }
      return lastAsked + max(demand.window / 16, Self.shortestPause)
    }
    if let since = demand.since, lastHeard < since { return since }
    // One that takes its time is asked before the last answer has come, so that answers come as often.
    let last = latest(spokeUnasked, lastAsked) ?? lastHeard
    return last + max(demand.window / 2, Self.steadyPause)
  }

  /// When a frame of it was heard that was no answer: of that one, both are told at once.
  private var spokeUnasked: Instant? {
    guard let lastFrame, let lastAnswer, lastFrame - lastAnswer <= .milliseconds(2) else {
      return latest(lastFrame, lastUnasked)
    }
    return lastUnasked
  }

  mutating func noteQuestion(at now: Instant) {
    lastAsked = now
    if silentSince != nil { lastMiss = now }
    silentSince = silentSince ?? now
    unanswered = min(unanswered + 1, 1000)
    // What was not asked for lately may be asked in one go.
    let saved = now + Self.saved
    allowance = max(allowance ?? saved, saved) + Self.price
  }

  mutating func forgetSilence() { silentSince = nil }

  /// Whether it lately took longer than `limit` to answer, or lost a question.
  func isSlow(within limit: Duration, at now: Instant) -> Bool {
    slowness.map { $0.delay > limit && now - $0.time <= Self.slownessMemory } ?? false
  }

  /// It answers at this moment: the longest that it took counts for a while.
  private mutating func noteDelay(at now: Instant) {
    guard let silentSince else { return }
    let delay = now - silentSince
    if let slowness, delay < slowness.delay, now - slowness.time <= Self.slownessMemory { return }
    slowness = Slowness(delay: delay, time: now)
  }

  mutating func hearAnswer(at hardware: MACAddress, _ now: Instant) {
    self.hardware = hardware
    noteDelay(at: now)
    let isAwaited = lastAsked.map { asked in lastAnswer.map { $0 < asked } ?? true } ?? false
    if isAwaited { lastAnswer = now } else { lastUnasked = now }
    hear(at: now)
  }

  /// `isPrompt`: it was told as soon as it came.
  mutating func hearFrame(at now: Instant, isPrompt: Bool = true) {
    if isPrompt { noteDelay(at: now) }
    lastFrame = now
    hear(at: now)
  }

  private mutating func hear(at now: Instant) {
    lastHeard = now
    silentSince = nil
    isFresh = true
    unanswered = 0
  }
}

/// How fresh evidence of being on the network must be.
struct Demand: Hashable, Sendable {
  /// No older than this.
  var window: Duration
  /// Nor from before this instant.
  var since: Instant?
  /// Since when it is demanded.
  var start: Instant
}

/// What the references that count say together: more than half of them must answer.
struct Quorum: Hashable, Sendable {
  /// When more than half of them had been heard last.
  let lastHeard: Instant
  /// Since when more than half of them have not answered any more; nil if they do.
  let silentSince: Instant?

  /// Nil where none counts; bit N of `counting` says whether reference N does.
  init?(_ references: [Reference], counting: UInt64) {
    let count = counting.nonzeroBitCount
    guard count > 0 else { return nil }
    let majority = count / 2 + 1
    var (last, silent): (Instant?, Instant?)
    for (index, reference) in references.enumerated() where counting >> UInt64(index) & 1 == 1 {
      guard let heard = reference.lastHeard else { continue }
      // That many were heard then or later.
      var (later, earlierSilent) = (0, 0)
      for (index, other) in references.enumerated() where counting >> UInt64(index) & 1 == 1 {
        if let otherHeard = other.lastHeard, otherHeard >= heard { later += 1 }
        if let since = reference.silentSince, let otherSince = other.silentSince, otherSince <= since {
          earlierSilent += 1
        }
      }
      if later >= majority { last = last.map { max($0, heard) } ?? heard }
      if earlierSilent > count - majority { silent = earlier(silent, reference.silentSince) }
    }
    guard let last else { return nil }
    (lastHeard, silentSince) = (last, silent)
  }
}
