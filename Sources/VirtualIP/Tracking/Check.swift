/// One thing that must be well on a host that owns the VIP.
enum Check: Hashable, CustomStringConvertible {
  case unit(String)
  case interface(String)
  case command(TrackSettings.CommandLine)

  /// For messages.
  var description: String {
    switch self {
    case .unit(let name): "unit \(name)"
    case .interface(let name): "interface \(name)"
    case .command(let command): "command \(command.description.quoted)"
    }
  }
}

extension TrackSettings {
  /// All checks, in the order of the keys.
  var checks: [Check] {
    units.map { .unit($0) } + interfaces.map { .interface($0) } + commands.map { .command($0) }
  }
}

extension [TrackSettings] {
  /// Of each check, in the order of the checks.
  var penalties: [Int] { flatMap { [Int](repeating: $0.penalty, count: $0.checks.count) } }
}
