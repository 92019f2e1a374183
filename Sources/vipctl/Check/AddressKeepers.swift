import Glibc

/// Other programs that manage an interface's addresses, and may remove those they did not add.
struct AddressKeepers {
  /// Where both keep what they do: `/run`, elsewhere in tests.
  var root = ""

  /// What they do with the interface `name`, whose index is `index`, and with a VIP on it that has a lease.
  func findings(_ name: String, index: Int32, hasLease: Bool) -> [Finding] {
    let findings = networkd(name, index, hasLease) + networkManager(name, index)
    return findings.isEmpty ? [.ok("other managers", "nobody else manages \(name)'s addresses")] : findings
  }

  /// What has a lifetime, as a VIP with a lease, is a dynamic address to networkd (`link_address_is_dynamic()`).
  private func networkd(_ name: String, _ index: Int32, _ hasLease: Bool) -> [Finding] {
    let state = assignments(of: "/run/systemd/netif/links/\(index)")
    guard let administrative = state["ADMIN_STATE"]?.last, administrative != "unmanaged",
      let file = state["NETWORK_FILE"]?.last
    else { return [] }
    let dropIns = state["NETWORK_FILE_DROPINS"]?.last?.split(separator: ":").map(String.init) ?? []
    let keeps = ([file] + dropIns).flatMap { assignments(of: $0)["KeepConfiguration"] ?? [] }.last ?? "no"
    if (["yes", "true", "on", "1"] + (hasLease ? ["dynamic", "dhcp"] : ["static"])).contains(keeps) {
      return [.ok("networkd", "manages \(name) and leaves the VIP alone (KeepConfiguration=\(keeps))")]
    }
    let enough = hasLease ? "yes" : "static"
    let besides =
      hasLease ? "; with DHCP that also keeps the host's own address when its lease has ended" : ""
    return [
      .note(
        "networkd",
        "systemd-networkd manages \(name) and may remove addresses of others; vipd puts them back",
        "add [Network] KeepConfiguration=\(enough) in \(file).d/vip.conf\(besides)")
    ]
  }

  private func networkManager(_ name: String, _ index: Int32) -> [Finding] {
    let state = assignments(of: "/run/NetworkManager/devices/\(index)")
    guard let managed = state["managed"]?.last, managed != "0", managed != "false" else { return [] }
    return [
      .note(
        "NetworkManager",
        "NetworkManager manages \(name) and removes addresses of others when it activates a connection; vipd "
          + "puts them back, unless the host's own address comes too late (ipv4.dad-timeout=)",
        "vipctl handover before; or ipv4.dad-timeout 0 in the connection; or, for a server: [keyfile] "
          + "unmanaged-devices=interface-name:\(name) in /etc/NetworkManager/conf.d/vip.conf, if something else "
          + "configures it")
    ]
  }

  /// The values of each key of a file of `KEY=VALUE` lines; none if it cannot be read.
  private func assignments(of path: String) -> [String: [String]] {
    guard let stream = fopen(root + path, "re") else { return [:] }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = fread(&bytes, 1, bytes.count, stream)
    var values: [String: [String]] = [:]
    for line in String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2 { values[parts[0], default: []].append(parts[1]) }
    }
    return values
  }
}
