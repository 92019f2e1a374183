public import Configuration
public import Internet
public import Neighbor
public import Netlink
public import VRRP

/// What can happen to an instance on its host.
public enum Input: Hashable, Sendable {
  // MARK: The kernel

  /// Links, addresses or routes changed, whoever did it; in the order in which it happened.
  case change(RouteChange)
  /// The kernel dropped such news because nobody read them in time.
  case changesLost
  /// The kernel's answer to `Effect.request` with this number. All news of what it did came before it.
  case answer(UInt32, KernelAnswer)
  /// The answer to `Effect.openSockets` with this number: nil if they are open.
  case sockets(UInt32, KernelRefusal?)

  // MARK: The network

  /// A valid Advertisement for this virtual router.
  case advertisement(ReceivedAdvertisement)
  /// A VRRP packet that RFC 9568 §7.1 has discarded.
  case discarded(Discard, Envelope)
  /// A packet of ARP or neighbour discovery that speaks of the VIP, or is an answer of one of those that
  /// `Effect.hearAnswers` named.
  case neighbor(NeighborPacket)
  /// A frame came from this station; answers `Effect.listenForEvidence`.
  case frame(from: MACAddress)
  /// Nobody listens for such frames: the kernel refused it.
  case unheard(KernelRefusal)
  /// A packet could not be sent.
  case sendFailed(Outgoing, KernelRefusal)

  /// The link's queue was full before these addresses, of `Effect.announce`, could be announced in this form.
  case unannounced([IPAddress], AnnouncementForm)

  // MARK: This host

  /// `Host.deadline` has come.
  case timer
  /// A result of a check of a unit or a command, and why it is what it is.
  case check(Check, passed: Bool, reason: String)
  /// The state of units cannot be learnt for now; why.
  case unitsUnwatched(String)
  /// Another member of the group, or somebody who says so, told something.
  case group(GroupMessage)
  /// The same of a member of version 0.1, which notices the end of others by their silence.
  case groupPoll(GroupMessage)
  /// The connection with the member of this name has ended, as it does with its process.
  case groupLost(String)
  /// Others find this member only now, after `Effect.joinGroup` failed at first.
  case groupReachable
  /// A file of the runtime directory was written, or could not be; answers `writeRole` and `writeHold`.
  case written(RuntimeFile, Bool)

  // MARK: The operator

  /// Let another host take over, and stay if none does. Nil: nobody waits for the outcome (SIGUSR1).
  case handover(Caller?)
  /// Stand back until released (true), or no longer.
  case hold(Bool, Caller?)
  /// Read the configuration again.
  case reload(Caller?)
  /// The instance's files as they are now; answers `Effect.readFiles`.
  case files(Result<[ConfigurationFile], ConfigurationError>)
  /// What the files would say, for whoever has resolved them already.
  indirect case settings(Settings)
  /// Stop for good; another host may take over.
  case stop
  /// End, and leave everything to the next run.
  case restart
}

/// Somebody who waits for an `Effect.reply`.
public struct Caller: Hashable, Sendable {
  /// Tells callers apart.
  public let number: Int

  /// The caller with this number.
  public init(_ number: Int) { self.number = number }
}

/// What is sent.
public enum Outgoing: String, Hashable, Sendable, CaseIterable {
  /// VRRP.
  case vrrp = "Advertisements"
  /// ARP and neighbour discovery.
  case neighbor = "ARP and neighbour discovery"
}

/// What an instance writes into its runtime directory.
public enum RuntimeFile: Hashable, Sendable, CaseIterable {
  /// `role`, for the units that follow the VIP.
  case role
  /// `hold`, for the next run.
  case hold
}
