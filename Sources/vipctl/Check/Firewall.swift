import Glibc

/// What the host's packet filter does to VRRP.
enum Firewall {
  /// Reads the rules of nftables, those of iptables-nft among them, or of the older iptables. Needs root.
  static func findings() -> [Finding] {
    if let rules = output(of: "nft list ruleset 2>/dev/null") { return findings(nftables: rules) }
    if let rules = output(of: "iptables-save 2>/dev/null") { return findings(iptables: rules) }
    return [.skipped("firewall", "neither nft(8) nor iptables(8) is installed, or they refuse")]
  }

  /// `rules` as `nft list ruleset` prints them.
  static func findings(nftables rules: String) -> [Finding] {
    var findings: [Finding] = []
    var (table, chain, hook) = ("", "", "")
    var isClosed = false
    var isOpen = false
    func endChain() {
      if isClosed && !isOpen { findings.append(closed("\(table) \(chain)", hook)) }
      (isClosed, isOpen, hook) = (false, false, "")
    }
    for line in rules.split(separator: "\n").map({ $0.drop { $0 == " " || $0 == "\t" } }) {
      let words = line.split(separator: " ").map(String.init)
      switch words.first {
      case "table": table = words.dropFirst().prefix(2).joined(separator: " ")
      case "chain":
        endChain()
        chain = words.count > 1 ? words[1] : ""
      case "type":
        hook = words.firstIndex(of: "hook").map { words[$0 + 1] } ?? ""
        isClosed = line.contains("policy drop") && ["input", "output"].contains(hook)
      default:
        guard namesVRRP(words) else { continue }
        if words.contains("drop") || words.contains("reject") {
          findings.append(dropped("nftables, \(table) \(chain)", String(line)))
        } else if words.contains("accept") {
          isOpen = true
        }
      }
    }
    endChain()
    return findings.isEmpty ? [.ok("firewall", "no rule of nftables drops VRRP")] : findings
  }

  /// `rules` as `iptables-save` prints them.
  static func findings(iptables rules: String) -> [Finding] {
    let lines = rules.split(separator: "\n").map(String.init)
    let relevant = lines.filter { line in
      let words = line.split(separator: " ").map(String.init)
      return words.first == "-A" && namesVRRP(words)
    }
    var findings = relevant.filter { $0.contains("-j DROP") || $0.contains("-j REJECT") }.map {
      dropped("iptables", $0)
    }
    for hook in ["INPUT", "OUTPUT"] where lines.contains(where: { $0.hasPrefix(":\(hook) DROP") }) {
      let isOpen = relevant.contains { $0.hasPrefix("-A \(hook) ") && $0.contains("-j ACCEPT") }
      if !isOpen { findings.append(closed("iptables \(hook)", hook.lowercased())) }
    }
    return findings.isEmpty ? [.ok("firewall", "no rule of iptables drops VRRP")] : findings
  }

  private static func namesVRRP(_ words: [String]) -> Bool {
    zip(words, words.dropFirst()).contains { key, value in
      ["protocol", "l4proto", "nexthdr", "-p"].contains(key) && ["112", "vrrp"].contains(value)
    }
  }

  private static func dropped(_ place: String, _ rule: String) -> Finding {
    .bad("firewall", "\(place) drops VRRP: \(rule)", "delete that rule, on every host of the VIP")
  }

  private static func closed(_ place: String, _ hook: String) -> Finding {
    .note(
      "firewall", "\(place) drops by default, and no rule there names VRRP",
      "let IP protocol 112 \(hook == "output" ? "out" : "in"), as in: nft add rule … ip protocol vrrp accept")
  }

  /// What `command` prints, at most 4 MiB; nil if it fails. No word of it comes from elsewhere.
  private static func output(of command: String) -> String? {
    guard let stream = popen(command, "re") else { return nil }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while bytes.count < 4 << 20 {
      let count = fread(&chunk, 1, chunk.count, stream)
      if count == 0 { break }
      bytes += chunk.prefix(count)
    }
    return pclose(stream) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
  }
}
