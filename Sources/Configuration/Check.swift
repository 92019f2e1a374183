import Internet

/// One thing that must be well on a host that owns the VIP.
public enum Check: Hashable, Sendable, CustomStringConvertible {
  /// A systemd unit that must be active.
  case unit(String)
  /// An interface that must be up and have a carrier.
  case interface(String)
  /// A command that must succeed.
  case command(TrackSettings.CommandLine)

  /// For messages.
  public var description: String {
    switch self {
    case .unit(let name): "unit \(name)"
    case .interface(let name): "interface \(name)"
    case .command(let command): "command \(command.description.quoted)"
    }
  }
}

extension TrackSettings {
  /// All checks, in the order of the keys.
  public var checks: [Check] {
    units.map { .unit($0) } + interfaces.map { .interface($0) } + commands.map { .command($0) }
  }
}

extension [TrackSettings] {
  /// Of each check, in the order of the checks.
  public var penalties: [Int] { flatMap { [Int](repeating: $0.penalty, count: $0.checks.count) } }
}
