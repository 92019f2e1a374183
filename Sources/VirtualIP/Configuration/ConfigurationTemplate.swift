/// The text of a new configuration file, in which every key is explained.
public enum ConfigurationTemplate {
  /// Every key, as `Section.Key`.
  public static var keys: [String] { ConfigurationKey.all.map(\.qualifiedName) }

  /// A file for `instance` that assigns `values`, by `Section.Key`; the other keys are there as comments.
  public static func text(instance: String, values: [String: [String]]) -> String {
    var text = "# vip@\(instance), by \"vipctl new\". Every key is explained in vip.conf(5).\n"
    var section = ""
    for key in ConfigurationKey.all {
      if key.section != section { text += "\n[\(key.section)]\n" }
      section = key.section
      text += "# Accepted: \(key.accepted). Default: \(key.fallback).\n"
      if let values = values[key.qualifiedName], !values.isEmpty {
        for value in values { text += "\(key.name)=\(value)\n" }
      } else {
        text += "#\(key.name)=\n"
      }
    }
    return text
  }

  /// The effective settings that `text` gives `instance` on a host with these surroundings, or what is wrong
  /// with it; messages name `path`.
  public static func check(
    _ text: String, instance: String, path: String, surroundings: Surroundings
  ) throws(ConfigurationError) -> Settings {
    try Configuration.resolve(
      instance: instance, files: [ConfigurationFile(path: path, bytes: Array(text.utf8))],
      surroundings: surroundings)
  }
}
