/// Something that goes wrong, or that an operator does, at a certain time and for a while.
///
/// In text, one line each: `at 120ms freeze h2 for 800ms`, `at 5ms loss h1+gw 30 for 500ms`. Where hosts have several
/// daemons, `of 2` after the stations means the second one; without it all are meant.
struct Fault: Hashable, Sendable {
  enum Kind: String, Hashable, Sendable, CaseIterable {
    // MARK: Network

    /// `amount` percent of the frames from and to the stations are lost, never two of a kind in a row.
    case loss
    /// The same without that limit.
    case heavyLoss = "heavy-loss"
    /// `amount` percent of the frames come twice.
    case duplication
    /// Every frame takes `amount` longer.
    case delay
    /// Every frame takes up to `amount` longer, so that they overtake each other.
    case jitter
    /// The port forwards nothing from the station, but to it.
    case mute
    /// The port forwards nothing to the station, but from it.
    case deaf
    /// The port forwards nothing; the station's link stays up.
    case unplug
    /// The switch is split: these stations here, all others there.
    case partition
    /// No carrier; when it is back the port forwards only after `amount`.
    case carrier
    /// A firewall drops the host's Advertisements: `amount` 1 outgoing, 2 incoming, 3 both.
    case blockedVRRP = "blocked-vrrp"
    /// The same in one family: 1 to 3 for IPv4, 5 to 7 for IPv6.
    case blockedFamily = "blocked-family"
    /// As `blockedVRRP`, but for ARP and neighbour discovery.
    case blockedARP = "blocked-arp"

    // MARK: Links, addresses and routes

    /// Administratively down.
    case linkDown = "link-down"
    /// The interface is deleted and made anew; `amount` 1: with another hardware address.
    case interfaceGone = "interface-gone"
    /// The interface has another name.
    case renamed
    /// The host's own addresses are gone; `amount` 1: it has others instead.
    case readdressed
    /// The family that does not elect is switched off: its addresses go, and none can be added.
    case lostFamily = "lost-family"
    /// The default route: `amount` 0 is gone, 1 goes to another gateway, 2 leaves by another link.
    case defaultRoute = "default-route"
    /// Somebody deletes the VIP.
    case deletedAddress = "deleted-address"
    /// Somebody deletes the routes that follow the VIP.
    case deletedRoutes = "deleted-routes"

    // MARK: Processes and machines

    /// The daemon dies; a supervisor starts it again after `amount`.
    case crash
    /// The daemon dies for good.
    case kill
    /// The daemon is stopped (SIGSTOP); its kernel is not.
    case freeze
    /// The whole machine is stopped and its boottime clock is not; `amount` 1: nor are address lifetimes.
    case pause
    /// The loop wakes up to `amount` late.
    case lateTimers = "late-timers"
    /// `amount` percent of the requests for addresses are refused.
    case failingNetlink = "failing-netlink"
    /// `amount` percent of the requests for routes are refused.
    case failingRoutes = "failing-routes"
    /// `amount` percent of the sockets cannot be opened, nor links made or changed.
    case failingSockets = "failing-sockets"
    /// Requests take up to `amount`.
    case slowNetlink = "slow-netlink"
    /// Somebody holds the lock that all requests need.
    case heldLock = "held-lock"
    /// Netlink's news do not fit into the daemon's socket.
    case netlinkOverflow = "netlink-overflow"
    /// The file system of the runtime directories is full.
    case fullDirectory = "full-directory"

    // MARK: Operators

    /// SIGTERM; started again after `amount`, if that is not 0.
    case stop
    /// SIGUSR2: ends, leaves everything to the next run, and is started again.
    case restart
    /// The operator asks for a handover.
    case handover
    /// The operator holds the host, and releases it.
    case standBack = "stand-back"
    /// What is checked fails.
    case failingCheck = "failing-check"
    /// A reload is asked for, and files that changed nothing are read.
    case reloadNothing = "reload-nothing"
    /// Priority becomes `amount`, live.
    case reload
    /// The addresses become those in the slots of `amount`, in reverse order if 16 is added.
    case reloadAddresses = "reload-addresses"
    /// Addresses are in the subnet of their host (`amount` 0), or alone (1).
    case reloadPrefix = "reload-prefix"
    /// Addresses have a label (1) or none (0).
    case reloadLabel = "reload-label"
    /// The routes become those whose bits are set in `amount`.
    case reloadRoutes = "reload-routes"
    /// Advertisements go to all others one by one (1), or to the group (0).
    case reloadPeers = "reload-peers"
    /// The lease becomes `amount`; 0: for ever.
    case reloadLease = "reload-lease"
    /// `Gateway=` becomes auto (0), none (1) or an address (2).
    case reloadGateway = "reload-gateway"
    /// The interval becomes `amount`.
    case reloadInterval = "reload-interval"
    /// Preemption becomes `amount`.
    case reloadPreempt = "reload-preempt"
    /// The daemon leaves its group (0), or joins it (1).
    case reloadGroup = "reload-group"

    // MARK: Others

    /// The stranger has the VIP and answers for it.
    case stranger
    /// The gateway answers nothing.
    case gatewayDown = "gateway-down"
    /// The gateway answers no more than one ARP request in `amount`.
    case gatewaySlow = "gateway-slow"
    /// Packets that a decoder or the core must refuse, at the hosts.
    case hostile
    /// A station says by ARP what is not so, in the name of the stations; `amount` is a `Forgery`, 0 for any.
    case forgedARP = "forged-arp"
    /// It advertises priority `amount` in their name.
    case forgedVRRP = "forged-vrrp"

    static let reloads: [Kind] = [
      .reloadNothing, .reload, .reloadAddresses, .reloadPrefix, .reloadLabel, .reloadRoutes, .reloadPeers,
      .reloadLease, .reloadGateway, .reloadInterval, .reloadPreempt, .reloadGroup,
    ]

    /// Whether it lasts for a while; the others happen at one moment.
    var lasts: Bool {
      switch self {
      case .crash, .kill, .deletedAddress, .deletedRoutes, .stop, .restart, .handover, .hostile: false
      default: !Self.reloads.contains(self)
      }
    }

    /// Whether `amount` is a time rather than a number.
    var amountIsTime: Bool {
      switch self {
      case .delay, .jitter, .carrier, .crash, .lateTimers, .slowNetlink, .stop, .gatewaySlow, .reloadLease,
        .reloadInterval:
        true
      default: false
      }
    }
  }

  var kind: Kind
  var stations: Stations
  /// Which of the daemons of a host, from 1 on; 0 for all of them.
  var instance = 0
  var amount: Int64 = 0
  var start: Time
  /// 0 for what happens at one moment.
  var length: Time = 0

  var end: Time { start + length }
}
