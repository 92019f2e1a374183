/// What the daemon cannot go on without was refused.
public struct DaemonError: Error, CustomStringConvertible {
  /// EX_OSERR of sysexits.h: starting again may help.
  public static let exitCode: Int32 = 71

  /// The operation and its error.
  public let description: String

  init(_ error: any Error) { description = "\(error)" }
}
