import Configuration
import Internet
import Linux
import Netlink
import Systemd
import Tracking

/// Whether this host may own the VIP, whatever VRRP says: the operator, the checks and the group decide.
final class Eligibility {
  struct Handlers {
    let report: (Message) -> Void
    /// What is told here may have changed.
    let changed: () -> Void
    /// Another member of the group is stopped on purpose.
    let memberLeft: () -> Void
  }

  /// Whether the operator has this host stand back.
  private(set) var isHeld = false

  private let groupName: String
  private let handlers: Handlers
  private let tracker: Tracker
  private var group: GroupMembership?

  /// Begins to look. `owns`: the VIP is still here from an earlier run.
  ///
  /// - Throws: where the group has no place for its socket, too: without it the instance would go its own way.
  init(
    _ settings: Settings, owns: Bool, links: [Link], runtimeDirectory: String, on loop: EventLoop,
    _ handlers: Handlers
  ) throws {
    self.handlers = handlers
    groupName = settings.group ?? ""
    tracker = Tracker(
      settings, owns: owns, on: loop, Tracker.Handlers(report: handlers.report, changed: handlers.changed))
    try tracker.follow(settings)
    tracker.replace(links: links)
    guard let name = settings.group else { return }
    group = try GroupMembership(
      name, settings: settings, runtimeDirectory: runtimeDirectory, on: loop,
      changed: { [unowned self] in groupChanged() }, memberLeft: handlers.memberLeft)
    groupChanged()
  }

  /// Whether this host must not own the VIP.
  var standsBack: Bool { isUnfit || group?.reason != nil }

  /// The priority to advertise, where `configured` is that of a host that is well.
  func priority(configured: UInt8) -> UInt8 { tracker.fitness.priority(configured: configured) }

  /// Why this host stands back, apart from the operator, or what is wrong with it.
  var remarks: [String] {
    let checks = tracker.remark.map { "checks: \($0)" }
    let group = group?.reason.map { "group \(groupName): \($0.inWords)" }
    return [checks, group].compactMap { $0 }
  }

  /// Goes on with changed settings.
  func follow(_ settings: Settings) throws(SystemdError) { try tracker.follow(settings) }

  /// Takes over a whole snapshot.
  func replace(links: [Link]) { tracker.replace(links: links) }

  /// Takes over one change.
  func apply(_ change: RouteChange) { tracker.apply(change) }

  /// The operator has this host stand back, or no longer.
  func hold(_ isHeld: Bool) {
    if isHeld != self.isHeld {
      handlers.report(
        isHeld
          ? Message(.held, .notice, "Held by the operator: stays Backup until it is released")
          : Message(.released, .notice, "Released by the operator: may own the VIP again"))
    }
    self.isHeld = isHeld
    handlers.changed()
  }

  /// What the group has to know of this instance.
  func tell(takesPart: Bool, isActive: Bool) {
    group?.update(isAble: takesPart && !isUnfit, isActive: isActive)
  }

  /// This instance is stopped on purpose.
  func leaveGroup() {
    group?.leave()
    group = nil
  }

  /// Whether this host must not own the VIP, whatever the group says.
  private var isUnfit: Bool { isHeld || tracker.fitness == .unfit }

  private func groupChanged() {
    // Nil while it is being made.
    guard let group else { return }
    let why = group.reason.map { "\($0.inWords), so this instance stands back" }
    handlers.report(
      Message(.groupChanged, .notice, "Group \(groupName): \(why ?? "free to own the VIP")"))
    handlers.changed()
  }
}
