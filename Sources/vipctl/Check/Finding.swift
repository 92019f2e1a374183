import Internet

/// What a check came to.
struct Finding: Hashable, Encodable {
  enum Result: String, Encodable {
    case ok
    /// Worth knowing.
    case note
    /// Needs somebody.
    case bad
    /// Could not be looked at.
    case skipped
  }

  let result: Result
  /// What was looked at, in a word or two.
  let subject: String
  let text: String
  /// What to do.
  var remedy: String?

  static func ok(_ subject: String, _ text: String) -> Finding {
    Finding(result: .ok, subject: subject, text: text)
  }

  static func note(_ subject: String, _ text: String, _ remedy: String? = nil) -> Finding {
    Finding(result: .note, subject: subject, text: text, remedy: remedy)
  }

  static func bad(_ subject: String, _ text: String, _ remedy: String) -> Finding {
    Finding(result: .bad, subject: subject, text: text, remedy: remedy)
  }

  static func skipped(_ subject: String, _ text: String) -> Finding {
    Finding(result: .skipped, subject: subject, text: text)
  }
}

/// What was found of one instance.
struct Checkup: Encodable {
  let instance: String
  var findings: [Finding] = []

  var isWell: Bool { !findings.contains { $0.result == .bad } }

  /// The worst first.
  func lines(on terminal: Terminal) -> [String] {
    let order: [Finding.Result] = [.bad, .note, .skipped, .ok]
    let sorted = order.flatMap { result in findings.filter { $0.result == result } }
    let width = findings.map(\.subject.count).max() ?? 0
    return [terminal.styled(instance, .strong)]
      + sorted.flatMap { finding in
        let subject = finding.subject + String(repeating: " ", count: width - finding.subject.count)
        let mark = finding.result.rawValue
        let head =
          "  \(terminal.styled(mark, finding.result.style))\(String(repeating: " ", count: 9 - mark.count))"
        let margin = 11 + width + 2
        let indent = String(repeating: " ", count: margin)
        let text = wrap(finding.text.printable, to: terminal.width, indent: margin)
        let remedy = finding.remedy.map { wrap("-> \($0.printable)", to: terminal.width, indent: margin) }
        return ["\(head)\(subject)  \(text[0])"] + text.dropFirst()
          + (remedy.map { [indent + $0[0]] + $0.dropFirst() } ?? [])
      }
  }
}

extension Finding.Result {
  fileprivate var style: Terminal.Style {
    switch self {
    case .ok: .plain
    case .note: .warning
    case .bad: .trouble
    case .skipped: .faint
    }
  }
}
