import Internet

extension InstanceConversion {
  /// Something that is tracked. A failure takes `penalty` off the priority, or with 0 forbids to own the
  /// address.
  private struct Check {
    let key: String
    let value: String
    let penalty: Int
    let line: Statement
    var script: Script?
  }

  /// [Track] from all blocks that track something. It has one penalty and one timing for all.
  mutating func convertTracking() {
    var checks: [Check] = []
    for (key, block) in trackStatements {
      block.settle(0..<1)
      for line in block.block ?? [] {
        if let condition = line.condition {
          skip(line, condition)
        } else if let check = check(key, line) {
          checks.append(check)
        }
      }
    }
    // Whatever must hold matters more than what only counts.
    guard let penalty = checks.map(\.penalty).min(by: { $0 == 0 && $1 != 0 }) else { return }
    let common = checks.filter { $0.penalty == penalty }
    for check in checks where check.penalty != penalty {
      note(check.line, "not imported: [Track] has one Penalty= for all, which is \(penalty)")
    }
    for key in ["Interface", "Exec"] {
      for check in common where check.key == key {
        assign("Track", "\(key)=\(check.value)")
        check.line.settle(0..<1)
      }
    }
    convertTiming(common)
    if penalty != 0 { assign("Track", "Penalty=\(penalty)") }
  }

  /// nil if it cannot be carried over, which is noted.
  private mutating func check(_ key: String, _ line: Statement) -> Check? {
    let script = context.scripts[line.keyword]
    let options = Options(line, from: 1)
    let weight = options.value(of: "weight").map(Number.signed) ?? (key == "Exec" ? script?.weight : nil) ?? 0
    guard let weight, weight <= 0, !line.values.contains("reverse") else {
      note(line, "not imported: a check of vipd takes off priority when it fails, never adds")
      return nil
    }
    if key == "Interface" {
      guard InterfaceName.isOne(line.keyword) else {
        note(line, "not imported: expected the name of an interface")
        return nil
      }
      options.settle("weight")
      return Check(key: key, value: line.keyword, penalty: -weight, line: line)
    }
    usedScripts.insert(line.keyword)
    guard let script, let command = script.command else {
      note(line, "not imported: there is no such vrrp_script that could be")
      return nil
    }
    options.settle("weight")
    return Check(key: key, value: command, penalty: -weight, line: line, script: script)
  }

  /// The first command's timing, for all.
  private mutating func convertTiming(_ checks: [Check]) {
    let scripts = checks.compactMap(\.script)
    guard let first = scripts.first else { return }
    let timing = Self.timing(first)
    for line in timing { assign("Track", line) }
    for script in scripts.dropFirst() {
      for (own, common) in zip(Self.timing(script), timing) where own != common {
        note(
          script.line, "\(own) of \(script.name)", "not imported: [Track] has one for all commands, \(common)"
        )
      }
    }
  }

  private static func timing(_ script: Script) -> [String] {
    func span(_ text: String, _ range: ClosedRange<Int>) -> String {
      let asked = Seconds.microseconds(text) ?? range.lowerBound
      return TimeSpan.text(.microseconds(min(max(asked, range.lowerBound), range.upperBound)))
    }
    return [
      "IntervalSec=\(span(script.interval, 100_000...3_600_000_000))",
      "TimeoutSec=\(span(script.timeout ?? script.interval, 10_000...600_000_000))",
      "Rise=\(script.rise)", "Fall=\(script.fall)",
    ]
  }
}
