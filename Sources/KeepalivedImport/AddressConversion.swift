import Internet

extension InstanceConversion {
  /// Most that an instance may have, and of IPv6, beside the link-local address that vipd may add.
  private static let (mostAddresses, mostIPv6Addresses) = (254, 89)

  /// Address=, Label= and Scope= from all blocks of addresses.
  mutating func convertAddresses() {
    var label: String?
    let version2 = isVersion2
    for block in addressStatements {
      block.settle(0..<1)
      let isExcluded = block.keyword == "virtual_ipaddress_excluded"
      for line in block.block ?? [] {
        if let condition = line.condition {
          skip(line, condition)
        } else {
          readAddress(line, isExcluded: isExcluded, version2: version2, &label)
        }
      }
    }
    convertScope()
    for (address, length, _, _) in addresses { assign("VirtualIP", "Address=\(address)/\(length)") }
    if let label { assign("VirtualIP", "Label=\(label)") }
    if addresses.isEmpty {
      note(statement.line, statement.text, "has no address that could be imported: the file needs Address=")
    } else if let first = addresses.first(where: { $0.address.family == .ipv6 }),
      !addresses.contains(where: { $0.address.ipv6?.isLinkLocal == true })
    {
      note(
        first.statement.line, "\(first.address)", "vipd adds a link-local address before it (RFC 9568 §5.2.9)"
      )
    }
  }

  /// Whether the addresses are spoken for by VRRPv2: those that are not excluded decide.
  private var isVersion2: Bool {
    let own = (statement.block ?? []).last { $0.keyword == "version" && $0.condition == nil }
    let version = own?.values.first ?? "\(context.version)"
    let advertised = addressStatements.filter { $0.keyword == "virtual_ipaddress" }.flatMap { $0.block ?? [] }
    return version == "2" && !advertised.contains { $0.keyword.contains(":") }
  }

  private mutating func readAddress(
    _ line: Statement, isExcluded: Bool, version2: Bool, _ label: inout String?
  ) {
    guard let (address, length) = Self.network(line.keyword) else {
      return note(line, "not imported: expected an address")
    }
    let fault: String?
    if addresses.contains(where: { $0.address == address }) {
      fault = "it is there already"
    } else if addresses.count == Self.mostAddresses {
      fault = "an instance has no more than \(Self.mostAddresses) addresses"
    } else if address.family == .ipv6, ipv6Count == Self.mostIPv6Addresses {
      fault = "an instance has no more than \(Self.mostIPv6Addresses) IPv6 addresses"
    } else if version2 && address.family == .ipv6 {
      fault = "VRRPv2 has IPv4 addresses only; change all routers to version 3"
    } else {
      fault = nil
    }
    if let fault { return note(line, "not imported: \(fault)") }
    let options = Options(line, from: 1)
    if let device = options.value(of: "dev"), device != interface {
      return note(line, "not imported: it is on another interface than the instance; make one for it")
    }
    line.settle(0..<1)
    readLabel(options.value(of: "label"), line, &label)
    addresses.append((address, length, options.value(of: "scope"), line))
    options.settle("dev")
    if isExcluded {
      note(
        line.line, line.keyword,
        "is advertised, as every Address= is; keepalived needs it in virtual_ipaddress or skip_check_adv_addr"
      )
    }
    options.settle("label")
    options.settle("scope")
  }

  private var ipv6Count: Int { addresses.count { $0.address.family == .ipv6 } }

  private mutating func readLabel(_ text: String?, _ line: Statement, _ label: inout String?) {
    guard let text else { return }
    let isAccepted =
      text == interface
      || interface.map { text.hasPrefix("\($0):") && text.utf8.count > $0.utf8.count + 1 } ?? false
    guard isAccepted, text.utf8.count <= 15,
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") })
    else {
      return note(
        line.line, "label \(text)", "not imported: expected the interface's name, a colon and a tag")
    }
    if label == nil { label = text }
    if label != text {
      note(line.line, "label \(text)", "not imported: an instance has one label, \(label ?? "")")
    }
  }

  /// One scope for all addresses.
  private mutating func convertScope() {
    guard let scope = addresses.compactMap(\.scope).first else { return }
    let isCommon = addresses.allSatisfy { $0.scope == scope }
    if isCommon && ["global", "link", "host"].contains(scope) {
      return assign("VirtualIP", "Scope=\(scope)")
    }
    for (_, _, other, line) in addresses {
      guard let other, other != "global" else { continue }
      note(line.line, "scope \(other)", "not imported: an instance has one scope: global, link or host")
    }
  }

