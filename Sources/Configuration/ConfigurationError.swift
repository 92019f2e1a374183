import Internet

/// Why a configuration is refused, or cannot be made use of yet: one line that says where, what was found, what is
/// accepted, what to do.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// `EX_CONFIG` of sysexits.h and systemd.exec(5): what the process exits with, so that it is not restarted.
  public static let exitCode: Int32 = 78

  /// `FILE:LINE`, a path, or the instance's name where no file is to blame.
  public let place: String
  /// What is there.
  public let found: String
  /// What would be accepted there.
  public let accepted: String
  /// What the operator should do.
  public let remedy: String
  /// What the surroundings may still bring, after "waiting for"; nil if no change of them can mend this.
  public let awaited: String?

  /// All of it.
  public init(place: String, found: String, accepted: String, remedy: String, awaited: String? = nil) {
    self.place = place
    self.found = found
    self.accepted = accepted
    self.remedy = remedy
    self.awaited = awaited
  }

  /// `place: found; accepted; remedy`, without a line break whatever the files hold.
  public var description: String { "\(place.printable): \(found); \(accepted); \(remedy)" }
}
