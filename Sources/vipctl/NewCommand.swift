import ArgumentParser
import Configuration
import Glibc
import Internet
import Linux

/// `vipctl new`
struct New: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a commented configuration for a new instance.",
    discussion: """
      What is not given keeps its default, which the file names. The file is checked before it is written.

        vipctl new 219 --interface bond0 --priority 150
        systemctl enable --now vip@219
      """)

  @OptionGroup var places: Places

  @Argument(help: "What follows vip@: 219, a whole address, or a name.")
  var instance: String

  @Option(help: "An address of the VIP, as in 192.168.1.219/24; may be repeated.")
  var address: [String] = []

  @Option(help: "The interface that carries it.", completion: .shellCommand("ls /sys/class/net"))
  var interface: String?

  @Option(help: "What ifconfig shows, as in bond0:0.")
  var label: String?

  @Option(help: "The virtual router's number, 1 to 255.")
  var vrid: String?

  @Option(help: "Who is preferred, 1 to 254; equal priorities never move it back.")
  var priority: String?

  @Option(help: "How often the Active router is heard, as in 100ms.")
  var interval: String?

  @Option(help: "Whether a better host takes it from one that serves well: yes or no.")
  var preempt: String?

  @Option(help: "When the kernel removes the address of a dead daemon, as in 2s.")
  var lease: String?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Any other key of vip.conf(5); may be repeated.", valueName: "section.key=value"),
    completion: .list(ConfigurationTemplate.keys.map { "\($0)=" }))
  var assignments: [String] = []

  @Flag(help: "Replace a file that exists.")
  var force = false

  @Flag(help: "Print it and write nothing.")
  var print = false

  func run() throws {
    let text = ConfigurationTemplate.text(instance: instance, values: try values())
    let path = "\(places.configuration)/\(instance).conf"
    do {
      let surroundings = Surroundings(try RouteRequests().snapshot())
      let outcome = try ConfigurationTemplate.check(
        text, instance: instance, path: path, surroundings: surroundings)
      if print { return Terminal.say(text, terminator: "") }
      try NewFile(directory: places.configuration, replaces: force).write(text, to: path)
      switch outcome {
      case .complete(let settings): Terminal.say("\(path): \(settings.summary.printable)")
      case .awaiting(_, let error):
        Terminal.say(
          "\(path): will wait for \(error.awaited ?? error.found) (\(error.found); \(error.accepted))")
      }
      Terminal.say("Start it on every host: systemctl enable --now vip@\(instance)")
    } catch let error as ConfigurationError {
      throw fail(Status.badConfiguration, "\(error)")
    }
  }

  private func values() throws -> [String: [String]] {
    var values: [String: [String]] = ["VirtualIP.Address": address]
    let single = [
      ("VirtualIP.Interface", interface), ("VirtualIP.Label", label), ("VRRP.VirtualRouterID", vrid),
      ("VRRP.Priority", priority), ("VRRP.AdvertisementIntervalSec", interval), ("VRRP.Preempt", preempt),
      ("Safety.LeaseSec", lease),
    ]
    for (key, value) in single { if let value { values[key] = [value] } }
    for assignment in assignments {
      let parts = assignment.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, ConfigurationTemplate.keys.contains(parts[0]) else {
        throw ValidationError(
          "--set \(assignment.printable): no such key; as in --set Safety.Witness=strict")
      }
      values[parts[0], default: []].append(parts[1])
    }
    // A line break would be a second assignment.
    guard !values.values.joined().contains(where: { $0.contains(where: \.isNewline) }) else {
      throw ValidationError("a value cannot have more than one line")
    }
    return values
  }
}
