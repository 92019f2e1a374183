import Host

/// A rule that a promise stands on. A run without it shows that the simulator would notice if it did not work.
public enum Rule: String, Hashable, Sendable, CaseIterable {
  /// The addresses' finite lifetime.
  case lease
  /// A Backup router asks the owner's kernel before it takes over.
  case witness
  /// What is heard in the family that does not elect keeps a Backup router waiting.
  case otherFamily = "other-family"
  /// Whoever hears nobody at all is cut off.
  case isolation
  /// References are what counts, whoever else is heard.
  case references
  /// A loop that was late steps down before it sends anything.
  case lateLoop = "late-loop"
  /// A restarted daemon goes on only if it was silent for a short time.
  case resume
  /// Who lost news of netlink looks at everything again.
  case resynchronize
  /// A request that was refused is made again.
  case retry
  /// A reload adds what is new before it removes what is no longer wanted.
  case addFirst = "add-first"
  /// The default route is followed.
  case followGateway = "follow-gateway"
  /// A route that somebody removed is put back.
  case restoreRoutes = "restore-routes"
  /// Status and role say what the kernel has.
  case tellTruth = "tell-truth"
  /// The VIP comes after the host's own addresses.
  case placing

  /// The same of the host; nil for what is a matter of its settings or of the network.
  var ofHost: Rules? {
    switch self {
    case .lease, .witness, .otherFamily: nil
    case .isolation: .isolation
    case .references: .references
    case .lateLoop: .lateLoop
    case .resume: .resume
    case .resynchronize: .resynchronize
    case .retry: .retry
    case .addFirst: .addFirst
    case .followGateway: .followGateway
    case .restoreRoutes: .restoreRoutes
    case .tellTruth: .tellTruth
    case .placing: .placing
    }
  }
}
