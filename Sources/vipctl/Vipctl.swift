import ArgumentParser
import Configuration
import Control
import Host

@main
struct Vipctl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vipctl",
    abstract: "Show and steer the virtual IP addresses of this host.",
    discussion: """
      Without a command, lists them all. Everybody may look; changes are for root.

      Exit status: 0 all is well; 1 something needs attention, or was refused; 64 wrong usage; 69 no such \
      instance, or its daemon does not answer; 73 the file exists; 77 not permitted; 78 bad configuration. \
      See vipctl(8).
      """,
    version: "vipctl \(version)",
    subcommands: [
      List.self, Show.self, Watch.self, Handover.self, Hold.self, Release.self, Reload.self, Check.self,
      New.self, Import.self, ServeMetrics.self,
    ],
    defaultSubcommand: List.self)
}

/// Where instances are looked for.
struct Places: ParsableArguments {
  @Option(name: .customLong("runtime-dir"), help: "Where instances keep their state.")
  var runtime = "/run/vip"

  @Option(name: .customLong("config-dir"), help: "Where configuration files are.")
  var configuration = "/etc/vip"

  var list: InstanceList { InstanceList(runtime: runtime, configuration: configuration) }
}

/// What a failure is called in the exit status: sysexits.h, and 1 for what needs attention.
enum Status {
  static let attention = ExitCode(1)
  static let unavailable = ExitCode(69)
  static let exists = ExitCode(73)
  static let notPermitted = ExitCode(77)
  static let badConfiguration = ExitCode(ConfigurationError.exitCode)
}

/// Says why on standard error, and ends with `status`.
func fail(_ status: ExitCode, _ message: String) -> ExitCode {
  Terminal.complain(message)
  return status
}
