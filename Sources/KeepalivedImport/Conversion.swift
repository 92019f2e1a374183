/// Takes a whole configuration apart: global settings, scripts and groups first, because instances refer to
/// them.
struct Conversion: NoteTaker {
  let statements: [Statement]
  var notes: [ImportNote]
  private var context = Context()

  /// What instances share.
  struct Context {
    /// `vrrp_version`; keepalived's default is 2.
    var version = 2
    /// `vrrp_garp_master_repeat`, `vrrp_garp_master_refresh`, `vrrp_garp_interval` and `vrrp_gna_interval`.
    var announcements: [String: String] = [:]
    var scripts: [String: Script] = [:]
    /// The group of an instance, by their names.
    var groups: [String: String] = [:]
    var usedScripts: Set<String> = []
  }

  init(_ text: String) {
    (statements, notes) = Parser.parse(text)
  }

  mutating func finish() -> (instances: [ImportedInstance], notes: [ImportNote]) {
    for statement in statements where statement.condition != nil {
      skip(statement, statement.condition ?? "")
    }
    let certain = statements.filter { $0.condition == nil }
    for statement in certain where statement.keyword != "vrrp_instance" { readShared(statement) }
    var instances: [ImportedInstance] = []
    for statement in certain where statement.keyword == "vrrp_instance" {
      var conversion = InstanceConversion(statement, context)
      let name = unused(conversion.name, instances.map(\.name))
      instances.append(conversion.convert(as: name))
      context.usedScripts.formUnion(conversion.usedScripts)
    }
    for script in context.scripts.values where !context.usedScripts.contains(script.name) {
      note(script.line, "vrrp_script \(script.name)", "no instance that was imported tracks it")
    }
    return (instances, notes.sorted { $0.line < $1.line })
  }

  private func unused(_ name: String, _ taken: [String]) -> String {
    if !taken.contains(name) { return name }
    var number = 2
    while taken.contains("\(name)-\(number)") { number += 1 }
    return "\(name)-\(number)"
  }

  private mutating func readShared(_ statement: Statement) {
    switch statement.keyword {
    case "global_defs": readGlobals(statement)
    case "vrrp_script":
      let script = Script(statement)
      context.scripts[script.name] = script
      notes += script.notes
    case "vrrp_sync_group": readGroup(statement)
    case "virtual_server", "virtual_server_group", "SSL":
      skip(statement, "not imported: vipd does not balance load; keepalived can go on doing it")
    case "{": skip(statement, "not imported: a block without a keyword")
    default: skip(statement, "not imported: it has no counterpart in vipd")
    }
  }

  private mutating func readGlobals(_ statement: Statement) {
    statement.settle(0..<1)
    for inner in statement.block ?? [] {
      if let condition = inner.condition {
        skip(inner, condition)
        continue
      }
      switch (inner.keyword, inner.values.first) {
      case ("vrrp_version", let value?) where ["2", "3"].contains(value):
        context.version = value == "2" ? 2 : 3
        inner.settle(0..<2)
      case ("vrrp_garp_master_repeat", let value?), ("vrrp_garp_master_refresh", let value?),
        ("vrrp_garp_interval", let value?), ("vrrp_gna_interval", let value?):
        context.announcements[String(inner.keyword.dropFirst("vrrp_".count))] = value
        inner.settle(0..<2)
      default:
        let isMail = inner.keyword.hasPrefix("smtp_") || inner.keyword.hasPrefix("notification_email")
        skip(inner, isMail ? Reasons.mail : Reasons.unknown)
      }
    }
    noteRest(of: statement)
  }

  private mutating func readGroup(_ statement: Statement) {
    let name = statement.values.first ?? ""
    statement.settle(0..<2)
    for inner in statement.block ?? [] {
      if inner.condition == nil && inner.keyword == "group" {
        inner.settle(0..<1)
        for member in inner.block ?? [] {
          if member.condition == nil {
            for word in member.words where context.groups[word.text] == nil {
              context.groups[word.text] = name
              member.settle()
            }
          } else {
            skip(member, member.condition ?? "")
          }
        }
      } else {
        let isScript = inner.keyword.hasPrefix("notify")
        skip(
          inner,
          inner.condition ?? (isScript ? Reasons.notify("NAME") : Reasons.unknown))
      }
    }
    noteRest(of: statement)
  }
}

/// Why things are not carried over.
enum Reasons {
  static let unknown = "not imported: it has no counterpart in vipd"
  static let mail = "not imported: vipd sends no mail; its journal has a message for every transition"

  static func notify(_ name: String) -> String {
    "not imported: bind a unit to vip-active@\(name).target, which is up while this host has the address"
  }
}
