import ArgumentParser
import Control
import Host
import Internet
import Systemd

/// `vipctl handover`
struct Handover: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give the VIP to another host without losing a packet; this host stays as Backup.",
    discussion: "Waits for the outcome. Exit status: 0 when another host has taken over; 1 if none does.")

  @OptionGroup var target: Target

  func run() throws {
    var successor = ""
    try target.call("Handover") { (message) throws(SystemdError) in successor = try message.readString() }
    Terminal.say("\(target.instance): \(successor) has taken over")
  }
}

/// `vipctl hold`
struct Hold: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stay Backup whatever happens, until released.",
    discussion: """
      For maintenance. An Active host hands over first, and lets go even if nobody takes over. The hold \
      outlasts a restart of the daemon, but not a stop.
      """)

  @OptionGroup var target: Target

  func run() throws {
    try target.call("Hold")
    Terminal.say("\(target.instance): held; \"vipctl release \(target.instance)\" ends it")
  }
}

/// `vipctl release`
struct Release: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "End a hold: this host may own the VIP again.")

  @OptionGroup var target: Target

  func run() throws {
    try target.call("Release")
    Terminal.say("\(target.instance): released")
  }
}

/// `vipctl reload`
struct Reload: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Apply the configuration again without losing the VIP.",
    discussion: "Says what changed, and what needs a restart. A configuration with a mistake changes nothing."
  )

  @OptionGroup var target: Target

  func run() throws {
    var changes: [String] = []
    try target.call("Reload") { (message) throws(SystemdError) in
      changes = try message.readArray(of: "s") { () throws(SystemdError) in try message.readString() }
    }
    if changes.isEmpty { return Terminal.say("\(target.instance): nothing changed") }
    for change in changes { Terminal.say("\(target.instance): \(change.printable)") }
  }
}

/// The instance that a command changes.
struct Target: ParsableArguments {
  @OptionGroup var places: Places

  @Argument(help: "What follows vip@, as in 219.", completion: .instances)
  var instance: String

  /// Calls `method` and hands its results to `read`.
  ///
  /// - Throws: `ExitCode`, after saying why.
  func call(_ method: String, _ read: (BusMessage) throws(SystemdError) -> Void = { _ in }) throws {
    // A daemon that hangs is found out first, and quickly; how long the rest may take depends on the interval.
    let report = try Inquiry.ask(instance, in: places)
    guard let status = report.status else {
      let reason = report.remarks.first?.text ?? "it is not running"
      throw fail(Status.unavailable, "\(instance): \(reason.printable)")
    }
    let patience = Duration.microseconds(Int64(status.interval)) + .seconds(5)
    switch try answer(to: method, within: patience) {
    case .success(let message): try read(message)
    case .failure(let error):
      let code = error.name == BusError.accessDenied ? Status.notPermitted : Status.attention
      throw fail(code, "\(instance): \(error.inWords(after: patience).printable)")
    }
  }

  private func answer(to method: String, within patience: Duration) throws -> BusClient.Answer {
    let loop = try EventLoop()
    let client = try BusClient(path: places.list.socket(of: instance), on: loop)
    var result: BusClient.Answer?
    let slot = try client.call(
      method, of: InstanceInterface.name, at: InstanceInterface.path, timeout: patience
    ) {
      result = $0
      loop.exit(0)
    }
    _ = try loop.run()
    return withExtendedLifetime(slot) {
      result ?? .failure(BusError(name: BusError.noReply, message: "no answer"))
    }
  }
}
