public import Internet

/// One virtual router's state machine (RFC 9568 §6.4), with durations as they are instead of whole
/// centiseconds.
///
/// It decides who is Active and says what to advertise; it never touches addresses. Whoever drives it calls
/// `handle(.timer)` when `deadline` has come and carries out what the `Outcome` says.
public struct Election: Hashable, Sendable {
  /// What configuration and interface say about this router.
  public struct Parameters: Hashable, Sendable {
    /// 1...255; 255 is the address owner's.
    public var priority: UInt8
    /// Advertisement_Interval.
    public var interval: AdvertisementInterval
    /// Preempt_Mode. The address owner preempts whatever this says (§6.1).
    public var preempts: Bool
    /// How long a better Backup router leaves a worse Active router in place after it first heard it.
    public var preemptDelay: Duration
    /// The primary address, which breaks ties.
    public var primary: IPAddress
    /// Whose Skew_Time it is.
    public var version: ProtocolVersion

    /// All of them.
    public init(
      priority: UInt8, interval: AdvertisementInterval, preempts: Bool, preemptDelay: Duration,
      primary: IPAddress, version: ProtocolVersion = .v3
    ) {
      self.priority = priority
      self.interval = interval
      self.preempts = preempts
      self.preemptDelay = preemptDelay
      self.primary = primary
      self.version = version
    }

    var isAddressOwner: Bool { priority == 255 }

    /// Whether a Backup router overrules an Active router of `other` priority, once its preemption delay is over
    /// (§6.4.2).
    public func overrules(_ other: UInt8) -> Bool {
      other < priority && (preempts || isAddressOwner)
    }

    /// Whether an Active router gives way to another one, of `other` priority at `address` (§6.4.3).
    public func givesWay(to other: UInt8, at address: IPAddress) -> Bool {
      other > priority || other == priority && address > primary
    }
  }

  /// RFC 9568 §6.4.
  public enum State: Hashable, Sendable {
    /// Takes no part.
    case initialize
    /// Watches the Active router.
    case backup
    /// Advertises.
    case active
  }

  /// What happened to the router.
  public enum Event: Hashable, Sendable {
    /// The interface is usable, or the reason for a shutdown is gone.
    case startup
    /// Stop taking part; an Active router resigns.
    case shutdown
    /// A valid Advertisement of this virtual router was received.
    case advertisement(Advertisement, from: IPAddress)
    /// `deadline` has come.
    case timer
    /// The loop was late: what it believes may be stale. An Active router steps down without a word, a
    /// Backup router listens for a whole Active_Down_Interval again.
    case late
    /// This router was Active until a moment ago and nobody can have noticed its silence: go on.
    case resume
    /// This router was Active some time ago: become Active again unless somebody is heard for this long.
    case listen(Duration)
    /// Step down and say so, for a reason that RFC 9568 does not know.
    case resign(Cause)
    /// Step down without inviting anybody: this router was Active, but did not own the VIP, or not alone.
    case withdraw(Cause)
  }

  /// Why the router is in its state.
  public enum Cause: Hashable, Sendable {
    /// The startup event.
    case startup
    /// The shutdown event.
    case shutdown
    /// Nobody was heard for Active_Down_Interval since startup.
    case nobodyHeard
    /// The Active router, last heard then, fell silent.
    case silence(of: IPAddress, since: Instant)
    /// The Active router sent priority 0.
    case resignation(of: IPAddress)
    /// An Active router with a lower priority was overruled.
    case preemption(of: IPAddress, priority: UInt8)
    /// This router is the address owner.
    case addressOwner
    /// A better Active router was heard: a higher priority, or the same with a greater address.
    case better(IPAddress, priority: UInt8)
    /// The late event.
    case late
    /// The resume event, or nobody heard since the listen event.
    case resumption
    /// This host lost every sign of the network.
    case isolation
    /// Another router's claim went on although it must have heard this one's.
    case ignored(by: IPAddress)
    /// The operator asked for it, and this router took over.
    case handover(to: IPAddress)
    /// A router that cannot be heard has the VIP too.
    case conflict
    /// This host must not own the VIP for now, and nobody else took it.
    case barred
  }

  /// What must be done, in the order of the properties.
  public struct Outcome: Hashable, Sendable {
    /// Send an Advertisement with this priority now.
    public var advertise: UInt8?
    /// The router changed to `state`; the cause says why.
    public var transition: Cause?
    /// Another router claimed to be Active and lost: neighbours may have believed it.
    public var beat: IPAddress?
  }

  /// Initialize until the first startup event.
  public private(set) var state = State.initialize
  /// When to call `handle(.timer)`: Active_Down_Timer of a Backup, Adver_Timer of an Active router.
  public private(set) var deadline: Instant?
  /// Configuration and primary address.
  public private(set) var parameters: Parameters
  /// Active_Adver_Interval: what the Active router said it uses.
  public private(set) var activeInterval: AdvertisementInterval

  /// Whom the Backup router watches, to be able to say why it became Active.
  private enum Watched: Hashable {
    case nobody
    case active(IPAddress, heard: Instant)
    case resigned(IPAddress)
    case ourselves
    case worse(IPAddress, priority: UInt8)
  }
  private var watched = Watched.nobody
  /// When the preemption delay ends; nil until a worse Active router is heard.
  private var preemptsAfter: Instant?

  /// A router that has not started up.
  public init(_ parameters: Parameters) {
    self.parameters = parameters
    activeInterval = parameters.interval
  }

