public import Configuration
public import Internet
public import Neighbor
public import Netlink
public import Ownership
public import VRRP

/// What an instance wants done, in order.
public enum Effect: Hashable, Sendable {
  // MARK: The kernel

  /// Ask the kernel, after all requests before; `Input.answer` with this number must follow. Of what is not urgent it may
  /// come with the next news or timer, unless it is a refusal: it is nothing to wake up for.
  case request(UInt32, KernelRequest, isUrgent: Bool)
  /// Report no change to addresses that the filter leaves out.
  case filterNews(NewsFilter)
  /// Open sockets as planned, beside those that are open, which they then replace; `Input.sockets` with this number
  /// must follow.
  case openSockets(UInt32, SocketPlan)
  /// Send from another address or hardware address by the sockets that are open.
  case followIdentity(SocketPlan)
  /// Close all sockets, and those that were to be opened so far as soon as they are.
  case closeSockets

  // MARK: The network

  /// Send an Advertisement, in each family that the VIP has addresses of. With a virtual MAC address, an owner sends
  /// from that.
  case advertise(Advertisement, Dialect, isOwner: Bool)
  /// Ask this station, by ARP or neighbour discovery.
  case ask(NeighborPacket, to: MACAddress)
  /// Announce each of these addresses, all of which can be in this form; `Input.unannounced` follows for those for which
  /// there was no room.
  case announce([IPAddress], AnnouncementForm)
  /// Report what these answer to this host, beside what is said of the VIP.
  case hearAnswers(of: [IPAddress])
  /// Report the next frame that one of the audience sends, once; or at rest, before each timer, what of ARP and neighbour
  /// discovery came since the last one, some of it if there is much.
  case listenForEvidence(Audience, Attention)
  /// Report no frames any more.
  case ignoreEvidence

  // MARK: This host

  /// Watch these units, and no others; report the state of each now and when it changes.
  case watchUnits([String])
  /// Run these commands again and again, and no others, in the environment that `CheckPlan` says.
  case runCommands(CheckPlan)
  /// Take part in the group of this name; nil for none.
  case joinGroup(String?)
  /// Tell the group: all siblings on this host, or the one of this name.
  case tellGroup(GroupMessage, to: String?)
  /// Remember until when the next run may go on as Active router; nil when this one is none any more.
  case remember(resumableUntil: Instant?)
  /// Write what this host is to the units that follow the VIP.
  case writeRole(Role)
  /// Write whether the operator has this host stand back.
  case writeHold(Bool)

  // MARK: The operator

  /// Read the instance's files; `Input.files` must follow.
  case readFiles
  /// Tell whoever asked.
  case reply(Caller, Reply)
  /// Tell the operator.
  case notice(Notice)
  /// What `Host.status` says has changed.
  case statusChanged
  /// Tell the service manager.
  case notify(ServiceState)
  /// Leave the loop with this code.
  case exit(Int32)
}

/// What comes of an operator's request.
public enum Reply: Hashable, Sendable {
  /// It is done.
  case done
  /// This router has taken over.
  case takenOver(by: IPAddress)
  /// These values changed.
  case changed([String])
  /// It is not done; why.
  case refused(String)
}

/// What the service manager is told, see sd_notify(3).
public enum ServiceState: Hashable, Sendable {
  /// Start-up is finished, or a reload.
  case ready
  /// The configuration is being read again; followed by `ready`.
  case reloading
  /// The service is about to end.
  case stopping
}

/// What an instance is to the units that follow the VIP: see vip-role@.path.
public enum Role: String, Hashable, Sendable {
  /// The VIP is here.
  case active
  /// It is not.
  case backup
}

/// What sockets an instance needs.
public struct SocketPlan: Hashable, Sendable {
  /// Index of the link.
  public var linkIndex: Int32
  /// What packets are sent from.
  public var ipv4: IPv4Address?
  /// The same of IPv6.
  public var ipv6: IPv6Address?
  /// The link's hardware address.
  public var hardware: MACAddress
  /// One for each family.
  public var routers: [VirtualRouter]
  /// Whether neighbours find the addresses at the virtual router's hardware address.
  public var usesVirtualMAC: Bool
  /// Whether this host forwards IPv6, as neighbours learn from its Neighbor Advertisements.
  public var isRouter: Bool

  /// All of it.
  public init(
    linkIndex: Int32, ipv4: IPv4Address?, ipv6: IPv6Address?, hardware: MACAddress, routers: [VirtualRouter],
    usesVirtualMAC: Bool, isRouter: Bool
  ) {
    self.linkIndex = linkIndex
    self.ipv4 = ipv4
    self.ipv6 = ipv6
    self.hardware = hardware
    self.routers = routers
    self.usesVirtualMAC = usesVirtualMAC
    self.isRouter = isRouter
  }

  /// What packets of `family` are sent from.
  public func source(_ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: ipv4.map { .ipv4($0) } ?? .any(.ipv4)
    case .ipv6: ipv6.map { .ipv6($0) } ?? .any(.ipv6)
    }
  }
}

/// The commands that are run to check this host.
public struct CheckPlan: Hashable, Sendable {
  /// One command and its times.
  public struct Command: Hashable, Sendable {
    /// The program and its arguments.
    public var line: TrackSettings.CommandLine
    /// Between two starts.
    public var interval: Duration
    /// What one run may take.
    public var timeout: Duration

    /// All three.
    public init(line: TrackSettings.CommandLine, interval: Duration, timeout: Duration) {
      self.line = line
      self.interval = interval
      self.timeout = timeout
    }
  }

  /// In the order of the configuration.
  public var commands: [Command]
  /// `NAME=value`, for all of them.
  public var environment: [String]

  /// Both.
  public init(commands: [Command], environment: [String]) {
    self.commands = commands
    self.environment = environment
  }
}

/// Whose frames are evidence of being on the network.
public enum Audience: Hashable, Sendable {
  /// Those of these stations.
  case these([MACAddress])
  /// Those of all but these.
  case others(than: [MACAddress])
}

/// A short list of effects, which whoever drives a `Host` empties and hands in again.
public struct Effects: Sendable {
  private var storage: [Effect] = []

  /// An empty list.
  public init() { storage.reserveCapacity(64) }

  /// How many there are.
  public var count: Int { storage.count }

  /// The effect at `index`, 0..<count.
  public subscript(index: Int) -> Effect { storage[index] }

  /// Forgets all, and keeps the room.
  public mutating func removeAll() { storage.removeAll(keepingCapacity: true) }

  mutating func append(_ effect: Effect) { storage.append(effect) }

  /// Announces `addresses`, in one go with what was to be announced just before.
  mutating func announce(_ addresses: [IPAddress], _ form: AnnouncementForm) {
    if case .announce(let before, form)? = storage.last {
      storage[storage.count - 1] = .announce(before + addresses, form)
    } else if !addresses.isEmpty {
      storage.append(.announce(addresses, form))
    }
  }
}
