import Foundation
import Lab

/// Two booted hosts with the built package, shared by all tests: booting and installing takes longer than a test.
struct Pair {
  static let vip = "192.168.1.219"
  static let unit = "vip@219.service"

  let lab: ContainerLab
  var hosts: [Container] { lab.hosts }

  private static let lab = Result {
    try ContainerLab(octets: [217, 218], cache: root.appendingPathComponent(".build/containers"))
  }

  /// The built package, which `make deb` writes.
  static func package() throws -> URL {
    let directory = root.appendingPathComponent(".build")
    let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
    guard let package = files.first(where: { $0.pathExtension == "deb" }) else {
      throw ContainerFailure("there is no \(directory.path)/vipd_*.deb: run 'make deb' first")
    }
    return package
  }

  /// Hosts that are on and have the package, without configuration and without a running or enabled instance.
  init() throws {
    lab = try Self.lab.get()
    for host in hosts {
      if !host.isOn { try host.boot() }
      if try host.run(["dpkg", "--status", "vipd"]).status != 0 { try install(on: host) }
      try host.shell(
        """
        systemctl stop \(Self.unit)
        systemctl reset-failed \(Self.unit) 2>/dev/null || true
        systemctl disable --quiet \(Self.unit)
        systemctl start vip.target
        rm -rf /etc/vip/*
        """)
    }
  }

  func install(on host: Container) throws {
    try host.copy(Self.package(), to: "/root/package.deb")
    try host.install("/root/package.deb")
  }

  /// Starts the instance on both hosts and waits until one of them has the address.
  func start() throws -> (owner: Container, other: Container) {
    for host in hosts { try host.shell("systemctl start \(Self.unit)") }
    let owner = try settle()
    return (owner, hosts[hosts[0].name == owner.name ? 1 : 0])
  }

  /// Waits for one owner, and then watches for a second that it is and stays the only one.
  @discardableResult
  func settle(on expected: Container? = nil) throws -> Container {
    try eventually("one owner\(expected.map { ", \($0.name)" } ?? "")") {
      let owners = try lab.owners(of: Self.vip)
      return owners.count == 1 && (expected == nil || owners[0].name == expected?.name)
    }
    let owner = try lab.owners(of: Self.vip)
    for _ in 0..<10 {
      Thread.sleep(forTimeInterval: 0.1)
      let now = try lab.owners(of: Self.vip)
      guard now.count == 1, now.map(\.name) == owner.map(\.name) else {
        throw ContainerFailure("owners were \(owner.map(\.name)), then \(now.map(\.name))")
      }
    }
    return owner[0]
  }

  /// The configuration of Prometheus that is shipped.
  static let examples = root.appendingPathComponent("packaging/examples/prometheus")

  /// The repository.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

struct ContainerFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Asks every 100 ms; the limit is generous, because the machine may be busy.
func eventually(
  _ what: String, within limit: Duration = .seconds(20), _ condition: () throws -> Bool
) throws {
  let clock = ContinuousClock()
  let end = clock.now + limit
  while try !condition() {
    guard clock.now < end else { throw ContainerFailure("not within \(limit): \(what)") }
    Thread.sleep(forTimeInterval: 0.1)
  }
}

extension Container {
  /// A property of the unit, as systemctl show prints it.
  func property(_ name: String) throws -> String {
    try shell("systemctl show --value --property=\(name) \(Pair.unit)")
  }

  /// What systemd-analyze security says of a unit, 0 to 10.
  func exposure(of unit: String) throws -> Double {
    let report = try shell("systemd-analyze security --no-pager \(unit)")
    let words = report.split(separator: "\n").last?.split(separator: " ") ?? []
    guard let exposure = words.lazy.compactMap({ Double($0) }).first else {
      throw ContainerFailure("\(name): no exposure of \(unit): \(report)")
    }
    return exposure
  }

  func mainPID() throws -> Int {
    let text = try property("MainPID")
    guard let pid = Int(text), pid > 0 else {
      throw ContainerFailure("\(self.name): no daemon (MainPID=\(text))")
    }
    return pid
  }

  /// The `KEY: value` lines of a file.
  func fields(of file: String) throws -> [String: String] {
    var fields: [String: String] = [:]
    for line in try shell("cat \(file)").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      fields[String(parts[0])] = parts.last?.trimmingCharacters(in: .whitespaces)
    }
    return fields
  }

  func install(_ package: String, options: String = "") throws {
    try shell("DEBIAN_FRONTEND=noninteractive apt-get install --yes \(options) \(package)", limit: 120)
  }

  func configure(_ text: String) throws {
    try shell("cat >/etc/vip/219.conf <<'END'\n\(text)\nEND")
  }

  func journal() throws -> String {
    try shell("journalctl --sync; journalctl --boot --unit=\(Pair.unit) --output=cat --no-pager")
  }

  /// The journal's entries that match, of the time since the last boot.
  func entries(_ matches: String) throws -> [[String: Any]] {
    let lines = try shell(
      "journalctl --sync; journalctl --boot --unit=\(Pair.unit) \(matches) --output=json --no-pager")
    return try lines.split(separator: "\n").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  /// The file `state` of the instance's runtime directory, read by a user without any rights.
  func state() throws -> [String: String] {
    let text = try shell("setpriv --reuid=65534 --clear-groups cat /run/vip/219/state")
    return text.split(separator: "\n").reduce(into: [:]) { state, line in
      let parts = line.split(separator: "=", maxSplits: 1)
      state[String(parts[0])] = parts.last?.trimmingCharacters(in: ["\""])
    }
  }
}