  /// Advances the state machine.
  public mutating func handle(_ event: Event, at now: Instant) -> Outcome {
    switch (state, event) {
    case (.initialize, .startup): startUp(at: now)
    case (.initialize, .resume): becomeActive(because: .resumption, at: now)
    case (.initialize, .listen(let duration)): listen(for: duration, at: now)
    case (.initialize, _), (_, .startup), (_, .resume), (_, .listen): Outcome()
    case (_, .shutdown): shutDown()
    case (.backup, .late), (.backup, .resign), (.backup, .withdraw): listenAgain(at: now)
    case (.backup, .timer): becomeActive(because: impendingCause, at: now)
    case (.backup, .advertisement(let heard, let sender)): backupHears(heard, from: sender, at: now)
    case (.active, .late): becomeBackup(because: .late, at: now)
    case (.active, .resign(let cause)): resign(because: cause, at: now)
    case (.active, .withdraw(let cause)): becomeBackup(because: cause, at: now)
    case (.active, .timer): adverTimerFired(at: now)
    case (.active, .advertisement(let heard, let sender)): activeHears(heard, from: sender, at: now)
    }
  }

  /// Takes over changed parameters without changing state.
  public mutating func reconfigure(_ changed: Parameters, at now: Instant) {
    let shorter = min(changed.interval.duration, parameters.interval.duration)
    parameters = changed
    switch state {
    case .initialize: activeInterval = changed.interval
    case .backup: armActiveDownTimer(at: now)
    case .active: deadline = min(deadline ?? now, now + shorter)
    }
  }

  // MARK: Initialize (§6.4.1)

  private mutating func startUp(at now: Instant) -> Outcome {
    if parameters.isAddressOwner { return becomeActive(because: .addressOwner, at: now) }
    return becomeBackup(because: .startup, at: now)
  }

  private mutating func shutDown() -> Outcome {
    var outcome = Outcome(transition: .shutdown)
    if state == .active { outcome.advertise = 0 }
    state = .initialize
    deadline = nil
    return outcome
  }

  // MARK: Backup (§6.4.2)

  private mutating func becomeBackup(because cause: Cause, at now: Instant) -> Outcome {
    state = .backup
    preemptsAfter = nil
    if case .better = cause {
    } else {
      activeInterval = parameters.interval
      watched = .nobody
    }
    armActiveDownTimer(at: now)
    return Outcome(transition: cause)
  }

  private mutating func armActiveDownTimer(at now: Instant) {
    deadline = now + activeInterval.activeDownInterval(priority: parameters.priority, parameters.version)
  }

  private mutating func listenAgain(at now: Instant) -> Outcome {
    armActiveDownTimer(at: now)
    return Outcome()
  }

  /// Why a Backup router would become Active if its timer fired now.
  public var impendingCause: Cause {
    switch watched {
    case .nobody, .ourselves: parameters.isAddressOwner ? .addressOwner : nobodyCause
    case .active(let address, let heard): .silence(of: address, since: heard)
    case .resigned(let address): .resignation(of: address)
    case .worse(let address, let priority): .preemption(of: address, priority: priority)
    }
  }

  private var nobodyCause: Cause { watched == .ourselves ? .resumption : .nobodyHeard }

  /// Leaves worse Active routers in place until `instant` at least.
  public mutating func postponePreemption(until instant: Instant) { preemptsAfter = instant }

  private mutating func listen(for duration: Duration, at now: Instant) -> Outcome {
    let outcome = becomeBackup(because: .startup, at: now)
    watched = .ourselves
    deadline = now + duration
    return outcome
  }

  private mutating func backupHears(
    _ heard: Advertisement, from sender: IPAddress, at now: Instant
  ) -> Outcome {
    if heard.priority == 0 {
      watched = .resigned(sender)
      deadline = now + activeInterval.skewTime(priority: parameters.priority, parameters.version)
    } else if overrules(heard, at: now) {
      // The timer goes on: preemption is nothing but Active_Down without the worse router's voice.
      watched = .worse(sender, priority: heard.priority)
    } else {
      if heard.priority >= parameters.priority { preemptsAfter = nil }
      watched = .active(sender, heard: now)
      activeInterval = heard.interval
      armActiveDownTimer(at: now)
    }
    return Outcome()
  }

  /// Whether a Backup router ignores the Advertisement of a worse Active router, so as to preempt it.
  private mutating func overrules(_ heard: Advertisement, at now: Instant) -> Bool {
    guard parameters.overrules(heard.priority) else { return false }
    let start = preemptsAfter ?? now + parameters.preemptDelay
    preemptsAfter = start
    return now >= start
  }

  // MARK: Active (§6.4.3)

  private mutating func becomeActive(because cause: Cause, at now: Instant) -> Outcome {
    state = .active
    deadline = now + parameters.interval.duration
    return Outcome(advertise: parameters.priority, transition: cause)
  }

  private mutating func resign(because cause: Cause, at now: Instant) -> Outcome {
    var outcome = becomeBackup(because: cause, at: now)
    outcome.advertise = 0
    return outcome
  }

  private mutating func adverTimerFired(at now: Instant) -> Outcome {
    deadline = now + parameters.interval.duration
    return Outcome(advertise: parameters.priority)
  }

  private mutating func activeHears(
    _ heard: Advertisement, from sender: IPAddress, at now: Instant
  ) -> Outcome {
    if heard.priority == 0 { return adverTimerFired(at: now) }
    guard parameters.givesWay(to: heard.priority, at: sender) else {
      return Outcome(advertise: parameters.priority, beat: sender)
    }
    activeInterval = heard.interval
    watched = .active(sender, heard: now)
    return becomeBackup(because: .better(sender, priority: heard.priority), at: now)
  }
}