  /// An address as keepalived reads it: without a mask it stands alone.
  static func network(_ text: String) -> (IPAddress, Int)? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(parts[0]), address.isUsableByHost else { return nil }
    guard parts.count == 2 else { return (address, address.family.width) }
    return Decimal.parse(parts[1].utf8, in: 1...address.family.width).map { (address, $0) }
  }

  // MARK: Peers

  /// Every family of the addresses needs a peer, and no other family may have one.
  mutating func convertPeers() {
    var peers: [(address: IPAddress, line: Statement)] = []
    for block in peerStatements {
      block.settle(0..<1)
      for line in block.block ?? [] {
        if let condition = line.condition {
          skip(line, condition)
        } else if let address = IPAddress(line.keyword), address.isUsableByHost {
          line.settle(0..<1)
          peers.append((address, line))
        } else {
          note(line, "not imported: expected an address")
        }
      }
    }
    if peers.isEmpty { return }
    let families = AddressFamily.allCases.filter { family in
      addresses.contains { $0.address.family == family }
    }
    for (address, line) in peers {
      if families.contains(address.family) {
        assign("VRRP", "Peer=\(address)")
      } else {
        note(line, "not imported: the instance has no \(address.family) address")
      }
    }
    for family in families where !peers.contains(where: { $0.address.family == family }) {
      note(
        peers[0].line.line, "unicast_peer",
        "has no \(family) address: add a Peer= for the \(family) addresses")
    }
  }

  // MARK: Routes

  mutating func convertRoutes() {
    for block in routeStatements {
      block.settle(0..<1)
      for line in block.block ?? [] {
        if let condition = line.condition {
          skip(line, condition)
        } else if let route = route(line) {
          assign("Route", "Route=\(route)")
          line.settle()
        } else {
          note(
            line,
            "not imported: Route= takes a destination with via, src, metric and table only, src being a VIP")
        }
      }
    }
  }

  /// The value of Route= for a route by the instance's interface; nil if there is none.
  private func route(_ line: Statement) -> String? {
    var words = line.words.map(\.text)[...]
    var destination: String?
    var options: [String: String] = [:]
    while let word = words.popFirst() {
      let key = ["gw": "via", "gateway": "via"][word] ?? word
      if ["src", "via", "dev", "table", "metric"].contains(key) {
        guard let value = words.popFirst(), options[key] == nil else { return nil }
        options[key] = value
      } else if word != "to" {
        guard destination == nil else { return nil }
        destination = word
      }
    }
    guard let destination, options["dev"] == nil || options["dev"] == interface else { return nil }
    return Self.route(to: destination, options, addresses.map(\.address))
  }

  private static func route(
    to destination: String, _ options: [String: String], _ vips: [IPAddress]
  ) -> String? {
    var families: [AddressFamily] = []
    var text = "default"
    if !["default", "0.0.0.0/0", "0/0", "::/0"].contains(destination) {
      let isWhole = !destination.contains("/")
      guard let (address, length) = network(destination),
        let network = IPNetwork(address, prefixLength: length),
        network.subnet == address
      else { return nil }
      text = isWhole ? "\(address)" : "\(network)"
      families.append(address.family)
    } else if options["via"] == nil {
      return nil
    }
    for key in ["via", "src"] {
      guard let value = options[key] else { continue }
      guard let address = IPAddress(value), address.isUsableByHost, key == "via" || vips.contains(address)
      else {
        return nil
      }
      families.append(address.family)
      text += " \(key) \(address)"
    }
    for key in ["metric", "table"] {
      guard let value = options[key] else { continue }
      guard let number = Number.parse(value, 1...Int(UInt32.max)) else { return nil }
      text += " \(key) \(number)"
    }
    return Set(families).count == 1 ? text : nil
  }
}

/// Pairs of words behind the first ones of a line: `dev eth0 label eth0:1`.
struct Options {
  private let line: Statement
  private let start: Int

  init(_ line: Statement, from start: Int) {
    self.line = line
    self.start = start
  }

  private func index(of key: String) -> Int? {
    line.words.indices.dropFirst(start).first { line.words[$0].text == key && $0 + 1 < line.words.count }
  }

  func value(of key: String) -> String? { index(of: key).map { line.words[$0 + 1].text } }

  /// The pair was carried over or spoken about.
  func settle(_ key: String) {
    if let index = index(of: key) { line.settle(index..<(index + 2)) }
  }
}
