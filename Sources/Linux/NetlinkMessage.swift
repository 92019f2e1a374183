import CNetlink
import Glibc

/// A message of libnl under construction.
final class NetlinkMessage {
  let pointer: OpaquePointer

  init(type: Int32, flags: Int32) throws(LinuxError) {
    guard let pointer = nlmsg_alloc_simple(type, flags) else {
      throw LinuxError("building a netlink message", errno: ENOMEM)
    }
    self.pointer = pointer
  }

  /// The message that a function of libnl makes.
  init(
    _ operation: String, by build: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws(LinuxError) {
    var message: OpaquePointer?
    let result = build(&message)
    guard result >= 0 else { throw LinuxError(operation, netlink: result) }
    guard let message else { throw LinuxError(operation, errno: ENOMEM) }
    pointer = message
  }

  deinit { nlmsg_free(pointer) }

  /// Appends the fixed part.
  func append<Value: BitwiseCopyable>(_ value: Value) throws(LinuxError) {
    var value = value
    let result = nlmsg_append(pointer, &value, MemoryLayout<Value>.size, Int32(NLMSG_ALIGNTO))
    guard result >= 0 else { throw LinuxError("building a netlink message", netlink: result) }
  }

  /// Appends an attribute of one octet.
  func put(_ attribute: Int, _ value: UInt8) throws(LinuxError) {
    let result = nla_put_u8(pointer, Int32(attribute), value)
    guard result >= 0 else { throw LinuxError("building a netlink message", netlink: result) }
  }
}
