import Control
import FoundationEssentials
import Host

/// What programs read; vipctl(8) describes it.
enum JSON {
  static func text(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Cannot fail: these values hold neither infinities nor cycles.
    guard let data = try? encoder.encode(value) else { return "null" }
    return String(decoding: data, as: UTF8.self)
  }
}

/// An instance in JSON. What is not known is null or left out.
struct InstanceDocument: Encodable {
  var instance: String
  /// `active`, `backup`, `initialize`, `stopped`, `dead` or `silent`.
  var state: String
  var ok: Bool
  var problems: [String]
  var warnings: [String]
  var enabled: Bool
  var configured: Bool
  var version: String?
  var summary: String?
  var addresses: [String]?
  var interface: String?
  var virtualRouterID: Int?
  var priority: Int?
  var advertisementIntervalMilliseconds: Int?
  var leaseMilliseconds: Int?
  var gateway: String?
  var cause: String?
  var since: String?
  var owns: Bool?
  var owner: Owner?
  var witness: Witness?
  var holding: String?
  var held: Bool?
  var standsBack: Bool?
  var peers: [Peer]?
  var counters: [String: UInt64]?
  var transitions: [Transition]?

  struct Owner: Encodable {
    var address: String
    var mac: String?
    var isThisHost: Bool
  }

  struct Witness: Encodable {
    var mode: String
    var answeredBy: String?
  }

  struct Peer: Encodable {
    var address: String
    var mac: String?
    var priority: Int?
    var standsBy: Bool
    var ready: Bool
    var lastSeen: String?
    var lastAdvertised: String?
  }

  struct Transition: Encodable {
    var time: String?
    var state: String
    var cause: String
  }

  /// `isComplete` for counters and transitions too.
  init(_ report: Report, isComplete: Bool = true) {
    instance = report.name
    state =
      switch report.answer {
      case .status(let status): status.state
      case .stopped: "stopped"
      case .dead: "dead"
      case .silent: "silent"
      }
    ok = report.isWell
    problems = report.remarks.filter(\.isTrouble).map(\.text)
    warnings = report.remarks.filter { !$0.isTrouble }.map(\.text)
    enabled = report.known.isEnabled
    configured = report.known.isConfigured
    if let status = report.status { describe(status, isComplete) }
  }

  private mutating func describe(_ status: InstanceStatus, _ isComplete: Bool) {
    version = status.version
    summary = status.summary
    addresses = status.addresses
    interface = status.interface
    virtualRouterID = Int(status.virtualRouterID)
    priority = Int(status.priority)
    advertisementIntervalMilliseconds = Int(status.interval / 1000)
    leaseMilliseconds = Int(status.lease / 1000)
    gateway = known(status.gateway)
    cause = status.cause
    since = time(status.since)
    owns = status.owns
    if !status.owner.isEmpty {
      owner = Owner(
        address: status.owner, mac: known(status.ownerHardware), isThisHost: status.state == "active")
    }
    witness = Witness(mode: status.witnessMode, answeredBy: known(status.witness))
    holding = known(status.holding)
    held = status.isHeld
    standsBack = status.standsBack
    peers = status.peers.map(Peer.init)
    guard isComplete else { return }
    counters = Dictionary(status.counters.map { ($0.name, $0.value) }) { $1 }
    transitions = status.transitions.map {
      Transition(time: time($0.time), state: $0.state, cause: $0.cause)
    }
  }
}

extension InstanceDocument.Peer {
  fileprivate init(_ peer: InstanceStatus.Peer) {
    address = peer.address
    mac = known(peer.hardware)
    priority = peer.priority == 0 ? nil : Int(peer.priority)
    standsBy = peer.standsBy
    ready = peer.isReady
    lastSeen = time(peer.lastSeen)
    lastAdvertised = time(peer.lastAdvertised)
  }
}

private func known(_ text: String) -> String? { text.isEmpty ? nil : text }

private func time(_ microseconds: UInt64) -> String? {
  microseconds == 0 ? nil : WallClock.standard(microseconds)
}
