/// Something that goes wrong, or that an operator does, at a certain time and for a while.
///
/// In text, one line each: `at 120ms freeze h2 for 800ms`, `at 5ms loss h1+gw 30 for 500ms`.
struct Fault: Hashable, Sendable {
  enum Kind: String, Hashable, Sendable, CaseIterable {
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
    /// Administratively down.
    case linkDown = "link-down"
    /// The interface is deleted and made anew.
    case interfaceGone = "interface-gone"
    /// A firewall drops the host's Advertisements: `amount` 1 outgoing, 2 incoming, 3 both.
    case blockedVRRP = "blocked-vrrp"
    /// The same in one family: 1 to 3 for IPv4, 5 to 7 for IPv6.
    case blockedFamily = "blocked-family"
    /// As `blockedVRRP`, but for ARP and neighbour discovery.
    case blockedARP = "blocked-arp"
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
    /// Requests for addresses take up to `amount`.
    case slowNetlink = "slow-netlink"
    /// Netlink's messages do not fit into the daemon's sockets: `amount` 1 answers, 2 news, 3 both.
    case netlinkOverflow = "netlink-overflow"
    /// Somebody deletes the VIP.
    case deletedAddress = "deleted-address"
    /// SIGTERM; started again after `amount`, if that is not 0.
    case stop
    /// The operator asks for a handover.
    case handover
    /// The host must not own the VIP: an operator or a check says so.
    case standBack = "stand-back"
    /// Priority becomes `amount`, live.
    case reload
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

    /// Whether it lasts for a while; the others happen at one moment.
    var lasts: Bool {
      switch self {
      case .crash, .kill, .deletedAddress, .stop, .handover, .reload, .hostile: false
      default: true
      }
    }

    /// Whether `amount` is a time rather than a number.
    var amountIsTime: Bool {
      switch self {
      case .delay, .jitter, .carrier, .crash, .lateTimers, .slowNetlink, .stop, .gatewaySlow: true
      default: false
      }
    }
  }

  var kind: Kind
  var stations: Stations
  var amount: Int64 = 0
  var start: Time
  /// 0 for what happens at one moment.
  var length: Time = 0

  var end: Time { start + length }
}
