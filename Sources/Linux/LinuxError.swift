import CNetlink
import Glibc
public import Netlink

/// A system call or netlink request that failed.
public struct LinuxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where the failure was found.
  public enum Cause: Hashable, Sendable {
    /// The kernel's errno.
    case errno(Int32)
    /// libnl's own code, a positive `NLE_*`.
    case netlink(Int32)
  }

  /// What a caller decides by.
  public enum Kind: Hashable, Sendable {
    /// The link is administratively down (ENETDOWN).
    case linkDown
    /// The link no longer exists (ENODEV, ENXIO).
    case linkGone
    /// There is no way out (ENETUNREACH, EHOSTUNREACH): the link is down or gone or has lost the source
    /// address, or there is no route.
    case unreachable
    /// A queue or buffer is full (ENOBUFS, EAGAIN, ENOMEM): the same call may succeed later.
    case overflow
    /// A capability is missing (EPERM, EACCES), or the file is protected (EROFS).
    case notPermitted
    /// The address to remove or to send from is not there (EADDRNOTAVAIL), or may not be used yet.
    case addressMissing
    /// The route to remove is not there (ESRCH).
    case routeMissing
    /// What is to be added is there (EEXIST).
    case exists
    /// Anything else.
    case other
  }

  /// What was attempted, as a phrase: `binding to a link`.
  public let operation: String
  /// The code that came back.
  public let cause: Cause
  /// The kernel's own explanation from the extended acknowledgement, if it gave one.
  public let explanation: String?

  /// What errno(3) said of `operation`.
  public init(_ operation: String, errno code: Int32, explanation: String? = nil) {
    self.operation = operation
    self.cause = .errno(code)
    self.explanation = explanation
  }

  /// `code` as libnl returns it: negative.
  init(_ operation: String, netlink code: Int32) {
    self.operation = operation
    self.cause = .netlink(abs(code))
    self.explanation = nil
  }

  /// Throws what a function of libnl returned, if that is one of its negative codes.
  static func check(_ result: Int32, _ operation: String) throws(LinuxError) {
    guard result >= 0 else { throw LinuxError(operation, netlink: result) }
  }

  /// The class of failure.
  public var kind: Kind {
    switch cause {
    case .errno(ENETDOWN): .linkDown
    case .errno(ENODEV), .errno(ENXIO), .netlink(NLE_NODEV): .linkGone
    case .errno(ENETUNREACH), .errno(EHOSTUNREACH): .unreachable
    case .errno(ENOBUFS), .errno(EAGAIN), .errno(ENOMEM), .netlink(NLE_NOMEM), .netlink(NLE_AGAIN): .overflow
    case .errno(EPERM), .errno(EACCES), .errno(EROFS), .netlink(NLE_PERM): .notPermitted
    case .errno(EADDRNOTAVAIL): .addressMissing
    case .errno(ESRCH): .routeMissing
    case .errno(EEXIST): .exists
    default: .other
    }
  }

  /// `operation: reason`, with the kernel's explanation in parentheses.
  public var description: String {
    let reason =
      switch cause {
      case .errno(let code): String(cString: strerror(code))
      case .netlink(let code): String(cString: nl_geterror(code))
      }
    guard let explanation else { return "\(operation): \(reason)" }
    return "\(operation): \(reason) (\(explanation))"
  }
}

extension KernelRefusal {
  /// Of a request that failed with `error`.
  public init(_ error: LinuxError) {
    let kind: Kind =
      switch error.kind {
      case .linkGone: .linkGone
      case .linkDown, .unreachable: .linkDown
      case .addressMissing: .addressMissing
      case .routeMissing: .routeMissing
      case .exists: .exists
      case .notPermitted: .notPermitted
      case .overflow, .other: .other
      }
    self.init(kind, code: error.code, error.description)
  }
}

extension LinuxError {
  /// errno(3); EPROTO for what libnl has no errno for.
  var code: Int32 {
    switch cause {
    case .errno(let code): code
    case .netlink(NLE_NODEV): ENODEV
    case .netlink(NLE_PERM): EPERM
    case .netlink(NLE_NOMEM): ENOMEM
    case .netlink(NLE_AGAIN): EAGAIN
    case .netlink: EPROTO
    }
  }
}
