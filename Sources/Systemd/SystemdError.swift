import CSystemd
import Glibc

/// A call of libsystemd, or a system call made for it, that failed.
public struct SystemdError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was attempted, as a phrase: `watching a descriptor`.
  public let operation: String
  /// The errno value, positive.
  public let errno: Int32

  /// `result` as libsystemd returns it: negative.
  init(_ operation: String, _ result: Int32) {
    self.operation = operation
    self.errno = -result
  }

  /// Throws `result` if it is one of libsystemd's negative codes.
  static func check(_ result: Int32, _ operation: String) throws(SystemdError) {
    guard result >= 0 else { throw SystemdError(operation, result) }
  }

  /// `operation: reason`
  public var description: String { "\(operation): \(String(cString: strerror(errno)))" }
}
