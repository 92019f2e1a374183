import Configuration
import Internet
import Linux
import Testing

@testable import vipctl

@Suite struct SiblingTests {
  private static func link(_ index: Int32, _ name: String, _ own: [String]) throws -> Surroundings.Link {
    let addresses = try own.map { text in
      let parts = text.split(separator: "/")
      let address = try #require(IPAddress(parts[0]))
      let network = try #require(IPNetwork(address, prefixLength: Int(parts[1]) ?? -1))
      return Surroundings.Address(network, scope: address.ipv6?.isLinkLocal == true ? .link : .global)
    }
    return Surroundings.Link(
      index: index, name: name, hardwareAddress: MACAddress(bits: UInt64(index)), addresses: addresses)
  }

  /// The instance `name` of a host with two links, whose file has `text`.
  private func settings(_ name: String, _ text: String) throws -> Settings {
    let host = Surroundings(
      links: [
        try Self.link(2, "bond0", ["192.168.1.217/24", "fe80::217/64", "fd00::217/64"]),
        try Self.link(3, "eth1", ["10.1.2.3/16", "fe80::3/64"]),
      ], defaultRouteLinkIndex: 2)
    let file = ConfigurationFile(path: "/etc/vip/\(name).conf", bytes: Array(text.utf8))
    return try Configuration.resolve(instance: name, files: [file], surroundings: host)
  }

  private func findings(_ first: String, _ second: String) throws -> [Finding] {
    Siblings.findings(try settings("a", first), among: [try settings("b", second)])
  }

  @Test func oneVRIDIsForOneInstanceOfALink() throws {
    let findings = try findings(
      "[VirtualIP]\nAddress=192.168.1.219\n[VRRP]\nVirtualRouterID=7",
      "[VirtualIP]\nAddress=192.168.1.220\n[VRRP]\nVirtualRouterID=7")
    #expect(findings.map(\.result) == [.bad] && findings.map(\.subject) == ["VRID"])
    #expect(findings[0].text.hasPrefix("vip@b on this host has VRID 7 on bond0, too"))
    #expect(findings[0].remedy?.contains("VirtualRouterID=") == true)
  }

  @Test(
    arguments: [
      // Of another link, of another family, and of another number.
      ("10.1.2.219", 7), ("fd00::219", 7), ("192.168.1.220", 8),
    ])
  func whatIsDifferentDoesNotClash(address: String, id: Int) throws {
    let findings = try findings(
      "[VirtualIP]\nAddress=192.168.1.219\n[VRRP]\nVirtualRouterID=7",
      "[VirtualIP]\nAddress=\(address)\n[VRRP]\nVirtualRouterID=\(id)")
    #expect(findings.map(\.result) == [.ok], "\(findings)")
  }

  @Test func derivedAddressesAreNobodysMistake() throws {
    let findings = try findings(
      "[VirtualIP]\nAddress=fd00::219\n[VRRP]\nVirtualRouterID=7",
      "[VirtualIP]\nInterface=bond0\nAddress=fd00::220\n[VRRP]\nVirtualRouterID=7")
    #expect(findings.map(\.subject) == ["VRID"])
  }

  @Test func oneAddressIsForOneInstance() throws {
    let findings = try findings(
      "[VirtualIP]\nAddress=192.168.1.219\nAddress=192.168.1.221\n[VRRP]\nVirtualRouterID=7",
      "[VirtualIP]\nAddress=192.168.1.220\nAddress=192.168.1.221\n[VRRP]\nVirtualRouterID=8")
    #expect(findings.map(\.result) == [.bad] && findings.map(\.subject) == ["address"])
    #expect(findings[0].text.hasPrefix("vip@b on this host has 192.168.1.221, too"))
    #expect(findings[0].remedy?.contains("systemctl disable --now vip@b") == true)
  }

  @Test func oneVIPUnderTwoNames() throws {
    let findings = Siblings.findings(
      try settings("219", ""), among: [try settings("192.168.1.219", ""), try settings("220", "")])
    #expect(findings.map(\.subject) == ["VRID", "address"])
    #expect(findings.allSatisfy { $0.text.contains("vip@192.168.1.219 ") })
  }

  @Test func whoIsAloneHasNobodyToClashWith() throws {
    #expect(Siblings.findings(try settings("219", ""), among: []).isEmpty)
  }
}
