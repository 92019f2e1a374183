import CNetlink
import Glibc

/// A message of libnl under construction.
final class NetlinkMessage {
  private static let operation = "building a netlink message"

  let pointer: OpaquePointer

  init(type: Int32, flags: Int32) throws(LinuxError) {
    guard let pointer = nlmsg_alloc_simple(type, flags) else {
      throw LinuxError(Self.operation, errno: ENOMEM)
    }
    self.pointer = pointer
  }

  /// The message that a function of libnl makes.
  init(
    _ operation: String, by build: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws(LinuxError) {
    var message: OpaquePointer?
    try LinuxError.check(build(&message), operation)
    guard let message else { throw LinuxError(operation, errno: ENOMEM) }
    pointer = message
  }

  deinit { nlmsg_free(pointer) }

  /// Appends the fixed part.
  func append<Value: BitwiseCopyable>(_ value: Value) throws(LinuxError) {
    var value = value
    let result = nlmsg_append(pointer, &value, MemoryLayout<Value>.size, Int32(NLMSG_ALIGNTO))
    try LinuxError.check(result, Self.operation)
  }

  /// Appends an attribute of one octet.
  func put(_ attribute: Int, _ value: UInt8) throws(LinuxError) {
    try LinuxError.check(nla_put_u8(pointer, Int32(attribute), value), Self.operation)
  }
}
