/// Everything that an instance tells about itself: what the daemon shows on D-Bus and `vipctl` reads there.
///
/// Texts are empty and times 0 where there is nothing to tell. Times are in microseconds since 1970.
public struct InstanceStatus: Hashable, Sendable {
  /// The name after `vip@`.
  public var instance = ""
  /// The daemon's version.
  public var version = ""
  /// What `systemctl status` shows.
  public var summary = ""

  /// The VIP: addresses with the length of their prefix.
  public var addresses: [String] = []
  /// The interface that carries them.
  public var interface = ""
  /// 1...255
  public var virtualRouterID: UInt8 = 0
  /// This router's, as it takes part in the election: 1...255.
  public var priority: UInt8 = 0
  /// Advertisement_Interval of this router, in microseconds.
  public var interval: UInt64 = 0
  /// How long the kernel keeps the addresses if the daemon dies, in microseconds; 0 for ever.
  public var lease: UInt64 = 0
  /// `strict`, `lease` or `off`.
  public var witnessMode = ""
  /// The router whose answers show that this host is on the network.
  public var gateway = ""

  /// `initialize`, `backup` or `active`.
  public var state = ""
  /// Why it is what it is.
  public var cause = ""
  /// When it began.
  public var since: UInt64 = 0
  /// Whether this host is Active, and its kernel has all addresses that are required.
  public var owns = false
  /// Where the Advertisements of the Active router come from, this host's own address if it is Active.
  public var owner = ""
  /// The hardware address that the VIP leads to.
  public var ownerHardware = ""
  /// The hardware address that answers a Backup router's questions for the VIP.
  public var witness = ""
  /// Why this Backup router leaves the VIP alone although it hears no Active router.
  public var holding = ""
  /// Whether the operator has this host stand back.
  public var isHeld = false
  /// Whether this host stands back, for whatever reason: it does not own the VIP whatever happens.
  public var standsBack = false
  /// What of [Track] fails, what the group waits for, and why.
  public var checks = ""
  /// Who finds the VIP not answered for although its owner is heard; empty if nobody does.
  public var unreachable = ""
  /// Whether the daemon was to have realtime priority, and has none.
  public var lacksRealtime = false

  /// Every router of the same virtual router that was seen.
  public var peers: [Peer] = []
  /// How often what happened since the daemon started.
  public var counters: [Counter] = []
  /// The latest changes of state, the newest first.
  public var transitions: [Transition] = []

  /// Of an instance that tells nothing.
  public init() {}

  /// Another router of the same virtual router.
  public struct Peer: Hashable, Sendable {
    /// Its primary address.
    public var address = ""
    /// Its hardware address.
    public var hardware = ""
    /// In its last Advertisement, or as it said when it stood by; 0 if neither came.
    public var priority: UInt8 = 0
    /// When it last showed that it is there.
    public var lastSeen: UInt64 = 0
    /// When it last advertised.
    public var lastAdvertised: UInt64 = 0
    /// Whether it stands by.
    public var standsBy = false
    /// Whether it would take over if it had to; one that stands by may be held by its operator.
    public var isReady = false

    /// A router of which nothing is known.
    public init() {}
  }

  /// How often something happened.
  public struct Counter: Hashable, Sendable {
    /// What, in lower case and with underscores, as metrics are named.
    public var name = ""
    /// How often.
    public var value: UInt64 = 0

    /// `value` times `name`.
    public init(_ name: String, _ value: UInt64) {
      self.name = name
      self.value = value
    }
  }

  /// A change of state.
  public struct Transition: Hashable, Sendable {
    /// When it happened.
    public var time: UInt64 = 0
    /// The new state: `initialize`, `backup` or `active`.
    public var state = ""
    /// Why.
    public var cause = ""

    /// At `time` to `state` because of `cause`.
    public init(time: UInt64, state: String, cause: String) {
      self.time = time
      self.state = state
      self.cause = cause
    }
  }
}

extension InstanceStatus {
  /// The routers that stand by.
  public var standbys: [Peer] { peers.filter(\.standsBy) }

  /// In one line: what is, and what is not as it should be.
  public var line: String {
    let remarks = [checks, lacksRealtime ? "without realtime priority" : ""]
    return ([summary] + remarks.filter { !$0.isEmpty }).joined(separator: "; ")
  }

  /// Whether the VIP is here and nobody would take it over.
  public var isUnprotected: Bool { state == "active" && !peers.contains(where: \.isReady) }
}
