import Foundation
import Lab

/// Two booted hosts with PostgreSQL, set up once by the commands of the example's README.
struct DatabasePair {
  static let postgresql = "postgresql@15-main.service"

  let lab: ContainerLab
  var hosts: [Container] { lab.hosts }

  private static let lab = Result {
    let lab = try ContainerLab(
      octets: [217, 218], cache: Pair.root.appendingPathComponent(".build/containers"),
      packages: ["postgresql-15"])
    let (first, second) = (lab.hosts[0], lab.hosts[1])
    for host in lab.hosts {
      try host.copy(Pair.package(), to: "/root/package.deb")
      try host.install("/root/package.deb")
      try host.installSudo()
      try follow("On both hosts", on: host)
    }
    try follow("On 192.168.1.217, the first primary", on: first)
    try eventually("\(first.name) has the address") { try first.has(Pair.vip) }
    try follow("On 192.168.1.218, the first standby", on: second)
    try first.query("CREATE ROLE app LOGIN PASSWORD 'app'")
    try first.query("CREATE TABLE log (number integer)")
    try first.query("GRANT INSERT ON log TO app")
    return lab
  }

  /// Runs the commands that the README shows below a heading.
  static func follow(_ heading: String, on host: Container) throws {
    let file = Pair.root.appendingPathComponent("packaging/examples/postgresql/README.md")
    let blocks = try CommandBlock.ofMarkdown(file).filter { $0.heading == heading }
    guard !blocks.isEmpty else { throw ContainerFailure("\(file.path) has no commands below '\(heading)'") }
    for block in blocks { try host.shell(block.text, limit: 60) }
  }

  let primary: Container
  let standby: Container

  /// A primary that has the address, and a standby that may take over.
  init() throws {
    lab = try Self.lab.get()
    for host in lab.hosts where !host.isOn { try host.boot() }
    let lab = lab
    try Self.explained(by: lab.hosts) {
      try eventually("there is one owner", within: .seconds(30)) { try lab.owners(of: Pair.vip).count == 1 }
    }
    primary = try lab.owners(of: Pair.vip)[0]
    standby = lab.hosts[lab.hosts[0].name == primary.name ? 1 : 0]
    try Self.waitUntilReady(standby, for: primary)
  }

  /// Adds to an error of `body` what the hosts know.
  func explained(_ body: () throws -> Void) throws { try Self.explained(by: hosts, body) }

  private static func explained(by hosts: [Container], _ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      let accounts = hosts.map { "== \($0.name)\n\((try? $0.account()) ?? "cannot be asked")" }
      throw ContainerFailure("\(error)\n\(accounts.joined(separator: "\n"))")
    }
  }

  static func waitUntilReady(_ standby: Container, for primary: Container) throws {
    try explained(by: [primary, standby]) {
      try eventually("\(standby.name) may take over", within: .seconds(60)) {
        let text = try primary.shell("vipctl show 219 --json || true")
        let view = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let peers = view?["peers"] as? [[String: Any]] ?? []
        return peers.contains { $0["address"] as? String == standby.address && $0["ready"] as? Bool == true }
      }
    }
  }
}

/// A client that commits one row after the other through the VIP, with a new connection each, and remembers which
/// commits were acknowledged.
struct Writer {
  let lab: ContainerLab
  let directory: String

  init(_ lab: ContainerLab) throws {
    self.lab = lab
    // What is there goes with the lab.
    let files = Pair.root.appendingPathComponent(".build/containers/hosts").path
    directory = try lab.client("mktemp --directory --tmpdir='\(files)'").output
    let outcome = try lab.client(
      """
      export PGPASSWORD=app
      setsid bash -c '\(Self.script)' '\(directory)' </dev/null >'\(directory)/errors' 2>&1 &
      """)
    guard outcome.status == 0 else { throw ContainerFailure(outcome.output) }
  }

  /// What was acknowledged, and when, in seconds.
  func acknowledged() throws -> [(number: Int, time: Double)] {
    try lines("acknowledged").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count == 2, let number = Int(fields[0]), let time = Double(fields[1]) else { return nil }
      return (number, time)
    }
  }

  /// Waits until `count` more commits were acknowledged.
  func waitForCommits(_ count: Int = 20, within limit: Duration = .seconds(60)) throws {
    let before = try acknowledged().count
    try eventually("\(count) commits", within: limit) { try acknowledged().count >= before + count }
  }

  /// Ends it.
  func stop() throws {
    _ = try lab.client(
      "touch '\(directory)/stop'; while ! [ -e '\(directory)/stopped' ]; do sleep 0.1; done", limit: 10)
  }

  /// What the last attempts that failed said.
  func failures() throws -> [String] { try Array(lines("failed").suffix(10)) }

  private func lines(_ file: String) throws -> [String] {
    try lab.client("cat '\(directory)/\(file)' 2>/dev/null || true").output.split(separator: "\n").map(
      String.init)
  }

  /// Not the wrapper of postgresql-common, which takes a tenth of a second. Whoever inherits a descriptor of the
  /// caller keeps it waiting. A commit with a warning ("canceling wait for synchronous replication") does not count.
  private static let script = """
    for file in /proc/$$/fd/*; do
      descriptor=${file##*/}
      if [ "$descriptor" -gt 2 ]; then eval "exec $descriptor>&-"; fi
    done
    PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
    number=0
    while ! [ -e "$0/stop" ]; do
      number=$((number + 1))
      if answer=$(timeout --signal=KILL 0.7 psql -XAtqw -h \(Pair.vip) -U app -d postgres \\
          -c "INSERT INTO log VALUES ($number)" 2>&1) && [ -z "$answer" ]; then
        echo "$number $EPOCHREALTIME" >>"$0/acknowledged"
      else
        echo "$number:" $answer >>"$0/failed"
        sleep 0.02
      fi
    done
    touch "$0/stopped"
    """
}

extension Container {
  /// Runs a statement as the superuser and returns the result's rows, a line each.
  @discardableResult
  func query(_ statement: String) throws -> String {
    try shell("cd /; runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -c \"\(statement)\"")
  }

  /// What the README's commands call; there is no sudo in a minimal Debian.
  func installSudo() throws {
    try shell(
      """
      cat >/usr/bin/sudo <<'END'
      #!/bin/sh
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
      if [ "$1" = -u ]; then shift; user=$1; shift; exec runuser -u "$user" -- "$@"; fi
      exec "$@"
      END
      chmod 755 /usr/bin/sudo
      """)
  }

  /// What this host knows of the address and the database, and said of them lately.
  fileprivate func account() throws -> String {
    try shell(
      """
      ip -brief address show eth0
      ip neighbour show
      pg_lsclusters --no-header
      journalctl --boot --no-pager --output=short-iso-precise --lines=40 --unit=\(Pair.unit) \
        --unit=vip-postgresql --unit=vip-role@219 --unit=\(DatabasePair.postgresql)
      tail -n 20 /var/log/postgresql/*.log
      """)
  }
}
