import Foundation

/// A minimal Debian with systemd, made once by debootstrap and read by every container, and packages on top of it.
struct ContainerImage: Sendable {
  /// The directories that make up the image, the uppermost first, as overlayfs wants them.
  let layers: String

  /// Packages beyond the minimal ones: systemd to boot, iproute2 and net-tools to look at addresses, and what the
  /// vipd package depends on, so that installing it needs no network.
  private static let packages = [
    "dbus", "iproute2", "libnl-3-200", "libnl-route-3-200", "libstdc++6", "net-tools", "systemd",
    "systemd-sysv",
  ]

  /// Finds the image under `cache`, or makes it: about 40 s and 250 MB, and a layer for `packages`.
  ///
  /// - Throws: `ContainerError` when apt has no usable mirror, or debootstrap or apt fails.
  init(cache: URL, packages: [String]) throws {
    let mirror = try Mirror.ofThisMachine()
    let name = ([mirror.suite] + Self.packages).joined(separator: ",")
    let root = try Self.directory(in: cache, for: name) { partial in
      print("Making a Debian image for the containers (once, about a minute) ...")
      try ContainerCommand.require(
        ["debootstrap", "--variant=minbase", "--include=" + Self.packages.joined(separator: ",")]
          + (mirror.isTrusted ? ["--no-check-gpg"] : []) + [mirror.suite, partial.path, mirror.site],
        environment: mirror.environment)
      // The running system's own lists and hosts are of no use inside, and each host gets its own identity.
      try? FileManager.default.removeItem(at: partial.appendingPathComponent("etc/machine-id"))
      return partial
    }
    guard !packages.isEmpty else {
      layers = root.path
      return
    }
    let layer = try Self.directory(in: cache, for: "\(name)+" + packages.joined(separator: ",")) { partial in
      print("Adding \(packages.joined(separator: ", ")) (once, about a minute) ...")
      try ContainerCommand.require(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
          + [
            "bash", "-ec", Self.layerScript, root.path, partial.path, mirror.isTrusted ? "[trusted=yes]" : "",
          ]
          + [mirror.site, mirror.suite] + packages,
        environment: mirror.environment)
      return partial.appendingPathComponent("layer")
    }
    layers = "\(layer.path):\(root.path)"
  }

  /// The directory under `cache` that is named after its contents; `make` makes them, or a part of a directory, if
  /// it is not there.
  private static func directory(in cache: URL, for name: String, make: (URL) throws -> URL) throws -> URL {
    let directory = cache.appendingPathComponent("image-\(fingerprint(name))", isDirectory: true)
    let files = FileManager.default
    guard !files.fileExists(atPath: directory.path) else { return directory }
    let partial = cache.appendingPathComponent("partial-\(getpid())", isDirectory: true)
    try files.createDirectory(at: partial, withIntermediateDirectories: true)
    defer { try? files.removeItem(at: partial) }
    try files.moveItem(at: make(partial), to: directory)
    return directory
  }

  /// Installs packages over the image: what that writes is the layer. No service is started; should one be, it ends
  /// with this script.
  private static let layerScript = """
    image=$0 work=$1 trusted=$2 site=$3 suite=$4
    shift 4
    mkdir "$work/layer" "$work/work" "$work/root"
    mount -t overlay overlay -o "lowerdir=$image,upperdir=$work/layer,workdir=$work/work" "$work/root"
    cd "$work/root"
    mount -t proc proc proc
    mount -t tmpfs tmpfs tmp
    mkdir -p dev/shm
    mount -t tmpfs tmpfs dev/shm
    cat /etc/resolv.conf >etc/resolv.conf
    printf '#!/bin/sh\\nexit 101\\n' >usr/sbin/policy-rc.d
    chmod 755 usr/sbin/policy-rc.d
    echo "deb $trusted $site $suite main" >etc/apt/sources.list
    export DEBIAN_FRONTEND=noninteractive
    chroot . apt-get -qq update
    chroot . apt-get -qq install --yes --no-install-recommends "$@"
    chroot . apt-get clean
    rm -rf usr/sbin/policy-rc.d var/lib/apt/lists/*
    cd /
    umount --recursive "$work/root"
    """

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
