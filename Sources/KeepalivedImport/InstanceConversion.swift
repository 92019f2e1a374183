import Internet

/// Converts one vrrp_instance.
struct InstanceConversion: NoteTaker {
  let statement: Statement
  let context: Conversion.Context
  var usedScripts: Set<String> = []
  var notes: [ImportNote] = []
  /// The lines of the file, by section.
  private var assignments: [(section: String, line: String)] = []

  // What the instance says, until all of it was read.
  var interface: String?
  var addressStatements: [Statement] = []
  var routeStatements: [Statement] = []
  var peerStatements: [Statement] = []
  var trackStatements: [(kind: String, statement: Statement)] = []
  var trackSections: [TrackSection] = []
  /// Priority=, which keepalived has as 100 where nothing is said.
  private(set) var priority = 100
  private var version: Int
  private var interval: Statement?
  private var authentication: Statement?
  private var announcements: [String: String]
  var addresses: [(address: IPAddress, prefixLength: Int, scope: String?, statement: Statement)] = []

  init(_ statement: Statement, _ context: Conversion.Context) {
    self.statement = statement
    self.context = context
    version = context.version
    announcements = context.announcements
  }

  /// What keepalived calls it, as far as a unit can be called so.
  var name: String { InstanceName.from(statement.values.first ?? "") }

  mutating func convert(as name: String) -> ImportedInstance {
    statement.settle(0..<2)
    noteWords(of: statement)
    for inner in statement.block ?? [] {
      if let condition = inner.condition {
        skip(inner, condition)
      } else {
        read(inner, name)
      }
    }
    convertAddresses()
    convertVersion()
    convertPeers()
    convertRoutes()
    convertAnnouncements()
    convertTracking()
    for inner in statement.block ?? [] { noteRest(of: inner) }
    convertGroup()
    notes.sort { $0.line < $1.line }
    return ImportedInstance(name: name, text: text(name), notes: notes)
  }

  private mutating func convertGroup() {
    guard let group = context.groups[statement.values.first ?? ""] else { return }
    let name = String(InstanceName.from(group).prefix(64))
    assign("VirtualIP", "Group=\(name)")
    if name != group { note(statement.line, "vrrp_sync_group \(group)", "is Group=\(name)") }
  }

  // MARK: Keywords

  mutating func assign(_ section: String, _ line: String) { assignments.append((section, line)) }

  private mutating func read(_ inner: Statement, _ name: String) {
    switch inner.keyword {
    case "interface": readInterface(inner)
    case "state": note(inner, "not imported: vipd begins as Backup, and the priority decides")
    case "virtual_router_id":
      if let id = readOctet(inner) { assign("VRRP", "VirtualRouterID=\(id)") }
    case "priority":
      if let value = readOctet(inner) { assignPriority(value) }
    case "version": readVersion(inner)
    case "advert_int": replace(\.interval, inner)
    case "authentication": replace(\.authentication, inner)
    case "nopreempt": assignSettled("VRRP", "Preempt=no", inner, 1)
    case "preempt": inner.settle(0..<1)
    case "preempt_delay": readPreemptDelay(inner)
    case "use_vmac": readVirtualMAC(inner)
    case "virtual_ipaddress", "virtual_ipaddress_excluded": addressStatements.append(inner)
    case "virtual_routes": routeStatements.append(inner)
    case "unicast_peer": peerStatements.append(inner)
    case "garp_master_repeat", "garp_master_refresh": readAnnouncement(inner)
    case "track_interface": trackStatements.append(("Interface", inner))
    case "track_script": trackStatements.append(("Exec", inner))
    case "native_ipv6", "accept", "promote_secondaries", "check_unicast_src":
      // vipd always does that.
      inner.settle(0..<1)
    case let keyword where keyword.hasPrefix("notify"): skip(inner, Reasons.notify(name))
    case "smtp_alert": skip(inner, Reasons.mail)
    case "unicast_src_ip", "mcast_src_ip":
      skip(inner, "not imported: vipd sends from the interface's own address")
    default: skip(inner, Reasons.unknown)
    }
  }

  private mutating func assignSettled(_ section: String, _ line: String, _ inner: Statement, _ count: Int) {
    assign(section, line)
    inner.settle(0..<count)
  }

  /// Of several, keepalived takes the last.
  private mutating func replace(
    _ place: WritableKeyPath<InstanceConversion, Statement?>, _ inner: Statement
  ) {
    if let earlier = self[keyPath: place] { skip(earlier, "not imported: line \(inner.line) replaces it") }
    self[keyPath: place] = inner
  }

  private mutating func readInterface(_ inner: Statement) {
    guard let value = inner.values.first, InterfaceName.isOne(value), interface == nil else {
      return note(inner, "not imported: expected one name of an interface")
    }
    interface = value
    assignSettled("VirtualIP", "Interface=\(value)", inner, 2)
  }

  /// nil if it is none, which is noted.
  private mutating func readOctet(_ inner: Statement) -> Int? {
    guard let value = inner.values.first.flatMap({ Number.parse($0, 1...255) }) else {
      note(inner, "not imported: expected 1 to 255")
      return nil
    }
    inner.settle(0..<2)
    return value
  }

  mutating func assignPriority(_ value: Int) {
    priority = value
    let line = "Priority=\(value)"
    if let index = assignments.firstIndex(where: { $0.line.hasPrefix("Priority=") }) {
      assignments[index].line = line
    } else {
      assign("VRRP", line)
    }
  }

  private mutating func readVersion(_ inner: Statement) {
    guard let value = inner.values.first.flatMap({ Number.parse($0, 2...3) }) else {
      return note(inner, "not imported: expected 2 or 3")
    }
    version = value
    inner.settle(0..<2)
  }

