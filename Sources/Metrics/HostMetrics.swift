import Control
public import Host

/// The metrics of one host: what its instances told, and which did not answer.
public struct HostMetrics {
  /// An instance of this host.
  public struct Instance {
    /// The name after `vip@`.
    public let name: String
    /// What it told; nil if it did not answer.
    public let status: InstanceStatus?

    /// An instance with what it told.
    public init(name: String, status: InstanceStatus?) {
      self.name = name
      self.status = status
    }
  }

  private typealias Labels = [(name: String, value: String)]

  private var instances: [(labels: Labels, status: InstanceStatus)] = []
  private var up = MetricFamily("vip_up", .gauge, "Whether the instance's daemon answers.")
  private var families: [MetricFamily] = []

  /// Of all `instances`.
  ///
  /// The label is vip and not instance: that one is the scraper's own.
  public init(_ instances: [Instance]) {
    for instance in instances.sorted(by: { $0.name < $1.name }) {
      let labels: Labels = [("vip", instance.name)]
      up.add(instance.status != nil, labels)
      if let status = instance.status { self.instances.append((labels, status)) }
    }
    families = [up]
    addOwnership()
    addElection()
    addPeers()
    addCounters()
  }

  /// All metrics in this format.
  public func text(_ exposition: Exposition) -> String {
    exposition.write(families.filter { !$0.samples.isEmpty })
  }

  private mutating func add(
    _ name: String, _ help: String, unit: String? = nil,
    _ body: (inout MetricFamily, Labels, InstanceStatus) -> Void
  ) {
    var family = MetricFamily(name, .gauge, help, unit: unit)
    for (labels, status) in instances { body(&family, labels, status) }
    families.append(family)
  }

  private mutating func addOwnership() {
    add("vip_owned", "Whether this host's kernel has the address.") { family, labels, status in
      for address in status.addresses {
        // Other hosts may have it with another prefix length.
        let bare = address.split(separator: "/").first.map(String.init) ?? address
        family.add(status.owns, labels + [("address", bare)])
      }
    }
    add("vip_state", "1 for the state that the instance is in.") { family, labels, status in
      for state in ["initialize", "backup", "active"] {
        family.add(status.state == state, labels + [("state", state)])
      }
    }
    add(
      "vip_state_since_timestamp_seconds", "When that state began, since 1970.", unit: "seconds"
    ) { family, labels, status in
      if status.since > 0 { family.add(microseconds: status.since, labels) }
    }
    // A Backup router does not know who else would take over.
    add("vip_standbys", "Routers that would take over, told by the Active router.") {
      family, labels, status in
      if status.state == "active" { family.add(UInt64(status.peers.count { $0.isReady }), labels) }
    }
    add(
      "vip_holding", "Whether a Backup router hears no Active router and leaves the VIP alone all the same."
    ) {
      $0.add(!$2.holding.isEmpty, $1)
    }
    add("vip_held", "Whether the operator has this host stand back.") { $0.add($2.isHeld, $1) }
    add("vip_checks_failing", "Whether a check of the section [Track] fails.") {
      $0.add(!$2.checks.isEmpty, $1)
    }
  }

  private mutating func addElection() {
    add("vip_priority", "The priority that this router takes part with.") {
      $0.add(UInt64($2.priority), $1)
    }
    add(
      "vip_advertisement_interval_seconds", "Advertisement_Interval of this router.", unit: "seconds"
    ) { $0.add(microseconds: $2.interval, $1) }
    add(
      "vip_lease_seconds", "How long the kernel keeps the addresses if the daemon dies; 0 for ever.",
      unit: "seconds"
    ) { $0.add(microseconds: $2.lease, $1) }
  }

  private mutating func addPeers() {
    addForPeers("vip_peer_last_seen_timestamp_seconds", "When the router last showed itself, since 1970.") {
      $0.lastSeen
    }
    addForPeers("vip_peer_last_advertised_timestamp_seconds", "When the router last advertised, since 1970.")
    {
      $0.lastAdvertised
    }
    add("vip_peer_ready", "Whether the router would take over, told by the Active router.") {
      family, labels, status in
      for peer in status.peers where status.state == "active" {
        family.add(peer.isReady, labels + [("peer", peer.address)])
      }
    }
  }

  private mutating func addForPeers(
    _ name: String, _ help: String, _ time: (InstanceStatus.Peer) -> UInt64
  ) {
    add(name, help, unit: "seconds") { family, labels, status in
      for peer in status.peers where time(peer) > 0 {
        family.add(microseconds: time(peer), labels + [("peer", peer.address)])
      }
    }
  }

  // MARK: Counters

  private static let help = [
    "advertisements_sent": "Advertisements sent.",
    "advertisements_received": "VRRP packets received, those that were discarded too.",
    "announcements": "Bursts of gratuitous ARP or neighbour advertisements, packet by packet.",
    "handovers": "Handovers to another router.",
    "handovers_refused": "Handovers that nobody accepted.",
    "takeovers_held":
      "Times that a takeover was put off because the VIP was answered for or this host cut off.",
    "reinstatements": "Times that somebody removed an address and it was put back.",
    "conflicts": "Claims of the VIP by a station that is no router of it.",
    "rivals_beaten": "Other Active routers that lost to this one.",
    "isolations": "Times that the VIP was released because this host was cut off.",
    "late_loops": "Times that the VIP was released because this process was held up.",
    "kernel_refusals": "Addresses that the kernel refused to add or remove.",
  ]

  /// Counters of the daemon whose names have these beginnings are one metric, told apart by a label.
  private static let groups = [
    (prefix: "became_", name: "vip_transitions", label: "state", help: "Changes to this state."),
    (prefix: "discarded_", name: "vip_discarded_packets", label: "reason", help: "VRRP packets discarded."),
  ]

  private mutating func addCounters() {
    var counters: [MetricFamily] = []
    for (labels, status) in instances {
      for counter in status.counters {
        let group = Self.groups.first { counter.name.hasPrefix($0.prefix) }
        let name = group?.name ?? "vip_\(counter.name)"
        let value = group.map { [($0.label, String(counter.name.dropFirst($0.prefix.count)))] } ?? []
        let index = counters.firstIndex { $0.name == name } ?? counters.endIndex
        if index == counters.endIndex {
          let help = group?.help ?? Self.help[counter.name] ?? "A counter of the daemon."
          counters.append(MetricFamily(name, .counter, help))
        }
        counters[index].add(counter.value, labels + value)
      }
    }
    families += counters
  }
}
