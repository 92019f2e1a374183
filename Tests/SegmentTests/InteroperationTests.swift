import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// With keepalived 2.2.7 or FRR 8.4.4 as the other host.
  @Suite struct InteroperationTests {
    /// The Active router is heard, resigns, comes back with a higher priority and preempts.
    @Test(arguments: Encounter.each()) func theActiveRouterStopsAndReturns(_ encounter: Encounter) throws {
      let meeting = try Meeting(encounter)
      try meeting.startActive()
      try meeting.startBackup()
      let calm = MonotonicClock.now
      pause(meeting.settings(on: 218).activeDownInterval + .milliseconds(200))
      meeting.expectUnchanged(since: calm, "the Backup heard every Advertisement")

      let stop = MonotonicClock.now
      try meeting.scene.daemon(217).send(SIGTERM)
      try meeting.expectOwner(218)
      try meeting.scene.daemon(217).waitForExit(within: Scene.patience)
      try expectTakeoverUponResignation(meeting, since: stop)

      try meeting.start(217, encounter.active) { $0.priority = 200 }
      try meeting.expectOwner(217)
      pause(encounter.pairing.interval * 3)
      try meeting.expectOwner(217)
      try meeting.expectAnswers(from: 217)
      try meeting.expectDialect()
    }

    /// Silence would have to last three intervals.
    private func expectTakeoverUponResignation(_ meeting: Meeting, since stop: Duration) throws {
      for address in meeting.virtualAddresses {
        let resignation = try #require(meeting.resignation(of: address.family, since: stop))
        let taken = try #require(
          meeting.scene.segment.ownership.history.acquisition(of: address, by: 218, from: stop))
        #expect(taken - resignation < meeting.encounter.pairing.interval * 3, "\(address)")
      }
    }

    private static let intervals = [(600, 100), (100, 600)].flatMap { active, backup in
      Encounter.each(of: [
        Pairing(peer: .keepalived), Pairing(peer: .keepalived, families: [.ipv6]),
        Pairing(peer: .frr, families: [.ipv4, .ipv6]),
      ]).map {
        MixedIntervals(encounter: $0, active: .milliseconds(active), backup: .milliseconds(backup))
      }
    }

    struct MixedIntervals: CustomStringConvertible, Sendable {
      let encounter: Encounter
      let active: Duration
      let backup: Duration
      var description: String { "\(encounter), \(active) and \(backup)" }
    }

    /// A Backup router goes by the Active router's interval (RFC 9568 §6.4.2), whatever its own.
    @Test(arguments: intervals) func theBackupLearnsTheInterval(_ mixed: MixedIntervals) throws {
      let meeting = try Meeting(mixed.encounter)
      try meeting.startActive {
        $0.interval = mixed.active
        // A Backup that starts knows only its own interval (RFC 9568 §6.4.1), and may think that it is alone.
        $0.priority = 200
      }
      try meeting.startBackup { $0.interval = mixed.backup }
      pause(mixed.active)
      try meeting.expectOwner(217)
      let calm = MonotonicClock.now
      pause(.milliseconds(1000))
      meeting.expectUnchanged(since: calm)
      let cut = MonotonicClock.now
      try meeting.scene.segment.pullCable(217)
      for address in meeting.virtualAddresses {
        let history = { meeting.scene.segment.ownership.history }
        try meeting.scene.segment.loop.wait(for: ".218 to take over", within: Scene.patience) {
          history().acquisition(of: address, by: 218, from: cut) != nil
        }
        let taken = try #require(history().acquisition(of: address, by: 218, from: cut))
        if mixed.active > mixed.backup {
          #expect(taken - cut > mixed.active * 2, "\(address)")
        } else {
          #expect(taken - cut < mixed.backup * 3, "\(address)")
        }
      }
    }

    private static let mismatches = [
      Mismatch(what: "another password", says: "password") { $0.authentication = "another" },
      Mismatch(what: "no password", says: "password") { $0.authentication = nil },
      Mismatch(what: "another interval", says: "interval") { $0.interval = .seconds(2) },
    ]

    struct Mismatch: CustomStringConvertible, Sendable {
      /// What the peer is told, unlike vipd.
      let what: String
      /// What vipd says of the packets that it discards.
      let says: String
      let change: @Sendable (inout DaemonSettings) -> Void
      var description: String { what }
    }

    private static func version2(active: DaemonKind) throws -> Meeting {
      let pairing = Pairing(peer: .keepalived, version: 2, authentication: "secret12")
      return try Meeting(Encounter(pairing: pairing, active: active))
    }

    /// Version 2 discards what has another password or interval (RFC 3768 §7.1), whatever its priority.
    @Test(arguments: mismatches) func version2DiscardsAndReportsAMismatch(_ mismatch: Mismatch) throws {
      let meeting = try Self.version2(active: .vipd)
      try meeting.startActive()
      let start = MonotonicClock.now
      try meeting.start(218, .keepalived) {
        $0.priority = 200
        mismatch.change(&$0)
      }
      let vipd = try meeting.scene.daemon(217)
      try vipd.waitForLog(mismatch.says, from: start, within: Scene.patience)
      pause(.seconds(3))
      let lost = meeting.scene.segment.ownership.history.loss(of: meeting.scene.vip, by: 217, from: start)
      #expect(lost == nil)
      #expect(vipd.log.count { $0.contains(mismatch.says) } == 1, "\(vipd.log)")
    }

    /// A Backup router that must discard all Advertisements still sees that the VIP is served.
    @Test(arguments: mismatches) func aMismatchedBackupLeavesTheVIPWhereItIs(_ mismatch: Mismatch) throws {
      let meeting = try Self.version2(active: .keepalived)
      try meeting.startActive { mismatch.change(&$0) }
      let start = MonotonicClock.now
      try meeting.start(218, .vipd) { $0.priority = 200 }
      let vipd = try meeting.scene.daemon(218)
      try vipd.waitForLog(mismatch.says, from: start, within: Scene.patience)
      pause(.seconds(6))
      meeting.expectUnchanged(since: start)
      #expect(vipd.log.contains { $0.contains("in use by the station") }, "\(vipd.log)")
    }

    @Test(arguments: Encounter.each(of: [Pairing(peer: .keepalived), Pairing(peer: .frr)]))
    func equalPrioritiesAreDecidedByAddress(_ encounter: Encounter) throws {
      let meeting = try Meeting(encounter)
      try meeting.scene.segment.dropEverything()
      try meeting.start(217, encounter.active)
      try meeting.start(218, encounter.backup)
      try meeting.scene.expectOwners(217, 218)
      pause(.seconds(1))
      try meeting.scene.segment.dropEverything(false)
      try meeting.expectOwner(218)
      // FRR announces the VIP once, when it becomes Active, and not when it has beaten a rival.
      if encounter.backup != .frr { try meeting.expectAnswers(from: 218) }
    }
  }
}

