import Internet

/// A daemon for virtual IPs that a host can run.
package enum DaemonKind: String, Sendable, CaseIterable {
  case vipd
  case keepalived
  /// FRR's vrrpd with the zebra that it needs.
  case frr
  /// CARP in user space: not VRRP, but the same job.
  case ucarp

  /// Those that only have to be started on a host: FRR wants its interfaces prepared and holds the VIP for good.
  package static let interchangeable = [vipd, keepalived]
  /// Those that are measured side by side.
  package static let compared = [vipd, keepalived, ucarp]

  /// What it calls itself, with its version; throws if it is not in PATH.
  package func version() throws(LabError) -> String {
    switch self {
    case .vipd: return try line(of: [HostDaemon.vipdPath(), "--version"])
    case .keepalived: return try line(of: ["keepalived", "--version"])
    case .frr: return try line(of: ["/usr/lib/frr/vrrpd", "--version"])
    // It has no option for that, and says it with its usage.
    case .ucarp: return try line(of: ["ucarp", "--help"])
    }
  }

  /// The first line that `command` says, however it ends.
  private func line(of command: [String]) throws(LabError) -> String {
    let said = try Command(command).complete().output.split(separator: "\n").first
    guard let said else { throw LabError("\(command.joined(separator: " ")) says nothing") }
    return String(said)
  }

  /// Whether it can do what `settings` say, as far as its manual tells.
  package func isCapable(of settings: DaemonSettings) -> Bool {
    guard self == .ucarp else { return true }
    let wholeSeconds = settings.interval >= .seconds(1) && settings.interval.components.attoseconds == 0
    return wholeSeconds && settings.addresses.count == 1 && settings.addresses(of: .ipv6).isEmpty
  }
}
