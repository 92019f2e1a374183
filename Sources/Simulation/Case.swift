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

/// One host and the configuration of its daemon.
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
  /// When the daemon is started.
  var start: Time = 0
}

/// What is between the hosts, and who else is there.
struct NetworkSetup: Hashable, Sendable {
  enum Gateway: Hashable, Sendable {
    case none
    /// A station of its own.
    case router
    /// The first host.
    case peer
  }

  var gateway = Gateway.router
  /// How long the gateway takes to answer.
  var gatewayDelay: Time = 200 * .microsecond
  /// How long a frame takes at least.
  var delay: Time = 30 * .microsecond
  /// And how much longer at most.
  var jitter: Time = 20 * .microsecond
  /// How often the bystander broadcasts; 0 for never.
  var chatter: Time = 0
  /// How often each client sends a request to the VIP.
  var clients: [Time] = []
  /// How many addresses the VIP consists of, 1 or 2.
  var addressCount = 1
  /// Which kinds of addresses, in turn; the first one elects.
  var families: [AddressFamily] = [.ipv4]
  /// Whether Advertisements are encoded and decoded on their way.
  var onTheWire = false
}

extension NetworkSetup {
  var gatewayAddress: IPAddress? {
    switch gateway {
    case .none: nil
    case .router: Station.address(Station.gateway, families[0])
    case .peer: Station.address(0, families[0])
    }
  }

  /// 192.168.1.219, fe80::219 and so on.
  func virtualAddress(_ index: Int) -> IPAddress {
    switch families[index % families.count] {
    case .ipv4: .ipv4(IPv4Address(bits: 0xC0A8_01DB + UInt32(index)))
    case .ipv6: .ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x219 + UInt64(index)))
    }
  }

  /// The families of its addresses, each once.
  var advertised: ArraySlice<AddressFamily> { families.prefix(addressCount) }

  var virtualAddresses: [IPAddress] { (0..<addressCount).map(virtualAddress) }

  /// The same, as hosts have them.
  var virtualNetworks: [IPNetwork] { virtualAddresses.compactMap { IPNetwork($0, prefixLength: 24) } }
}

extension Case {
  var longestInterval: Time { hosts.map { $0.interval.duration.time }.max() ?? 0 }

  func has(_ kinds: Fault.Kind...) -> Bool { faults.contains { kinds.contains($0.kind) } }

  /// The greatest amount of the faults of `kind`; 0 if there is none.
  func greatest(_ kind: Fault.Kind) -> Int64 {
    faults.reduce(0) { $1.kind == kind ? max($0, $1.amount) : $0 }
  }
}
