import CNetlink
import Glibc
import Testing

@testable import Linux

/// How the kernel ends a dump, on messages made by hand.
struct DumpTests {
  /// What `DumpProgress` makes of one message of this type with these flags and this payload.
  private func progress(type: Int, flags: Int32 = 0, _ payload: [Int32]) -> DumpProgress {
    let size = MemoryLayout<nlmsghdr>.size + payload.count * 4
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    defer { memory.deallocate() }
    let header = nlmsghdr(
      nlmsg_len: UInt32(size), nlmsg_type: UInt16(type), nlmsg_flags: UInt16(flags), nlmsg_seq: 1,
      nlmsg_pid: 0)
    memory.storeBytes(of: header, as: nlmsghdr.self)
    for (index, value) in payload.enumerated() {
      memory.storeBytes(of: value, toByteOffset: MemoryLayout<nlmsghdr>.size + index * 4, as: Int32.self)
    }
    var progress = DumpProgress()
    if let message = memory.baseAddress?.assumingMemoryBound(to: nlmsghdr.self) {
      progress.follow(RouteMessage(message))
    }
    return progress
  }

  @Test(arguments: [[0], []] as [[Int32]])
  func endsWell(payload: [Int32]) {
    let dump = progress(type: Int(NLMSG_DONE), payload)
    #expect(dump.isDone && dump.error == nil && !dump.isInterrupted)
  }

  @Test func anErrorAtTheEndIsNoCompleteDump() {
    let dump = progress(type: Int(NLMSG_DONE), [-ENOBUFS])
    #expect(dump.isDone)
    #expect(dump.error?.cause == .errno(ENOBUFS))
    #expect(progress(type: Int(NLMSG_DONE), [.min]).error != nil)
  }

  @Test func anErrorAtTheBeginningIsOne() {
    let dump = progress(type: Int(NLMSG_ERROR), [-EPERM] + [Int32](repeating: 0, count: 4))
    #expect(dump.isDone && dump.error?.cause == .errno(EPERM))
  }

  @Test func changesMeanwhileAreNoticed() {
    let dump = progress(type: Int(NLMSG_DONE), flags: NLM_F_DUMP_INTR, [0])
    #expect(dump.isDone && dump.isInterrupted)
  }
}
