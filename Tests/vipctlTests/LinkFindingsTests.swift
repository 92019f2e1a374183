import Configuration
import Host
import Internet
import Testing

@testable import vipctl

@Suite struct LinkFindingsTests {
  private func network(_ text: String) throws -> IPNetwork {
    let parts = text.split(separator: "/")
    let address = try #require(IPAddress(parts[0]))
    return try #require(IPNetwork(address, prefixLength: Int(parts[1]) ?? -1))
  }

  private func link(_ addresses: String...) throws -> Surroundings.Link {
    Surroundings.Link(
      index: 2, name: "eth0", hardwareAddress: nil,
      addresses: try addresses.map { Surroundings.Address(try network($0)) })
  }

  /// A VIP whose prefix is as long as the host's, or longer, is in the host's subnet.
  @Test(arguments: ["192.168.1.219/24", "192.168.1.219/28", "192.168.1.219/32"])
  func aNarrowerVIPIsInTheHostsSubnet(vip: String) throws {
    let findings = LinkFindings.findings(try link("192.168.1.217/24"), [try network(vip)])
    #expect(findings.map(\.result) == [.ok])
  }

  @Test func aWiderOneIsNoted() throws {
    let findings = LinkFindings.findings(try link("192.168.1.217/24"), [try network("192.168.1.219/16")])
    #expect(findings.map(\.result) == [.ok, .note])
    #expect(findings[1].text.contains("wider than that of eth0's own 192.168.1.217/24"))
  }

  @Test func oneElsewhereIsNoted() throws {
    let findings = LinkFindings.findings(try link("192.168.1.217/24"), [try network("10.0.0.1/24")])
    #expect(findings.map(\.result) == [.ok, .note])
    #expect(findings[1].text.contains("no address of its own in the subnet of 10.0.0.1/24"))
  }

  /// The configuration is right; the host lost its address.
  @Test func theMissingAddressIsNamed() throws {
    var status = InstanceStatus()
    status.interface = "eth0"
    status.addresses = ["192.168.1.219/24"]
    let bare = Surroundings(links: [try link("fe80::217/64")], defaultRouteLinkIndex: nil)
    let finding = try #require(LinkFindings.missingAddress(status, bare))
    #expect(finding.result == .bad && finding.text.contains("eth0 has no IPv4 address of its own"))
    let whole = Surroundings(links: [try link("192.168.1.217/24")], defaultRouteLinkIndex: nil)
    #expect(LinkFindings.missingAddress(status, whole) == nil)
    #expect(LinkFindings.missingAddress(nil, bare) == nil)
  }

  @Test func theFamilyThatIsLeftOutIsNamed() throws {
    var settings = Settings()
    settings.addresses = [try network("192.168.1.219/24"), try network("fe80::219/64")]
    let (bare, whole) = (try link("192.168.1.217/24"), try link("192.168.1.217/24", "fe80::217/64"))
    #expect(LinkFindings.leftOut(settings, bare) == nil, "the instance waits, and that is named")
    settings.requiredFamily = .ipv4
    let finding = try #require(LinkFindings.leftOut(settings, bare))
    #expect(
      finding.result == .bad && finding.text.contains("IPv6 addresses of the VIP cannot be served here"))
    #expect(LinkFindings.leftOut(settings, whole) == nil)
  }
}
