/// What the daemon cannot go on without was refused.
public struct DaemonError: Error, CustomStringConvertible {
  /// EX_OSERR of sysexits.h: it could not start, and may be able to some seconds later.
  public static let cannotStart: Int32 = 71
  /// EX_SOFTWARE of sysexits.h: it was at work, and the next run should go on at once.
  public static let broken: Int32 = 70

  /// What the process ends with.
  public let exitCode: Int32
  /// The operation and its error.
  public let description: String

  init(_ error: any Error, exitCode: Int32 = Self.cannotStart) {
    description = "\(error)"
    self.exitCode = exitCode
  }
}
