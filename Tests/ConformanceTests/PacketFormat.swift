import Internet
import Ownership
import Testing
import VRRP

@testable import Configuration

/// What is sent (RFC 9568 §5), as far as the VRRP message goes; Wire.swift has the headers around it.
@Suite struct PacketFormat {
  @Test(
    "11. §5.2.4: the address owner has priority 255, others 1-254, 100 if nothing is said", arguments: routers
  )
  func priority(router: VirtualRouter) throws {
    #expect(try configured("").priority == 100)
    for priority: UInt8 in [1, 254, 255] {
      #expect(try configured("[VRRP]\nPriority=\(priority)").priority == priority)
      #expect(router.message(priority)[2] == priority)
    }
    for text in ["0", "256", "-1"] {
      #expect(throws: ConfigurationError.self) { try configured("[VRRP]\nPriority=\(text)") }
    }
  }

  @Test("13. §5.2.6: the reserved bits are zero on transmission", arguments: routers)
  func reservedBitsSent(router: VirtualRouter) throws {
    for centiseconds in [1, 100, 4095] {
      var sender = router
      sender.interval = try interval(centiseconds)
      #expect(sender.message()[4] >> 4 == 0)
    }
  }

  @Test("13. §5.2.6: the reserved bits are ignored on reception", arguments: routers)
  func reservedBitsReceived(router: VirtualRouter) throws {
    for bits: UInt8 in [0x10, 0x80, 0xF0] {
      #expect(try router.receive(router.altered([4: bits])).advertisement == advertisement(100))
    }
  }

  @Test("14. §5.2.7: the interval is 12 bits of centiseconds, 1 to 4095", arguments: routers)
  func intervalOf12Bits(router: VirtualRouter) throws {
    for centiseconds in [1, 255, 256, 4095] {
      var sender = router
      sender.interval = try interval(centiseconds)
      let message = sender.message()
      #expect(message[4...5] == [UInt8(centiseconds >> 8), UInt8(centiseconds & 255)])
      #expect(try sender.receive(message).advertisement.interval.duration == .milliseconds(10 * centiseconds))
    }
    #expect(AdvertisementInterval(centiseconds: 0) == nil && AdvertisementInterval(centiseconds: 4096) == nil)
  }

  @Test("14. §5.2.7, erratum 8301: an interval of zero is discarded", arguments: routers)
  func intervalZero(router: VirtualRouter) {
    #expect(throws: Discard.interval) { try router.receive(router.altered([4: 0, 5: 0])) }
    #expect(throws: Discard.interval) { try router.receive(router.altered([4: 0xF0, 5: 0])) }
  }

  @Test("15. §5.2.8: over IPv4 the checksum covers the VRRP message alone")
  func checksumOverIPv4() throws {
    let message = router4.message(checksum: .rfc9568)
    #expect(internetChecksum(message) == 0)
    #expect(try router4.receive(message).checksum == .rfc9568)
    #expect(try configured("[VRRP]\nChecksum=rfc9568").checksum == .rfc9568)
  }

  @Test(
    "15. Deviation, deployed routers follow RFC 5798: its pseudo-header is accepted too, and sent by default")
  func deviationChecksumOfRFC5798() throws {
    let message = router4.message(checksum: .rfc5798)
    #expect(internetChecksum(message + router4.pseudoHeader(length: message.count)) == 0)
    #expect(try router4.receive(message).checksum == .rfc5798)
    #expect(throws: Discard.checksum) {
      var wrong = message
      wrong[7] ^= 1
      _ = try router4.receive(wrong)
    }
    var router = Router()
    _ = router.start()
    #expect(router.instance.dialect.checksum == .rfc5798)
    _ = router.hear(try router4.receive(router4.message(checksum: .rfc9568)))
    #expect(router.instance.dialect.checksum == .rfc9568)
  }

  @Test(
    "16. §5.2.8: over IPv6 the checksum covers a pseudo-header with next header 112, and nothing else is accepted"
  )
  func checksumOverIPv6() throws {
    let message = router6.message()
    #expect(internetChecksum(message + router6.pseudoHeader(length: message.count)) == 0)
    #expect(try router6.receive(message).checksum == nil)
    var alone = message
    alone[6...7] = [0, 0]
    let sum = internetChecksum(alone)
    alone[6...7] = [UInt8(sum >> 8), UInt8(sum & 255)]
    #expect(throws: Discard.checksum) { try router6.receive(alone) }
  }

  @Test("18. §5.2.9, erratum 8300: the first IPv6 address is link-local")
  func firstAddressIsLinkLocal() throws {
    let routers = try configured("[VirtualIP]\nAddress=192.168.1.219\nAddress=fd00::219/64").virtualRouters
    let ipv6 = try #require(routers.first { $0.family == .ipv6 })
    #expect(ipv6.addresses.map { $0.ipv6?.isLinkLocal } == [true, false])
    let first = IPAddress(ipv6.message().span, at: 8, .ipv6)
    #expect(first == linkLocalVIP)

    // One that is configured is put first, wherever it was listed.
    let listed = try configured("[VirtualIP]\nAddress=fd00::219/64\nAddress=fe80::219/64").virtualRouters
    #expect(listed.first?.addresses.first == IPAddress("fe80::219"))
  }

  @Test("18. Deviation: one that no configuration names is left out while the others do not list it")
  func deviationDerivedAddressIsLeftOut() throws {
    var router = router6
    router.hasDerivedAddress = true
    var instance = Router(addresses: router.addresses)
    _ = instance.start()
    #expect(instance.instance.dialect.listsDerivedAddress)
    let received = try router.receive(router.message(listsDerivedAddress: false))
    #expect(received.addressesMatch)
    _ = instance.hear(received)
    #expect(!instance.instance.dialect.listsDerivedAddress)
  }
}
