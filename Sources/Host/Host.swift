public import Configuration
public import Internet
public import Ownership
public import VRRP

/// One instance on one host: what stands between the core, which decides who owns the VIP, and a kernel, a network,
/// a service manager and an operator.
///
/// Pure: every decision is a function of the inputs so far. Whoever drives it hands in inputs, among them `.timer` when
/// `deadline` has come, and carries out the effects in order.
public struct Host: Sendable {
  /// What an earlier run of the instance left for this one.
  public struct Memory: Hashable, Sendable {
    /// When it last advertised as Active router; nil if it was none or let go.
    public var lastAdvertised: Instant?
    /// Whether the operator has this host stand back.
    public var isHeld: Bool

    /// Both.
    public init(lastAdvertised: Instant? = nil, isHeld: Bool = false) {
      self.lastAdvertised = lastAdvertised
      self.isHeld = isHeld
    }
  }

  /// Who owns the VIP, as far as this host has a say.
  public private(set) var core: Instance
  /// The effective settings.
  public private(set) var settings: Settings

  /// An instance that has not begun.
  public init(_ settings: Settings, rules: Rules = .all) {
    self.settings = settings
    core = Instance(settings.parameters(defaultGateway: nil))
  }

  /// Begins; asks the kernel what there is before anything else.
  public mutating func start(_ memory: Memory, at now: Instant, into effects: inout Effects) {}

  /// Advances the instance.
  public mutating func handle(_ input: Input, at now: Instant, into effects: inout Effects) {}

  /// When to hand in `.timer`; nil for not at all.
  public var deadline: Instant? { nil }

  /// What this host says of itself at this moment.
  public var standing: Standing {
    Standing(state: core.election.state, present: [], owns: false, missingRoutes: [])
  }
}

/// What a host says of itself: the part of its status that must be true of its kernel.
public struct Standing: Hashable, Sendable {
  /// The state of the election.
  public var state: Election.State
  /// Which of the configured addresses this host's kernel has.
  public var present: AddressSet
  /// Whether this host owns the VIP: it is Active, and its kernel has all addresses.
  public var owns: Bool
  /// The configured routes that the kernel should have and has not, by index.
  public var missingRoutes: [Int]
}
