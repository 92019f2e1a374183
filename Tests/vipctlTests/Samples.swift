import Control
import Host

@testable import vipctl

/// Instances as they could be on a host at `now`.
enum Samples {
  static let now: UInt64 = 1_763_805_600_000_000

  private static func ago(_ seconds: UInt64) -> UInt64 { now - seconds * 1_000_000 }

  static var active: InstanceStatus {
    var status = InstanceStatus()
    status.instance = "219"
    status.version = "0.1.0"
    status.summary = "Active since 2025-11-22 07:50:00 UTC: owns 192.168.1.219/24 on bond0"
    status.addresses = ["192.168.1.219/24"]
    status.interface = "bond0"
    status.virtualRouterID = 219
    status.priority = 150
    status.interval = 100_000
    status.lease = 2_000_000
    status.witnessMode = "strict"
    status.gateway = "192.168.1.1"
    status.state = "active"
    status.cause = "192.168.1.218 resigned"
    status.since = ago(7800)
    status.owns = true
    status.owner = "192.168.1.217"
    status.ownerHardware = "02:00:00:00:02:17"
    status.peers = [standby]
    status.counters = [
      InstanceStatus.Counter("advertisements_sent", 78_000), InstanceStatus.Counter("conflicts", 0),
    ]
    status.transitions = [
      InstanceStatus.Transition(time: ago(7800), state: "active", cause: "192.168.1.218 resigned"),
      InstanceStatus.Transition(time: ago(90_000), state: "backup", cause: "listening"),
    ]
    return status
  }

  static var standby: InstanceStatus.Peer {
    var peer = InstanceStatus.Peer()
    peer.address = "192.168.1.218"
    peer.hardware = "02:00:00:00:02:18"
    peer.priority = 100
    peer.lastSeen = now - 400_000
    peer.lastAdvertised = ago(7801)
    peer.standsBy = true
    peer.isReady = true
    return peer
  }

  static var unprotected: InstanceStatus {
    var status = active
    status.instance = "220"
    status.addresses = ["192.168.1.220/24", "fd00::220/64"]
    status.peers = []
    return status
  }

  static var holding: InstanceStatus {
    var status = active
    status.instance = "221"
    status.addresses = ["192.168.1.221/24"]
    status.state = "backup"
    status.owns = false
    status.since = ago(42)
    status.owner = "192.168.1.218"
    status.ownerHardware = "02:00:00:00:02:18"
    status.witness = "02:00:00:00:02:18"
    status.cause = "listening"
    status.holding =
      "Heartbeat lost from 192.168.1.218, but 192.168.1.221/24 is still answered by 02:00:00:00:02:18: the daemon "
      + "there is gone or VRRP is blocked; holding"
    return status
  }

  static func report(_ status: InstanceStatus) -> Report {
    Report(
      known: InstanceList.Known(name: status.instance, isEnabled: true, isConfigured: true, hasRun: true),
      answer: .status(status))
  }

  static var frozen: Report {
    Report(known: InstanceList.Known(name: "222", isEnabled: true), answer: .silent("nothing within 1 s"))
  }

  static var stopped: Report {
    Report(known: InstanceList.Known(name: "web-1", isConfigured: true), answer: .stopped)
  }

  static var all: [Report] {
    [report(active), report(unprotected), report(holding), frozen, stopped]
  }
}
