import Internet
import Ownership
import VRRP

/// One run, completely: who takes part, how the network is, what goes wrong when, and the seed of all small
/// chances. The same case gives the same run, always and everywhere.
public struct Case: Hashable, Sendable {
  /// Draws delays, losses and the like.
  var seed: UInt64
  var hosts: [HostSetup]
  var network: NetworkSetup
  /// In the order of their start.
  var faults: [Fault]
}

/// One host and what the configuration of its daemons has of its own.
struct HostSetup: Hashable, Sendable {
  /// A keepalived-like daemon: RFC 9568's election and nothing else.
  var isPlain = false
  var priority: UInt8 = 100
  var interval = AdvertisementInterval.standard
  var preempts = true
  var preemptDelay: Time = 0
  /// nil: the address stays until it is removed.
  var lease: Time? = 2 * .second
  /// What ARP answers may hold off.
  var witness = Parameters.WitnessMode.strict
  /// Whether a restarted daemon knows when it last advertised.
  var remembers = true
  /// Whether secondary addresses survive the primary one before anybody asked for that, as with systemd.
  var promotes = true
  /// When the daemons are started.
  var start: Time = 0
}

/// What is between the hosts, who else is there, and what the configuration of all daemons has in common.
struct NetworkSetup: Hashable, Sendable {
  enum Gateway: String, Hashable, Sendable, CaseIterable {
    case none
    /// A station of its own.
    case router
    /// The first host.
    case peer
  }

  /// `Gateway=` of every daemon.
  enum Reference: String, Hashable, Sendable, CaseIterable {
    case auto, none, address
    /// The gateway and the bystander.
    case two
    /// These, and what else the gateway answers for.
    case three

    /// Whether the bystander answers.
    var hasBystander: Bool { self == .two || self == .three }
  }

  var gateway = Gateway.router
  /// Whether that answers the hosts' questions for every address. Clients, which would believe it, ask in vain.
  var gatewayIsProxy = false
  /// How long the gateway takes to answer.
  var gatewayDelay: Time = 200 * .microsecond
  var reference = Reference.auto
  /// How long a frame takes at least.
  var delay: Time = 30 * .microsecond
  /// And how much longer at most.
  var jitter: Time = 20 * .microsecond
  /// How often the bystander broadcasts; 0 for never.
  var chatter: Time = 0
  /// How often each client sends a request to the VIP.
  var clients: [Time] = []
  /// How many VIPs there are, each with a daemon on every host.
  var instances = 1
  /// Whether those of a host are a group.
  var isGrouped = false
  /// How many addresses a VIP consists of, 1 or 2.
  var addressCount = 1
  /// Which kinds of addresses, in turn; the first one elects.
  var families: [AddressFamily] = [.ipv4]
  /// Whether the family that elects is enough.
  var isPartial = false
  /// Whether addresses are alone in their subnets (/32, /128), or in that of their host (/24, /64).
  var isNarrow = false
  /// How many routes follow the VIP, 0 to 3.
  var routes = 0
  /// Whether the VIP is at the virtual router's hardware address.
  var virtualMAC = false
  /// Whether Advertisements go to each of the other hosts alone.
  var unicast = false
  /// What the failure of the unit that is checked takes off the priority, 0 for all of it; nil without a check.
  var penalty: Int?
  /// Whether Advertisements are encoded and decoded on their way.
  var onTheWire = false
}

extension NetworkSetup {
  /// That of the hosts' default route.
  var gatewayAddress: IPAddress? {
    switch gateway {
    case .none: nil
    case .router: Station.address(Station.gateway, families[0])
    case .peer: Station.address(0, families[0])
    }
  }

  /// The family of the address in a VIP's `slot`.
  func family(ofSlot slot: Int) -> AddressFamily { families[slot % families.count] }

  /// The address in `slot` of a VIP; configuration has the first `addressCount` of them at first.
  func address(_ vip: Int, _ slot: Int) -> IPAddress {
    Station.virtualAddress(vip, slot, family(ofSlot: slot))
  }

  /// The slots that a VIP has at first.
  var initialSlots: UInt8 { addressCount == 1 ? 1 : 3 }

  /// Those of `family`.
  func initialSlots(_ family: AddressFamily) -> UInt8 {
    (0..<addressCount).reduce(0) { self.family(ofSlot: $1) == family ? $0 | 1 << UInt8($1) : $0 }
  }

  /// The families of its addresses, each once.
  var advertised: ArraySlice<AddressFamily> { families.prefix(addressCount) }

  /// Those of `family` that a VIP has at first.
  func addresses(_ vip: Int, _ family: AddressFamily) -> [IPAddress] {
    (0..<addressCount).filter { self.family(ofSlot: $0) == family }.map { address(vip, $0) }
  }
}

extension Case {
  /// Of all that are configured sooner or later.
  var longestInterval: Time {
    faults.reduce(hosts.reduce(0) { max($0, $1.interval.duration.time) }) {
      $1.kind == .reloadInterval ? max($0, $1.amount) : $0
    }
  }

  func has(_ kinds: Fault.Kind...) -> Bool { faults.contains { kinds.contains($0.kind) } }
}
