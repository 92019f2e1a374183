public import Configuration
public import Internet
import Ownership
import VRRP

/// How far an instance has come: it waits for its surroundings, or is at work as a ``Host``. Whoever drives it hands in
/// inputs and carries out effects, as of a host; it becomes one without their doing.
public struct Stage: Sendable {
  /// One of the two is there.
  private var prospect: Prospect?
  private var host: Host?

  /// An instance that has not begun, with these files on a host with these surroundings.
  ///
  /// - Throws: what no change of the surroundings can mend.
  public init(
    instance: String, files: [ConfigurationFile], surroundings: Surroundings
  ) throws(ConfigurationError) {
    switch try Configuration.outcome(instance: instance, files: files, surroundings: surroundings) {
    case .complete(let settings): host = Host(settings, from: surroundings)
    case .awaiting(let known, let error): prospect = Prospect(known, error, files: files)
    }
  }

  /// The effective settings; as much of them as is known while the instance waits for the rest.
  public var settings: Settings {
    if let host { return host.settings }
    return prospect?.settings ?? Settings()
  }

  /// The value of the journal's VRRP_STATE= field.
  public var state: String { (host?.core.election.state ?? .initialize).field }

  /// When to hand in `.timer`; nil for not at all.
  public var deadline: Instant? { prospect?.deadline ?? host?.deadline }

  /// Begins.
  public mutating func start(_ memory: Host.Memory, at now: Instant, into effects: inout Effects) {
    prospect?.start(memory, at: now, into: &effects)
    host?.start(memory, at: now, into: &effects)
  }

  /// Advances the instance.
  public mutating func handle(_ input: Input, at now: Instant, into effects: inout Effects) {
    // In place: a host is large, and this is called for every packet.
    host?.handle(input, at: now, into: &effects)
    guard prospect != nil else { return }
    prospect?.handle(input, at: now, into: &effects)
    succeed(at: now, into: &effects)
  }

  /// The surroundings are there: the host begins where an earlier run left off, if one did.
  private mutating func succeed(at now: Instant, into effects: inout Effects) {
    guard let successor = prospect?.successor, let unwritten = prospect?.unwritten else { return }
    prospect = nil
    host = successor.host
    host?.start(successor.memory, at: now, into: &effects)
    for file in unwritten.files { host?.handle(.written(file, false), at: now, into: &effects) }
  }

  // MARK: What it tells

  /// Everything that the instance tells about itself.
  public func status(at now: Instant, _ calendar: Calendar) -> InstanceStatus {
    if let host { return host.status(at: now, calendar) }
    return prospect?.status(calendar) ?? InstanceStatus()
  }

  /// The file `state` of the runtime directory; `status` is the line for `systemctl status`.
  public func stateFile(status: String) -> StateFile? {
    if let host { return StateFile(host, status: status) }
    return prospect.map { StateFile($0, status: status) }
  }
}
