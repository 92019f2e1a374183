import Foundation

/// A minimal Debian with systemd, made once by debootstrap and read by every container.
struct ContainerImage: Sendable {
  /// The root directory of the image.
  let root: URL

  /// Packages beyond the minimal ones: systemd to boot, iproute2 and net-tools to look at addresses, and what the
  /// vipd package depends on, so that installing it needs no network.
  private static let packages = [
    "dbus", "iproute2", "libnl-3-200", "libnl-route-3-200", "libstdc++6", "net-tools", "systemd",
    "systemd-sysv",
  ]

  /// Finds the image under `cache`, or makes it: about 40 s and 250 MB.
  ///
  /// - Throws: `ContainerError` when apt has no usable mirror or debootstrap fails.
  init(cache: URL) throws {
    let mirror = try Mirror.ofThisMachine()
    let name = ([mirror.suite] + Self.packages).joined(separator: ",")
    root = cache.appendingPathComponent("image-\(Self.fingerprint(name))", isDirectory: true)
    let files = FileManager.default
    guard !files.fileExists(atPath: root.path) else { return }

    let partial = cache.appendingPathComponent("partial-\(getpid())", isDirectory: true)
    try files.createDirectory(at: partial, withIntermediateDirectories: true)
    defer { try? files.removeItem(at: partial) }
    print("Making a Debian image for the containers (once, about a minute) ...")
    try ContainerCommand.require(
      ["debootstrap", "--variant=minbase", "--include=" + Self.packages.joined(separator: ",")]
        + (mirror.isTrusted ? ["--no-check-gpg"] : []) + [mirror.suite, partial.path, mirror.site],
      environment: mirror.environment)
    // The running system's own lists and hosts are of no use inside, and each host gets its own identity.
    try? files.removeItem(at: partial.appendingPathComponent("etc/machine-id"))
    try files.moveItem(at: partial, to: root)
  }

  /// FNV-1a, to name the directory after its contents.
  private static func fingerprint(_ text: String) -> String {
    let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}

/// Where this machine's apt gets its own release from.
private struct Mirror {
  let site: String
  let suite: String
  let isTrusted: Bool
  let environment: [String: String]

  static func ofThisMachine() throws -> Mirror {
    let release = try String(contentsOfFile: "/etc/os-release", encoding: .utf8)
    guard let line = release.split(separator: "\n").first(where: { $0.hasPrefix("VERSION_CODENAME=") }) else {
      throw ContainerError(description: "/etc/os-release has no VERSION_CODENAME=")
    }
    let suite = String(line.dropFirst("VERSION_CODENAME=".count))
    let targets = try ContainerCommand.require([
      "apt-get", "indextargets", "--format", "$(SITE) $(CODENAME) $(COMPONENT) $(TRUSTED)",
      "Created-By: Packages",
    ])
    for target in targets.split(separator: "\n") {
      let fields = target.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 4, fields[1] == suite, fields[2] == "main", fields[0].hasPrefix("http") else {
        continue
      }
      return Mirror(
        site: fields[0], suite: suite, isTrusted: fields[3] == "yes", environment: try proxy())
    }
    throw ContainerError(description: "apt has no http source of \(suite) main (apt-get indextargets)")
  }

  /// debootstrap does not read apt's configuration.
  private static func proxy() throws -> [String: String] {
    var environment: [String: String] = [:]
    for scheme in ["http", "https"] {
      let value = try ContainerCommand.require([
        "sh", "-c", "eval \"$(apt-config shell proxy Acquire::\(scheme)::Proxy)\"; echo \"$proxy\"",
      ])
      if !value.isEmpty, value != "DIRECT" { environment["\(scheme)_proxy"] = value }
    }
    return environment
  }
}
