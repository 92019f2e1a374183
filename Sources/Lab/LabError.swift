import Glibc

/// Why the lab could not do what it was asked to: in words for the person who runs it.
package struct LabError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }

  /// A failed system call, `operation` with `code` from errno.
  init(_ operation: String, errno code: Int32) {
    description = "\(operation): \(String(cString: strerror(code)))"
  }
}
