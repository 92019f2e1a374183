import Internet
import Linux

@testable import Configuration

/// What must hold for every configuration. A NUL, which no file may hold, separates files.
enum ConfigurationProperties {
  static func check(_ input: [UInt8]) throws(Violation) {
    let parts = input.split(separator: 0, maxSplits: 8, omittingEmptySubsequences: false)
    let files = parts.enumerated().map {
      ConfigurationFile(path: "/etc/vip/219.conf.d/\($0.offset).conf", bytes: Array($0.element))
    }
    for instance in ["219", "web"] {
      try checkPatience(with: instance, files)
      let settings: Settings
      do throws(ConfigurationError) {
        settings = try Configuration.resolve(instance: instance, files: files, surroundings: host)
      } catch {
        try checkMessage(error)
        continue
      }
      try checkRoundTrip(of: settings)
    }
  }

  /// What is refused is so whatever the surroundings are; everything else may come right.
  private static func checkPatience(
    with instance: String, _ files: [ConfigurationFile]
  ) throws(Violation) {
    func refusal(_ surroundings: Surroundings) -> ConfigurationError? {
      do throws(ConfigurationError) {
        _ = try Configuration.outcome(instance: instance, files: files, surroundings: surroundings)
        return nil
      } catch {
        return error
      }
    }
    let (here, nowhere) = (refusal(host), refusal(bareHost))
    try demand(here?.awaited == nil && here?.found == nowhere?.found, "\(here as Any) \(nowhere as Any)")
  }

  /// A refusal is one printable line.
  private static func checkMessage(_ error: ConfigurationError) throws(Violation) {
    try demand(
      !error.description.unicodeScalars.contains { $0.properties.generalCategory == .control },
      "the message \(error.description.debugDescription)")
  }

  /// What `vipd --check` prints is a configuration with the same effect.
  private static func checkRoundTrip(of settings: Settings) throws(Violation) {
    let printed = settings.description
    let again: Settings
    do throws(ConfigurationError) {
      again = try Configuration.resolve(
        instance: settings.instance, files: [ConfigurationFile(path: "printed", bytes: Array(printed.utf8))],
        surroundings: host)
    } catch {
      throw Violation("\(error)\n\(printed)")
    }
    try demand(
      withoutOrigins(again) == withoutOrigins(settings), "\(settings.changes(to: again))\n\(printed)")
    try demand(settings.changes(to: again).isEmpty, "\(settings.changes(to: again))")
    var live = settings
    live.takeLiveValues(of: again)
    try demand(withoutOrigins(live) == withoutOrigins(settings), "a reload changes what is the same")
  }

  private static func withoutOrigins(_ settings: Settings) -> Settings {
    var settings = settings
    settings.origins = [:]
    return settings
  }

  /// Its loopback, and nothing else.
  private static var bareHost: Surroundings {
    Surroundings(links: [host.links[0]], defaultRouteLinkIndex: nil)
  }

  /// Two Ethernets with both families; the first is the default route's.
  private static let host: Surroundings = {
    func network(_ text: String, _ length: Int) -> Surroundings.Address {
      guard let network = IPAddress(text).flatMap({ IPNetwork($0, prefixLength: length) }) else {
        preconditionFailure("\(text)/\(length) is no address")
      }
      return Surroundings.Address(network)
    }
    let loopback = Surroundings.Link(
      index: 1, name: "lo", hardwareAddress: nil, isLoopback: true, usesARP: false,
      addresses: [network("127.0.0.1", 8)])
    let bond = Surroundings.Link(
      index: 2, name: "bond0", hardwareAddress: MACAddress(bits: 2),
      addresses: [network("192.168.1.217", 24), network("fd00::217", 64), network("fe80::217", 64)])
    let second = Surroundings.Link(
      index: 3, name: "eth1", hardwareAddress: MACAddress(bits: 3), addresses: [network("10.1.2.3", 16)])
    return Surroundings(links: [loopback, bond, second], defaultRouteLinkIndex: 2)
  }()
}
