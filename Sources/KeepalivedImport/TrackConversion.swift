import Internet

/// Something that is tracked. A failure takes off the priority what the weight says, or forbids to own the address if
/// that is 0.
struct TrackedCheck {
  let key: String
  let value: String
  let weight: Int
  /// How a command is run, as lines of [Track]; nil for what is not run.
  var timing: [String]?

  var penalty: Int { abs(weight) }
}

/// A [Track]: checks with the same penalty, and commands with the same timing.
struct TrackSection {
  private var checks: [TrackedCheck]

  init(_ check: TrackedCheck) { checks = [check] }

  func hasRoom(for check: TrackedCheck) -> Bool {
    check.penalty == checks[0].penalty && (timing == nil || check.timing == nil || timing == check.timing)
  }

  mutating func append(_ check: TrackedCheck) { checks.append(check) }

  private var timing: [String]? { checks.lazy.compactMap(\.timing).first }

  var lines: [String] {
    let named = ["Interface", "Exec"].flatMap { key in checks.filter { $0.key == key } }
    let penalty = checks[0].penalty
    return named.map { "\($0.key)=\($0.value)" } + (timing ?? [])
      + (penalty == 0 ? [] : ["Penalty=\(penalty)"])
  }
}

extension InstanceConversion {
  /// A [Track] for every penalty and timing of what the blocks track.
  mutating func convertTracking() {
    var known: Set<String> = []
    for (key, block) in trackStatements {
      block.settle(0..<1)
      for line in block.block ?? [] {
        if let condition = line.condition {
          skip(line, condition)
        } else if let check = check(key, line) {
          if !known.insert("\(check.key)=\(check.value)").inserted {
            note(line, "not imported: it is tracked already")
            continue
          }
          line.settle(0..<1)
          if check.weight > 0 { raisePriority(by: check.weight, line) }
          if let index = trackSections.firstIndex(where: { $0.hasRoom(for: check) }) {
            trackSections[index].append(check)
          } else {
            trackSections.append(TrackSection(check))
          }
        }
      }
    }
  }

  /// What a success adds in keepalived is there from the beginning, and a failure takes it off.
  private mutating func raisePriority(by weight: Int, _ line: Statement) {
    let sum = priority + weight
    assignPriority(min(sum, 254))
    let limit = sum > 254 ? ", of which 254 is the highest" : ""
    note(line, "a weight of \(weight) is a part of Priority=\(limit), and a Penalty= while the check fails")
  }

  /// nil if it cannot be carried over, which is noted.
  private mutating func check(_ key: String, _ line: Statement) -> TrackedCheck? {
    let script = context.scripts[line.keyword]
    let options = Options(line, from: 1)
    let weight = options.value(of: "weight").map(Number.signed) ?? (key == "Exec" ? script?.weight : nil) ?? 0
    guard let weight, !line.values.contains("reverse") else {
      note(line, "not imported: a check of vipd takes off priority when it fails")
      return nil
    }
    guard weight == 0 || priority < 255 else {
      note(line, "not imported: weights change nothing for an address owner, which priority 255 is")
      return nil
    }
    if key == "Interface" {
      guard InterfaceName.isOne(line.keyword) else {
        note(line, "not imported: expected the name of an interface")
        return nil
      }
      options.settle("weight")
      return TrackedCheck(key: key, value: line.keyword, weight: weight)
    }
    usedScripts.insert(line.keyword)
    guard let script, let command = script.command else {
      note(line, "not imported: there is no such vrrp_script that could be")
      return nil
    }
    options.settle("weight")
    return TrackedCheck(key: key, value: command, weight: weight, timing: Self.timing(script))
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