  private mutating func readPreemptDelay(_ inner: Statement) {
    guard let span = inner.values.first.flatMap(Seconds.microseconds), span <= 1_000_000_000 else {
      return note(inner, "not imported: expected 0 to 1000 seconds")
    }
    assignSettled("VRRP", "PreemptDelaySec=\(TimeSpan.text(.microseconds(span)))", inner, 2)
  }

  private mutating func readVirtualMAC(_ inner: Statement) {
    if inner.values.isEmpty { return assignSettled("VirtualIP", "VirtualMAC=yes", inner, 1) }
    assign("VirtualIP", "VirtualMAC=yes")
    note(inner, "is VirtualMAC=yes: vipd names the interface and takes RFC 9568's hardware address")
  }

  private mutating func readAnnouncement(_ inner: Statement) {
    guard let value = inner.values.first, announcement(inner.keyword, value) != nil else {
      return note(inner, "not imported: out of the range that vip.conf(5) accepts")
    }
    announcements[inner.keyword] = value
    inner.settle(0..<2)
  }

  /// The line of [Announce] for a keyword of keepalived; nil if the value is not accepted.
  private func announcement(_ keyword: String, _ value: String) -> String? {
    switch keyword {
    case "garp_master_repeat": Number.parse(value, 1...100).map { "Repeat=\($0)" }
    case "garp_master_refresh":
      Number.parse(value, 0...86_400).map { $0 == 0 ? "RefreshSec=0" : "RefreshSec=\($0)s" }
    // The shortest that vipd knows is no burden.
    default:
      Seconds.microseconds(value).flatMap { span in
        (0...1_000_000).contains(span)
          ? "IntervalSec=\(span == 0 ? "0" : TimeSpan.text(.microseconds(max(span, 100))))" : nil
      }
    }
  }

  /// keepalived has a pace for each family, as the addresses have one here.
  private mutating func keepThePaceOfTheFamily() {
    let isIPv6 = addresses.contains { $0.address.family == .ipv6 }
    let isIPv4 = addresses.contains { $0.address.family == .ipv4 }
    let span = { [announcements] (keyword: String) in
      announcements[keyword].flatMap(Seconds.microseconds) ?? 0
    }
    let isSlowerIPv6 = span("gna_interval") > span("garp_interval")
    announcements[isIPv6 && (isSlowerIPv6 || !isIPv4) ? "garp_interval" : "gna_interval"] = nil
  }

  private mutating func convertAnnouncements() {
    keepThePaceOfTheFamily()
    for (keyword, value) in announcements.sorted(by: { $0.key > $1.key }) {
      if let line = announcement(keyword, value) {
        assign("Announce", line)
      } else {
        note(
          statement.line, "vrrp_\(keyword) \(value)",
          "not imported: out of the range that vip.conf(5) accepts")
      }
    }
  }

  // MARK: The version, and what depends on it

  private mutating func convertVersion() {
    if addresses.contains(where: { $0.address.family == .ipv6 }) { version = 3 }
    assign("VRRP", "Version=\(version)")
    convertInterval()
    if let authentication { convertAuthentication(authentication) }
  }

  /// keepalived's default is a second.
  private mutating func convertInterval() {
    let step = version == 2 ? 1_000_000 : 10_000
    let longest = version == 2 ? 40_000_000 : 40_950_000
    guard let interval else { return assign("VRRP", "AdvertisementIntervalSec=1s") }
    guard let asked = interval.values.first.flatMap(Seconds.microseconds) else {
      assign("VRRP", "AdvertisementIntervalSec=1s")
      return note(interval, "not imported: expected seconds; AdvertisementIntervalSec=1s instead")
    }
    let taken = min(max((asked + step / 2) / step * step, step), longest)
    let text = TimeSpan.text(.microseconds(taken))
    assign("VRRP", "AdvertisementIntervalSec=\(text)")
    if taken == asked {
      interval.settle(0..<2)
    } else {
      note(interval, "is \(text), as VRRPv\(version) can say it")
    }
  }

  private mutating func convertAuthentication(_ block: Statement) {
    let inner = block.block ?? []
    let kind = inner.last { $0.keyword == "auth_type" && $0.condition == nil }?.values.first
    let password = inner.last { $0.keyword == "auth_pass" && $0.condition == nil }
    // keepalived sends the first eight characters.
    let text = String(decoding: (password?.values.first ?? "").utf8.prefix(8), as: UTF8.self)
    guard version == 2, kind == "PASS", let password, !text.isEmpty,
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.last != "\\"
    else {
      let isOld = version == 3 ? "VRRPv3 has no authentication" : "only PASS with printable characters is"
      return skip(block, "not imported: \(isOld)")
    }
    assign("VRRP", "Authentication=\(text)")
    block.settle(0..<1)
    password.settle(0..<2)
    inner.last { $0.keyword == "auth_type" }?.settle(0..<2)
  }

  // MARK: The file

  private func text(_ name: String) -> String {
    var text = "# vip@\(name), from keepalived's vrrp_instance \((statement.values.first ?? "").printable)"
    text += " in line \(statement.line).\n"
    for note in notes { text += "# \(note)\n" }
    for section in ["VirtualIP", "VRRP", "Route", "Announce"] {
      let lines = assignments.filter { $0.section == section }.map(\.line)
      if !lines.isEmpty { text += Self.text(of: section, lines) }
    }
    for section in trackSections { text += Self.text(of: "Track", section.lines) }
    return text
  }

  private static func text(of section: String, _ lines: [String]) -> String {
    "\n[\(section)]\n" + lines.map { $0 + "\n" }.joined()
  }
}
