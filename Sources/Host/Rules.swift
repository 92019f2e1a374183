/// The rules of this target that the promises stand on. Only the simulator switches one off, to show that it would
/// notice if the rule did not work.
public struct Rules: OptionSet, Hashable, Sendable {
  /// Bits.
  public let rawValue: UInt16

  /// The set of these bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// A loop that was late steps down before it sends anything.
  public static let lateLoop = Rules(rawValue: 1)
  /// A restarted daemon goes on only if it was silent for a short time.
  public static let resume = Rules(rawValue: 2)
  /// Whoever hears nobody at all is cut off.
  public static let isolation = Rules(rawValue: 4)
  /// Who lost news of netlink looks at everything again.
  public static let resynchronize = Rules(rawValue: 8)
  /// A request that was refused is made again.
  public static let retry = Rules(rawValue: 16)
  /// A reload adds what is new before it removes what is no longer wanted, and never what both have.
  public static let addFirst = Rules(rawValue: 32)
  /// The default route is followed.
  public static let followGateway = Rules(rawValue: 64)
  /// A route that somebody removed is put back.
  public static let restoreRoutes = Rules(rawValue: 128)
  /// Status and role say what the kernel has, not what was asked of it.
  public static let tellTruth = Rules(rawValue: 256)
  /// References are what counts, whoever else is heard.
  public static let references = Rules(rawValue: 512)
  /// The VIP comes after the host's own addresses.
  public static let placing = Rules(rawValue: 1024)

  /// All of them, as in the daemon.
  public static let all = Rules(rawValue: 2047)
}
