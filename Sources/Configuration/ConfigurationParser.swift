import Internet

/// Turns the statements of an instance's files into a draft, in the files' order.
struct ConfigurationParser {
  private(set) var draft = Draft()

  /// Reads `files` in order: a later scalar replaces an earlier one, addresses add up.
  static func parse(_ files: [ConfigurationFile]) throws(ConfigurationError) -> Draft {
    var parser = ConfigurationParser()
    for file in files {
      var section: String?
      for statement in try ConfigurationSyntax.statements(of: file) {
        let place = Settings.Origin.file(file.path, line: statement.line)
        switch statement.kind {
        case .section(let name):
          try checkSection(name, place)
          section = name
          if name == ConfigurationKey.track { parser.draft.settings.beginTrack() }
        case .assignment(let key, let value):
          try parser.assign(key, value, in: section, place)
        }
      }
    }
    return parser.draft
  }

  private mutating func assign(
    _ name: String, _ value: String, in section: String?, _ place: Settings.Origin
  ) throws(ConfigurationError) {
    guard let section else { throw Self.outsideSection(name, place) }
    guard let key = ConfigurationKey.all.first(where: { $0.section == section && $0.name == name }) else {
      throw Self.unknownKey(name, in: section, place)
    }
    if value.isEmpty { return key.reset(&draft) }
    if !key.assign(&draft, value, place) { throw Self.notAccepted(value, key, place) }
  }

  private static func checkSection(_ name: String, _ place: Settings.Origin) throws(ConfigurationError) {
    if ConfigurationKey.sections.contains(name) { return }
    let remedy =
      nearest(to: name, in: ConfigurationKey.sections).map { "write [\($0)]" } ?? "move or remove the section"
    throw ConfigurationError(
      place: "\(place)", found: "unknown section \("[\(name)]".quoted)",
      accepted: "accepted: \(ConfigurationKey.sections.map { "[\($0)]" }.listed)", remedy: remedy)
  }

  private static func outsideSection(_ name: String, _ place: Settings.Origin) -> ConfigurationError {
    let home = ConfigurationKey.all.first { $0.name == name }?.section
    return ConfigurationError(
      place: "\(place)", found: "key \(name.quoted) before any section",
      accepted: "accepted: keys below \(ConfigurationKey.sections.map { "[\($0)]" }.listed)",
      remedy: home.map { "put [\($0)] above it" } ?? "put its section above it")
  }

  private static func unknownKey(
    _ name: String, in section: String, _ place: Settings.Origin
  ) -> ConfigurationError {
    let known = ConfigurationKey.keys(of: section).map(\.name)
    let remedy: String
    if let elsewhere = ConfigurationKey.all.first(where: { $0.name == name }) {
      remedy = "move it to [\(elsewhere.section)]"
    } else if let near = nearest(to: name, in: known) {
      remedy = "write \(near)="
    } else if let near = nearest(to: name, in: ConfigurationKey.all.map(\.name)),
      let elsewhere = ConfigurationKey.all.first(where: { $0.name == near })
    {
      remedy = "write \(near)= in [\(elsewhere.section)]"
    } else {
      remedy = "remove it"
    }
    return ConfigurationError(
      place: "\(place)", found: "unknown key \(name.quoted) in [\(section)]",
      accepted: "accepted: \(known.map { "\($0)=" }.listed)", remedy: remedy)
  }

  private static func notAccepted(
    _ value: String, _ key: ConfigurationKey, _ place: Settings.Origin
  ) -> ConfigurationError {
    let bytes = Array(value.utf8)
    let hasComment = bytes.indices.dropFirst().contains {
      (bytes[$0] == UInt8(ascii: "#") || bytes[$0] == UInt8(ascii: ";")) && bytes[$0 - 1] <= UInt8(ascii: " ")
    }
    let remedy: String
    if hasComment {
      remedy = "put the comment on a line of its own"
    } else {
      remedy = "correct the line, or remove it for the default: \(key.fallback)"
    }
    return ConfigurationError(
      place: "\(place)", found: "\(key.name)= is \(value.quoted)", accepted: "accepted: \(key.accepted)",
      remedy: remedy)
  }
}

extension [String] {
  /// `a, b and c`
  var listed: String {
    guard let last else { return "none" }
    return count == 1 ? last : dropLast().joined(separator: ", ") + " and " + last
  }
}

/// The candidate that a typing error most likely meant: at most a third of its letters differ.
func nearest(to name: String, in candidates: [String]) -> String? {
  guard name.utf8.count <= 64 else { return nil }
  let ranked = candidates.map { (candidate: $0, distance: editDistance(name.lowercased(), $0.lowercased())) }
  guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
  return best.distance <= max(1, best.candidate.utf8.count / 3) ? best.candidate : nil
}

/// Levenshtein's distance: how many letters must be inserted, removed or replaced.
func editDistance(_ left: String, _ right: String) -> Int {
  let (left, right) = (Array(left.utf8), Array(right.utf8))
  var row = Array(0...right.count)
  for (i, letter) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in right.enumerated() {
      let replaced = diagonal + (letter == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[right.count]
}
