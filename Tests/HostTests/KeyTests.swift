import Internet
import Netlink
import Ownership
import Testing
import VRRP

@testable import Configuration
@testable import Host

/// Every row of the table of keys, by its sample: the key changes what a host does, and a reload applies it when the row
/// says so.
@Suite struct KeyTests {
  /// A key in one of two common configurations; not every key is accepted with both versions of VRRP.
  struct Case: CustomTestStringConvertible {
    let key: ConfigurationKey
    let version: Int
    var testDescription: String { "\(key.qualifiedName), version \(version)" }

    /// The configuration, in which nothing or `value` is assigned to the key.
    func text(_ value: String?) -> String {
      let line = value.map { "\(key.name)=\($0)\n" } ?? ""
      let isOfTrack = key.section == ConfigurationKey.track
      // It is about a VIP of both families, on a host that has an address in one of them.
      let other = key.name == "RequiredFamily" ? "Address=fd00::219/64\n" : ""
      return """
        [VirtualIP]
        Address=192.168.1.219/24
        \(other)
        [VRRP]
        Version=\(version)
        [\(key.section == ConfigurationKey.track ? "VRRP" : key.section)]
        \(isOfTrack ? "" : line)
        [Track]
        Exec=/bin/check
        \(isOfTrack ? line : "")
        """
    }

    /// Whether the sample is accepted beside the rest, and something else.
    var isPossible: Bool {
      guard let before = try? Bench.settings(text(nil)), let after = try? Bench.settings(text(key.sample))
      else {
        return false
      }
      return key.values(before) != key.values(after) && key.values(after).last == key.sample
    }

    func bench(_ value: String?) throws -> Bench { try Bench(text(value)) }
  }

  private static let all = ConfigurationKey.all.flatMap { key in
    [3, 2].map { Case(key: key, version: $0) }.filter(\.isPossible)
  }

  @Test func everySampleIsAcceptedAndNotTheDefault() {
    let keys = Set(Self.all.map(\.key.qualifiedName))
    #expect(ConfigurationKey.all.map(\.qualifiedName).filter { !keys.contains($0) } == [])
  }

  // MARK: What a key does

  @Test(arguments: all) func everyKeyMatters(_ test: Case) throws {
    var (without, with) = (try test.bench(nil), try test.bench(test.key.sample))
    try Life.live(&without)
    try Life.live(&with)
    #expect((without.deeds() != with.deeds()) == true)
  }

  // MARK: What a reload does

  @Test(arguments: all) func aReloadAppliesIt(_ test: Case) throws {
    var (kept, reloaded) = (try test.bench(nil), try test.bench(nil))
    try Life.settle(&kept)
    try Life.settle(&reloaded)
    let (start, before) = (reloaded.history.count, reloaded.state)
    let old = test.key.values(reloaded.host.settings)
    try kept.reload(test.text(nil))
    try reloaded.reload(test.text(test.key.sample))
    let new = test.key.values(reloaded.host.settings)
    switch test.key.effect {
    case .restart:
      #expect(new == old && reloaded.state == before)
      try Life.goOn(&kept)
      try Life.goOn(&reloaded)
      #expect((reloaded.deeds(from: start) == kept.deeds(from: start)) == true)
    case .nextAddition:
      #expect(new != old && reloaded.state == before)
      let vip = try #require(reloaded.addresses.last)
      reloaded.happen(.addressRemoved(vip))
      #expect(reloaded.state == (try fresh(test).state))
    case .live:
      #expect(new != old)
      reloaded.run(for: .seconds(5))
      #expect(reloaded.state == (try fresh(test).state))
      try Life.goOn(&kept)
      try Life.goOn(&reloaded)
      #expect((reloaded.deeds(from: start) != kept.deeds(from: start)) == true)
    }
  }

  /// The same host, had it been started with the sample.
  private func fresh(_ test: Case) throws -> Bench {
    var bench = try test.bench(test.key.sample)
    try Life.settle(&bench)
    bench.run(for: .seconds(5))
    return bench
  }
}

/// What happens to a host so that every key has something to say.
private enum Life {
  static let command = TrackSettings.CommandLine("/bin/check")

  static func live(_ bench: inout Bench) throws {
    try settle(&bench)
    try goOn(&bench)
  }

  /// All is well, and nobody else is there.
  static func settle(_ bench: inout Bench) throws {
    bench.start()
    for check in bench.host.checks.all { bench.handle(.check(check, passed: true, reason: "")) }
    bench.run(for: .seconds(5))
  }

  /// A check fails and passes again, a worse router is Active meanwhile, and another interface loses its carrier.
  static func goOn(_ bench: inout Bench) throws {
    bench.run(for: .seconds(20))
    for passes in [false, false, true, true] {
      try check(&bench, passes: passes)
      try hearRival(&bench, for: .seconds(2))
    }
    try hearRival(&bench, for: .seconds(8))
    bench.run(for: .seconds(10))
    bench.happen(.link(Link(index: 3, name: "eth1", macAddress: MACAddress(bits: 3), hasCarrier: false)))
    bench.run(for: .seconds(5))
  }

  private static func check(_ bench: inout Bench, passes: Bool) throws {
    bench.handle(.check(.command(try #require(command)), passed: passes, reason: "exit status 1"))
  }

  /// It goes on whatever it hears, but its kernel answers nobody.
  private static func hearRival(_ bench: inout Bench, for span: Duration) throws {
    let rival = try #require(IPAddress("192.168.1.218"))
    let end = bench.now + span
    while bench.now < end {
      let settings = bench.host.settings
      let advertisement = Advertisement(
        virtualRouterID: settings.virtualRouterID, priority: 50, interval: settings.advertisementInterval)
      bench.handle(.advertisement(ReceivedAdvertisement(advertisement, from: rival)))
      bench.run(for: settings.advertisementInterval.duration)
    }
  }
}

extension Bench {
  /// What others notice of what was wanted since the effect at `index`, and when.
  fileprivate func deeds(from index: Int = 0) -> [Moment] {
    history[index...].filter { moment in
      switch moment.effect {
      case .notice, .statusChanged, .notify: false
      default: true
      }
    }
  }

  /// How things stand with this host, as far as its configuration decides it.
  fileprivate var state: String {
    """
    \(addresses)
    \(routes)
    \(host.core.parameters)
    \(String(describing: host.sockets.open))
    \(host.checks.tracks)
    \(host.checks.plan)
    \(String(describing: host.group?.name))
    """
  }
}
