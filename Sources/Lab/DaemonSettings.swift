import Internet

/// A VRRP daemon that a host can run.
package enum DaemonKind: String, Sendable, Codable, CaseIterable {
  case vipd
  case keepalived
}

/// What an instance is to do, in the words of whichever daemon does it.
package struct DaemonSettings: Sendable {
  package var virtualRouterID = 219
  package var addresses = ["192.168.1.219/24"]
  package var interface = "eth0"
  package var priority = 100
  package var interval = Duration.milliseconds(100)
  package var preempts = true
  package var preemptDelay = Duration.zero
  package var label: String?
  /// vipd's `LeaseSec=`, which keepalived does not know.
  package var lease = Duration.seconds(2)

  /// The defaults of vipd, for VIP 192.168.1.219 on eth0.
  package init() {}

  /// Three advertisements missed and the skew: RFC 9568's Active_Down_Interval.
  package var activeDownInterval: Duration { interval * 3 + interval * (256 - priority) / 256 }

  /// The file as `daemon` reads it.
  package func text(for daemon: DaemonKind) -> String {
    switch daemon {
    case .vipd: vipdText
    case .keepalived: keepalivedText
    }
  }

  private var vipdText: String {
    var lines = ["[VirtualIP]"] + addresses.map { "Address=\($0)" } + ["Interface=\(interface)"]
    if let label { lines.append("Label=\(label)") }
    lines += ["[VRRP]", "VirtualRouterID=\(virtualRouterID)", "Priority=\(priority)"]
    lines.append("AdvertisementIntervalSec=\(Int(interval.milliseconds.rounded()))ms")
    if !preempts { lines.append("Preempt=no") }
    if preemptDelay > .zero { lines.append("PreemptDelaySec=\(Int(preemptDelay.milliseconds.rounded()))ms") }
    if lease != .seconds(2) { lines += ["[Safety]", "LeaseSec=\(Int(lease.milliseconds.rounded()))ms"] }
    return lines.joined(separator: "\n") + "\n"
  }

  private var keepalivedText: String {
    let labelled = addresses.map { $0 + (label.map { " label \($0)" } ?? "") }
    return """
      global_defs {
        router_id lab
        vrrp_version 3
      }
      vrrp_instance vip\(virtualRouterID) {
        state BACKUP
        interface \(interface)
        virtual_router_id \(virtualRouterID)
        priority \(priority)
        advert_int \(interval.seconds)
        \(preempts ? "preempt_delay \(preemptDelay.seconds)" : "nopreempt")
        virtual_ipaddress {
          \(labelled.joined(separator: "\n    "))
        }
      }

      """
  }
}