/// The two daemons of an encounter on one segment, and a client of every VIP that they share.
final class Meeting {
  let encounter: Encounter
  let scene: Scene
  let virtualAddresses: [IPAddress]
  private let probes: [Probe]
  private var used: [Int: DaemonSettings] = [:]

  init(_ encounter: Encounter) throws {
    self.encounter = encounter
    let scene = try Scene(hasIPv6: encounter.pairing.families.contains(.ipv6), isProbed: false)
    self.scene = scene
    virtualAddresses = encounter.pairing.virtualAddresses(of: scene.segment)
    probes = try virtualAddresses.map { try scene.segment.startProbe(of: $0) }
  }

  func startActive(_ change: (inout DaemonSettings) -> Void = { _ in }) throws {
    try start(217, encounter.active, change)
    try expectOwner(217)
  }

  /// Starts the other daemon on .218, and gives it the time to begin as Backup.
  func startBackup(_ change: (inout DaemonSettings) -> Void = { _ in }) throws {
    try start(218, encounter.backup, change)
    pause(.milliseconds(400))
    try expectOwner(217)
    try expectAnswers(from: 217)
  }

  func start(
    _ number: Int, _ kind: DaemonKind, _ change: (inout DaemonSettings) -> Void = { _ in }
  ) throws {
    if kind == .keepalived, encounter.pairing.virtualMAC.contains(kind), encounter.pairing.families.count > 1
    {
      // Without this, the client has either MAC address: see `keepalivedsMacvlanOfIPv6AnswersARP`.
      try scene.segment.host(number).answerForOwnAddressesOnly()
    }
    try scene.start(number, kind) {
      encounter.pairing.configure(&$0, for: kind, on: number)
      change(&$0)
      used[number] = $0
    }
  }

  /// What the daemon on `number` was started with.
  func settings(on number: Int) -> DaemonSettings { used[number] ?? DaemonSettings() }

  /// Waits until `number`, and nobody else, has every VIP.
  func expectOwner(_ number: Int) throws {
    for address in virtualAddresses { try scene.expectOwners(number, of: address) }
  }

  /// Waits until the client of every VIP is served by `number`, at the MAC address that its daemon uses.
  func expectAnswers(from number: Int) throws {
    for (address, probe) in zip(virtualAddresses, probes) {
      try probe.waitForAnswer(from: "\(number)", within: Scene.patience)
      let expected = try hardwareAddress(of: address.family, on: number)
      let cache = scene.segment.clientArpCache
      // Another router that has just started, and heard nobody yet, may have claimed it; the owner contradicts.
      try scene.segment.loop.wait(for: "\(address) at \(expected)", within: Scene.patience) {
        (try? cache.hardwareAddress(of: address)) == expected
      }
    }
  }

  private func hardwareAddress(of family: AddressFamily, on number: Int) throws -> MACAddress {
    let kind = try scene.daemon(number).kind
    guard kind == .frr || encounter.pairing.virtualMAC.contains(kind) else {
      return try scene.segment.host(number).hardwareAddress
    }
    return MACAddress(bits: (family == .ipv4 ? 0x0000_5E00_0100 : 0x0000_5E00_0200) | 219)
  }

  /// Checks that every Advertisement since the beginning was of the version, the families and the destinations
  /// that were agreed.
  func expectDialect() throws {
    let pairing = encounter.pairing
    let seen = scene.segment.capture.advertisements().map(\.advertisement)
    #expect(Set(seen.map(\.version)) == [UInt8(pairing.version)])
    #expect(Set(seen.map(\.source.family)) == Set(pairing.families))
    let groups = ["224.0.0.18", "ff02::12"].compactMap { IPAddress($0) }
    let hosts = [217, 218].flatMap { [Segment.address($0).ip, Segment.address6($0).ip] }
    let expected = (pairing.isUnicast ? hosts : groups).filter { pairing.families.contains($0.family) }
    #expect(Set(seen.map(\.destination)) == Set(expected))
  }

  /// What the clients saw, one of each VIP.
  func reports(from start: Duration, to end: Duration) -> [ProbeReport] {
    probes.map { $0.report(from: start, to: end) }
  }

  func expectUnchanged(
    since start: Duration, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for address in virtualAddresses {
      scene.expectUnchanged(address, since: start, comment, sourceLocation: sourceLocation)
    }
  }

  /// When the first Advertisement of priority 0 of `family` was seen at or after `start`.
  func resignation(of family: AddressFamily, since start: Duration) -> Duration? {
    scene.segment.capture.advertisements(from: start).first {
      $0.advertisement.priority == 0 && $0.advertisement.source.family == family
    }?.frame.time
  }
}
