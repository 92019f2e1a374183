import Configuration
import Control
import Daemon
import Glibc
import Host
import Linux
import Systemd

/// EX_NOPERM of sysexits.h.
let missingCapability: Int32 = 77

func run(_ invocation: Invocation) -> Int32 {
  do {
    let files = ConfigurationFiles(directory: invocation.configurationDirectory)
    let found = try files.files(of: invocation.instance)
    let surroundings = Surroundings(try RouteRequests().snapshot())
    if invocation.task == .check {
      check(
        try Configuration.outcome(instance: invocation.instance, files: found, surroundings: surroundings))
      return 0
    }
    let stage = try Stage(instance: invocation.instance, files: found, surroundings: surroundings)
    let missing = try Capabilities.missing()
    guard missing.isEmpty else {
      complain(
        "\(missing.joined(separator: " and ")) missing; vipd needs CAP_NET_ADMIN for addresses and "
          + "CAP_NET_RAW for VRRP and ARP; run it as root or by vip@.service")
      return missingCapability
    }
    return try serve(stage, files: files, invocation)
  } catch let error as ConfigurationError {
    complain("\(error)")
    return ConfigurationError.exitCode
  } catch {
    complain("\(error)")
    return DaemonError.cannotStart
  }
}

/// Prints the effective settings, or what they wait for: that is no mistake.
func check(_ outcome: Configuration.Outcome) {
  switch outcome {
  case .complete(let settings): print(settings)
  case .awaiting(let settings, let error):
    print("# \(settings.instance): waits for \(error.awaited ?? error.found)\n# \(error)")
  }
}

func serve(_ stage: Stage, files: ConfigurationFiles, _ invocation: Invocation) throws -> Int32 {
  // A file that may not grow (setrlimit(2)) is an error like a full disk.
  signal(SIGXFSZ, SIG_IGN)
  let journal = try Journal(identifier: "vipd")
  defer { journal.close(within: .seconds(1)) }
  Memory.trim()
  do {
    try Memory.lockOnFault()
  } catch {
    journal.send(.info, "\(error): heartbeats may wait for the disk when memory is short")
  }
  do {
    let directory = invocation.runtimeDirectory ?? "/run/vip/\(stage.settings.instance)"
    return try Daemon(
      stage, files: files, runtimeDirectory: directory, journal: journal,
      lacksRealtime: invocation.expectsRealtime && !RealtimePriority.isGiven
    ).run()
  } catch {
    journal.send(.critical, "Giving up: \(error)")
    return error.exitCode
  }
}

/// Standard error, whole lines; there is no stdio to share it with.
func complain(_ text: String) {
  let line = Array("vipd: \(text)\n".utf8)
  _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

do {
  let invocation = try Invocation(Array(CommandLine.arguments.dropFirst()))
  switch invocation.task {
  case .help: print(Invocation.usage)
  case .version: print("vipd \(version)")
  case .run, .check: exit(run(invocation))
  }
} catch {
  complain("found \(error.found); try \"vipd --help\"")
  exit(Invocation.usageError)
}
