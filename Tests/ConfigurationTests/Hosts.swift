import Internet
import Testing

@testable import Configuration

/// Surroundings and shorthands that the tests share.
enum Hosts {
  static func network(_ text: String) throws -> IPNetwork {
    let parts = text.split(separator: "/")
    let address = try #require(IPAddress(parts[0]))
    return try #require(IPNetwork(address, prefixLength: Int(parts[1]) ?? -1))
  }

  static func link(
    _ index: Int32, _ name: String, _ own: [String], vips: [String] = [], usesARP: Bool = true
  ) throws -> Surroundings.Link {
    let mine = try own.map { Surroundings.Address(try network($0)) }
    let added = try vips.map { Surroundings.Address(try network($0), isAddedByVipd: true) }
    return Surroundings.Link(
      index: index, name: name, hardwareAddress: MACAddress(bits: UInt64(index)), usesARP: usesARP,
      addresses: mine + added)
  }

  static func loopback() throws -> Surroundings.Link {
    Surroundings.Link(
      index: 1, name: "lo", hardwareAddress: nil, isLoopback: true, usesARP: false,
      addresses: [Surroundings.Address(try network("127.0.0.1/8"), scope: .host)])
  }

  /// A host with `own` on bond0, which is also the default route's.
  static func single(_ own: [String], vips: [String] = []) throws -> Surroundings {
    Surroundings(links: [try loopback(), try link(2, "bond0", own, vips: vips)], defaultRouteLinkIndex: 2)
  }

  /// 192.168.1.217 of the lab.
  static func lab() throws -> Surroundings { try single(["192.168.1.217/24"]) }

  /// bond0, a second network, two ports in the same one, a tunnel and a link without an address.
  static func router() throws -> Surroundings {
    Surroundings(
      links: [
        try loopback(), try link(2, "bond0", ["192.168.1.217/24"]), try link(3, "eth1", ["10.1.2.3/16"]),
        try link(4, "eth2", ["172.16.0.2/24"]), try link(5, "eth3", ["172.16.0.3/24"]),
        try link(6, "tun0", ["10.9.0.1/24"], usesARP: false), try link(7, "eth4", [], vips: ["10.7.0.9/24"]),
      ],
      defaultRouteLinkIndex: 2)
  }

  static func file(_ text: String, _ path: String = "/etc/vip/219.conf") -> ConfigurationFile {
    ConfigurationFile(path: path, bytes: Array(text.utf8))
  }

  /// `text` as the one file of vip@219 on the lab's host.
  static func settings(_ text: String, instance: String = "219") throws -> Settings {
    try Configuration.resolve(instance: instance, files: [file(text)], surroundings: try lab())
  }

  /// What `resolve` refuses with, or "accepted".
  static func refusal(
    _ text: String?, instance: String = "219", _ surroundings: Surroundings? = nil
  ) throws -> String {
    let surroundings = try surroundings ?? lab()
    do throws(ConfigurationError) {
      _ = try Configuration.resolve(
        instance: instance, files: text.map { [file($0)] } ?? [], surroundings: surroundings)
      return "accepted"
    } catch {
      return error.description
    }
  }
}
