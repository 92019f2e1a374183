/// The rules of the core, and of the daemon around it, that keep the VIP at one host at a time. A run without
/// one of them shows that the simulator would notice if it did not work.
public struct Rules: OptionSet, Hashable, Sendable {
  /// Bits.
  public let rawValue: UInt8

  /// The set of these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The addresses' finite lifetime.
  public static let lease = Rules(rawValue: 1)
  /// A Backup router asks the owner's kernel before it takes over.
  public static let witness = Rules(rawValue: 2)
  /// Whoever hears nobody at all is cut off.
  public static let isolation = Rules(rawValue: 4)
  /// A loop that was late steps down before it sends anything.
  public static let lateLoop = Rules(rawValue: 8)
  /// A restarted daemon goes on only if it was silent for a short time.
  public static let resume = Rules(rawValue: 16)

  /// A daemon that lost messages of netlink looks at everything again.
  public static let resynchronize = Rules(rawValue: 32)
  /// What is heard in the family that does not elect keeps a Backup router waiting.
  public static let otherFamily = Rules(rawValue: 64)

  /// Each with its name.
  public static let named: [(name: String, rule: Rules)] = [
    ("lease", .lease), ("witness", .witness), ("isolation", .isolation), ("late-loop", .lateLoop),
    ("resume", .resume), ("resynchronize", .resynchronize), ("other-family", .otherFamily),
  ]

  /// All of them, as in the daemon.
  public static let all: Rules = [
    .lease, .witness, .isolation, .lateLoop, .resume, .resynchronize, .otherFamily,
  ]
}
