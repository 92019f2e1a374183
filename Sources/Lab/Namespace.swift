import CLab
import Glibc

/// A named network namespace, as ip-netns(8) makes them.
package struct Namespace: Sendable, Hashable {
  package let name: String
  /// Where its name is; ip(8) finds only those of /run/netns.
  var directory = "/run/netns"

  /// Runs `body` on a thread of its own inside the namespace: a socket opened there stays there.
  package func run<Result>(_ body: () throws -> Result) throws -> Result {
    try withoutActuallyEscaping(body) { body in
      var outcome: Swift.Result<Result, any Error>?
      let thread = try WorkerThread {
        outcome = Swift.Result {
          try enter()
          return try body()
        }
      }
      thread.join()
      guard let outcome else { throw LabError("thread in \(name) ended early") }
      return try outcome.get()
    }
  }

  private func enter() throws(LabError) {
    let file = try Descriptor(open("\(directory)/\(name)", O_RDONLY | O_CLOEXEC), "open namespace \(name)")
    guard lab_enter_network_namespace(file.number) == 0 else {
      throw LabError("setns \(name)", errno: errno)
    }
  }

  /// Runs ip(8) on `commands`, one a line, in the namespace.
  func ip(_ commands: String...) throws(LabError) {
    try Command(["ip", "-n", name, "-batch", "-"]).run(input: commands.joined(separator: "\n") + "\n")
  }

  /// `program` as it is run inside the namespace.
  package func command(_ program: [String]) -> Command {
    Command(["ip", "netns", "exec", name] + program)
  }

  /// Gives the namespace's interfaces IPv6 addresses that are usable at once, learnt from no router, or no IPv6:
  /// router solicitations and duplicate address detection would be noise in captures.
  func configureIPv6(isEnabled: Bool) throws {
    let settings =
      isEnabled
      ? ["accept_dad": 0, "dad_transmits": 0, "router_solicitations": 0, "accept_ra": 0] : ["disable_ipv6": 1]
    try run {
      for scope in ["all", "default"] {
        for (name, value) in settings {
          try File.write("\(value)", to: "/proc/sys/net/ipv6/conf/\(scope)/\(name)")
        }
      }
    }
  }

  static func add(_ namespaces: [Namespace]) throws(LabError) {
    let lines = namespaces.map { "netns add \($0.name)\n" }.joined()
    try Command(["ip", "-batch", "-"]).run(input: lines)
  }

  /// Deletes namespaces of ours and ends whatever still runs in them.
  static func delete(_ namespaces: [Namespace]) {
    for namespace in namespaces {
      let listed = (try? Command(["ip", "netns", "pids", namespace.name]).complete())?.output ?? ""
      for word in listed.split(whereSeparator: \.isWhitespace) {
        if let pid = pid_t(word) { kill(pid, SIGKILL) }
      }
    }
    let lines = namespaces.map { "netns del \($0.name)\n" }.joined()
    _ = try? Command(["ip", "-force", "-batch", "-"]).complete(input: lines)
  }

  /// Deletes what a lab that was killed has left: `vip<pid>-…` of a process that is no more.
  static func sweep() {
    let dead = File.entries(of: "/run/netns").filter { name in
      guard name.hasPrefix("vip"), let dash = name.firstIndex(of: "-"),
        let pid = pid_t(name[name.index(name.startIndex, offsetBy: 3)..<dash])
      else { return false }
      return kill(pid, 0) != 0 && errno == ESRCH
    }.map { Namespace(name: $0) }
    guard !dead.isEmpty else { return }
    delete(dead)
    // Each segment of it had a directory, named like its namespaces without the role.
    let segments = Set(dead.map { $0.name.split(separator: "-").prefix(2).joined(separator: "-") })
    _ = try? Command(["rm", "-rf"] + segments.sorted().map(SegmentResources.directory(named:))).complete()
  }
}
