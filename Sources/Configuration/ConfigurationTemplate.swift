/// The text of a new configuration file, in which every key is explained.
public enum ConfigurationTemplate {
  /// Every key, as `Section.Key`.
  public static var keys: [String] { ConfigurationKey.all.map(\.qualifiedName) }

  /// A file for `instance` that assigns `values`, by `Section.Key`; the other keys are there as comments.
  public static func text(instance: String, values: [String: [String]]) -> String {
    var text = "# vip@\(instance), by \"vipctl new\". Every key is explained in vip.conf(5).\n"
    for section in ConfigurationKey.sections {
      text += "\n[\(section)]\n"
      for key in ConfigurationKey.keys(of: section) { text += lines(key, values[key.qualifiedName] ?? []) }
    }
    return text
  }

  private static func lines(_ key: ConfigurationKey, _ values: [String]) -> String {
    let assignments = values.isEmpty ? ["#\(key.name)="] : values.map { "\(key.name)=\($0)" }
    return "# Accepted: \(key.accepted). Default: \(key.fallback).\n"
      + assignments.map { $0 + "\n" }.joined()
  }

  /// What `text` means for `instance` on a host with these surroundings, or what is wrong with it; messages name
  /// `path`.
  public static func check(
    _ text: String, instance: String, path: String, surroundings: Surroundings
  ) throws(ConfigurationError) -> Configuration.Outcome {
    try Configuration.outcome(
      instance: instance, files: [ConfigurationFile(path: path, bytes: Array(text.utf8))],
      surroundings: surroundings)
  }
}
