import Internet
import Testing

@Suite struct IPv6AddressTests {
  @Test(arguments: [
    ("::", "::"), ("::1", "::1"), ("fd00::219", "fd00::219"),
    ("FE80:0:0:0:0200:5eFF:fe00:2db", "fe80::200:5eff:fe00:2db"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0:0:1::", "2001:0:0:1::"),
    ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
    ("::ffff:192.168.1.219", "::ffff:192.168.1.219"), ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
    ("1::", "1::"), ("ff02::1:ff00:219", "ff02::1:ff00:219"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
  ])
  func text(written: String, canonical: String) throws {
    let address = try #require(IPv6Address(written))
    #expect(address.description == canonical)
    #expect(IPv6Address(canonical) == address)
  }

  @Test(arguments: [
    "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1 ",
    "fe80::1%eth0",
    "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "1:2:3:4::5:6:7:8", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "-1::",
  ])
  func textThatIsNoAddress(text: String) {
    #expect(IPv6Address(text) == nil)
  }

  @Test func groupsAndTheirHardwareAddresses() throws {
    let vip = try #require(IPv6Address("fd00::1234:5678"))
    #expect(vip.solicitedNode.description == "ff02::1:ff34:5678")
    #expect(vip.solicitedNode.multicastHardware.description == "33:33:ff:34:56:78")
    #expect(IPv6Address.allNodes.description == "ff02::1")
    #expect(IPv6Address.allNodes.multicastHardware.description == "33:33:00:00:00:01")
  }

  @Test(arguments: [
    ("fe80::1", true, true), ("fec0::1", false, true), ("::1", false, false), ("::", false, false),
    ("ff02::1", false, false), ("::ffff:1.2.3.4", false, false), ("fd00::1", false, true),
  ])
  func kinds(text: String, isLinkLocal: Bool, isUsable: Bool) throws {
    let address = try #require(IPv6Address(text))
    #expect(address.isLinkLocal == isLinkLocal)
    #expect(address.isUsableByHost == isUsable)
  }

  @Test func subnets() throws {
    let vip = try network("fd00:1:2:3:4::219", 64)
    #expect(vip.subnet.description == "fd00:1:2:3::")
    #expect(try vip.contains(address("fd00:1:2:3:ffff::1")))
    #expect(try !vip.contains(address("fd00:1:2:4::1")))
    #expect(try !vip.contains(address("192.168.1.1")))
    #expect(vip.broadcast == nil)
    let long = try network("fd00:1:2:3:4::219", 80)
    #expect(try !long.contains(address("fd00:1:2:3:5::1")))
    #expect(IPNetwork(vip.address, prefixLength: 129) == nil)
  }

  @Test func orderIsUnsigned() throws {
    let low = try address("7fff::ffff:ffff:ffff:ffff")
    let high = try address("8000::")
    #expect(low < high)
    #expect(try address("255.255.255.255") < low)
  }

  private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

  private func network(_ text: String, _ prefixLength: Int) throws -> IPNetwork {
    try #require(IPNetwork(address(text), prefixLength: prefixLength))
  }
}
