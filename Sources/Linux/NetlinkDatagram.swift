import CNetlink
import Glibc

/// Changes that go to the kernel in one datagram, which it reads to its end. It tells of each that it refuses, in order,
/// and of those that it carries out only where it must: of the last one.
struct NetlinkDatagram {
  private(set) var count = 0
  /// The sequence number of the first, which those of the others follow.
  private(set) var first: UInt32 = 0
  private var bytes: [UInt8] = []
  /// Where the last one begins.
  private var last = 0

  /// Appends `message`, which was completed. A message of libnl takes a page of memory until it is sent.
  mutating func append(_ message: NetlinkMessage) throws(LinuxError) {
    guard let header = nlmsg_hdr(message.pointer) else {
      throw LinuxError("building a netlink message", errno: ENOMEM)
    }
    if count == 0 { first = header.pointee.nlmsg_seq }
    setAnswered(false)
    last = bytes.count
    bytes += UnsafeRawBufferPointer(start: header, count: Int(header.pointee.nlmsg_len))
    bytes += repeatElement(0, count: -bytes.count & (Int(NLMSG_ALIGNTO) - 1))
    setAnswered(true)
    count += 1
  }

  /// Whether the kernel says so if it carries out the last one.
  private mutating func setAnswered(_ isAnswered: Bool) {
    guard !bytes.isEmpty else { return }
    bytes.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let header = (base + last).assumingMemoryBound(to: nlmsghdr.self)
      let flag = UInt16(NLM_F_ACK)
      if isAnswered { header.pointee.nlmsg_flags |= flag } else { header.pointee.nlmsg_flags &= ~flag }
    }
  }

  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { bytes.withUnsafeBytes(body) }
}
