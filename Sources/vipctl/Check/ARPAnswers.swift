import Configuration
import Glibc
import Internet

/// For which addresses the kernel answers ARP on an interface.
struct ARPAnswers {
  /// `arp_ignore` and `arp_announce` of ip-sysctl(5), as they are in effect; nil if that cannot be read.
  let ignore: Int?
  let announce: Int?

  /// Of the interface `name`. What it has itself, and what all interfaces have: the larger one counts
  /// (IN_DEV_MAXCONF()). `root` is where `/proc` is, elsewhere in tests.
  init(on name: String, root: String = "") {
    func value(_ key: String) -> Int? {
      let values = ["all", name].compactMap { Self.number(in: "\(root)/proc/sys/net/ipv4/conf/\($0)/\(key)") }
      return values.max()
    }
    ignore = value("arp_ignore")
    announce = value("arp_announce")
  }

  private static func number(in path: String) -> Int? {
    guard let stream = fopen(path, "re") else { return nil }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = fread(&bytes, 1, bytes.count, stream)
    return Decimal.parse(bytes.prefix(count).filter { $0 > UInt8(ascii: " ") }, in: 0...255)
  }

  /// Whether the kernel answers for addresses of the interface that it is asked by, and for no others.
  var areConfined: Bool { ignore == 1 || ignore == 2 }
}

/// What an address of the VIP on another interface of this host means.
enum CopyFinding {
  static func finding(
    _ copy: Surroundings.Copy, on interface: String, answering answers: ARPAnswers
  ) -> Finding {
    let place = "\(copy.address) is on \(copy.interface), too"
    // ndisc_recv_ns() answers for addresses of the link that it was asked by.
    if copy.address.family == .ipv6 {
      return .note("copy", "\(place), where it stays whoever owns the VIP; neighbours do not find it there")
    }
    if !answers.areConfined {
      let found = answers.ignore.map { "arp_ignore=\($0)" } ?? "arp_ignore cannot be read"
      return .bad(
        "copy",
        "\(place), and the kernel answers ARP for it on \(interface) whoever owns the VIP (\(found)): "
          + "neighbours may find the wrong host",
        "on every host: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2, and the same in "
          + "/etc/sysctl.d; or remove it from \(copy.interface)")
    }
    if (answers.announce ?? 0) < 2 {
      return .note(
        "copy",
        "\(place), and this host may name it to neighbours when it asks for them (arp_announce is not 2)",
        "sysctl -w net.ipv4.conf.all.arp_announce=2, and the same in /etc/sysctl.d")
    }
    return .note("copy", "\(place), where it stays whoever owns the VIP; neighbours do not find it there")
  }
}
