/// What a run showed to be wrong.
public struct Violation: Hashable, Sendable, CustomStringConvertible {
  /// Which promise was broken.
  public enum Rule: String, Hashable, Sendable, CaseIterable {
    /// Two hosts on one segment answered for the VIP for longer than allowed.
    case twoOwners = "two owners"
    /// A gratuitous ARP for an address that the kernel had not acknowledged.
    case announcedTooEarly = "announced before the kernel's acknowledgement"
    /// The kernel kept the VIP though its daemon runs and is not Active.
    case leftBehind = "address left behind"
    /// An Active router went on after a silence in which others may have taken over.
    case spokeLate = "went on after too long a silence"
    /// A restarted daemon became Active though another host had the VIP.
    case resumedBeside = "resumed beside another owner"
    /// Nobody accepted a handover although nothing kept a standby from it.
    case refusedHandover = "handover refused"
    /// A host that must not own the VIP still did.
    case ownsThoughBarred = "owns although it must not"
    /// A deadline in the past, none where one is needed, or one where nothing is pending.
    case timer = "wrong timer"
    /// A packet that must be discarded was accepted, or changed something.
    case hostile = "hostile packet believed"
    /// Nobody took over although a standby was well.
    case unowned = "nobody took over"
    /// After the end of all faults there was no owner, or more than one, or the wrong one.
    case unsettled = "not settled"
    /// The owner changed although everything was settled.
    case restless = "changed after it had settled"
    /// A host let go for being cut off, and was not.
    case falseAlarm = "false alarm"
    /// A reload took an address away that old and new settings have.
    case takenAway = "taken away by a reload"
    /// Status, role or replies said what was not so.
    case untrue = "not true"
    /// A route was missing beside the VIP, or there without it.
    case routes = "routes do not follow the VIP"
    /// Another router than that of the default route was asked.
    case gateway = "default route not followed"
    /// A host's own connections came from the VIP.
    case source = "VIP is a source"
    /// What the kernel refused was not asked for again.
    case givenUp = "given up"
    /// An operator got no reply, or two.
    case reply = "reply missing or out of place"
    /// A client still could not reach the owner at the end.
    case unreachable = "client misses the owner"
  }

  /// Which promise.
  public let rule: Rule
  /// Nanoseconds since the run began.
  public let time: Int64
  /// The circumstances.
  public let text: String

  /// For a person.
  public var description: String { "\(TimeText.format(time)): \(rule.rawValue): \(text)" }
}

/// What came of a run.
public struct Outcome: Sendable {
  /// The first promise that was broken, if any.
  public let violation: Violation?
  /// What happened, in order; empty unless asked for.
  public let trace: [String]
}
