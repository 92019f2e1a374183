import Internet
import Testing

@Suite struct AddressTests {
  @Test(arguments: [
    ("192.168.1.219", 0xC0A8_01DB as UInt32), ("0.0.0.0", 0), ("255.255.255.255", 0xFFFF_FFFF),
  ])
  func dottedQuads(text: String, bits: UInt32) {
    #expect(IPv4Address(text)?.bits == bits)
    #expect(IPv4Address(bits: bits).description == text)
  }

  @Test(arguments: [
    "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", "1.2.3.4 ", "a.b.c.d", "1..2.3", "+1.2.3.4",
  ])
  func textThatIsNoAddress(text: String) {
    #expect(IPv4Address(text) == nil)
  }

  @Test func subnetArithmetic() throws {
    let vip = try #require(IPNetwork(.ipv4(IPv4Address(bits: 0xC0A8_01DB)), prefixLength: 24))
    #expect(vip.subnet.description == "192.168.1.0")
    #expect(vip.broadcast?.description == "192.168.1.255")
    #expect(vip.contains(.ipv4(IPv4Address(bits: 0xC0A8_0101))))
    #expect(!vip.contains(.ipv4(IPv4Address(bits: 0xC0A8_0201))))
    #expect(IPNetwork(vip.address, prefixLength: 33) == nil)
    #expect(IPNetwork(vip.address, prefixLength: 32)?.broadcast == nil)
    #expect(IPNetwork(vip.address, prefixLength: 0)?.contains(.ipv4(IPv4Address(bits: 1))) == true)
  }

  @Test func hardwareAddresses() {
    let address = MACAddress(bits: 0x0000_5E00_01DB)
    #expect(address.description == "00:00:5e:00:01:db")
    #expect(address[5] == 0xDB)
    #expect(MACAddress("00:00:5e:00:01:db") == address && MACAddress("00:00:5E:00:01:DB") == address)
  }

  @Test(arguments: [
    "", "00:00:5e:00:01", "00:00:5e:00:01:db:00", "0:00:5e:00:01:db", "00:00:5e:00:01:+b",
    "00:00:5e:00:01:dg",
  ])
  func whatIsNoHardwareAddress(text: String) {
    #expect(MACAddress(text) == nil)
  }

  @Test func checksumOfRFC1071() {
    let bytes: [UInt8] = [0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]
    var checksum = Checksum()
    checksum.add(bytes.span)
    #expect(checksum.value == ~0xDDF2)
  }
}
