import Control
import Glibc
import Linux

/// Which instances this host has, running or not.
struct InstanceList {
  /// An instance and why it is listed.
  struct Known: Hashable {
    let name: String
    /// Starts with the system.
    var isEnabled = false
    /// Has a configuration file.
    var isConfigured = false
    /// Has a runtime directory, and so runs or ran.
    var hasRun = false
  }

  let runtime: String
  let configuration: String

  /// Where the package keeps them.
  static let standard = InstanceList(runtime: "/run/vip", configuration: "/etc/vip")
  /// Where `systemctl enable` leaves its links.
  static let wants = "/etc/systemd/system/vip.target.wants"

  /// All of them, numbers in their order before names.
  func all() -> [Known] {
    var known: [String: Known] = [:]
    for name in Directory.entries(of: runtime) where isDirectory("\(runtime)/\(name)") {
      known[name, default: Known(name: name)].hasRun = true
    }
    for name in names(in: configuration, "", ".conf") {
      known[name, default: Known(name: name)].isConfigured = true
    }
    for name in names(in: Self.wants, "vip@", ".service") where configuration == "/etc/vip" {
      known[name, default: Known(name: name)].isEnabled = true
    }
    return known.values.sorted { Self.precedes($0.name, $1.name) }
  }

  /// The one that is called `name`, if there is.
  func find(_ name: String) -> Known? { all().first { $0.name == name } }

  /// The socket of `name`.
  func socket(of name: String) -> String { InstanceInterface.socket(in: "\(runtime)/\(name)") }

  private static func precedes(_ left: String, _ right: String) -> Bool {
    switch (Int(left), Int(right)) {
    case (.some(let left), .some(let right)): left < right
    case (.some, nil): true
    case (nil, .some): false
    case (nil, nil): left < right
    }
  }

  private func names(in directory: String, _ prefix: String, _ suffix: String) -> [String] {
    Directory.entries(of: directory).filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.map {
      String($0.dropFirst(prefix.count).dropLast(suffix.count))
    }.filter { !$0.isEmpty && !$0.hasPrefix(".") }
  }

  private func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
