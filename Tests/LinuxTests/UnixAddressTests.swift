import Glibc
import Netlink
import Testing

@testable import Linux

@Suite struct UnixAddressTests {
  /// The bytes of the name that `address` has for the kernel.
  private func name(_ address: UnixAddress?) -> [UInt8]? {
    address?.lend { pointer, length in
      let start = MemoryLayout<sa_family_t>.size
      return Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)).dropFirst(start))
    }
  }

  @Test func aPathEndsInZero() {
    let bytes = name(UnixAddress(path: "/run/vip/219/bus"))
    #expect(bytes?.prefix { $0 != 0 } == Array("/run/vip/219/bus".utf8)[...])
    #expect(UnixAddress(path: String(repeating: "x", count: 107)) != nil)
    #expect(UnixAddress(path: String(repeating: "x", count: 108)) == nil)
  }

  @Test func anAbstractNameIsAsLongAsItIs() {
    #expect(name(UnixAddress(abstract: "notify")) == [0] + Array("notify".utf8))
    #expect(UnixAddress(abstract: String(repeating: "x", count: 107)) != nil)
    #expect(UnixAddress(abstract: String(repeating: "x", count: 108)) == nil)
  }
}
