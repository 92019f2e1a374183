import Glibc
import Internet

/// Many virtual routers on a pair of hosts: .217 owns all their addresses, .218 stands by.
package final class Fleet {
  package let kind: DaemonKind
  package let segment: Segment
  private let members: [Member]
  private let daemons: [Int: [HostDaemon]]

  /// A virtual router of it.
  private struct Member {
    let settings: DaemonSettings
    let addresses: [IPv4Address]
  }

  /// The hosts' subnet has room for all addresses beside theirs.
  private static let prefixLength = 16

  /// The first, second, … address.
  private static func address(_ index: Int) -> IPv4Address {
    IPv4Address(bits: Segment.address(0).bits + 257 + UInt32(index))
  }

  /// Starts virtual routers 1 to `count`, with so many addresses each, and waits until .217 owns all of them and what
  /// follows a takeover is over.
  package init(_ kind: DaemonKind, count: Int, addressesEach: Int = 1, interval: Duration) throws {
    self.kind = kind
    members = (0..<count).map { index in
      let addresses = (0..<addressesEach).map { Self.address(index * addressesEach + $0) }
      var settings = DaemonSettings()
      settings.virtualRouterID = index + 1
      settings.interval = interval
      settings.addresses = addresses.map { "\($0)/\(Self.prefixLength)" }
      return Member(settings: settings, addresses: addresses)
    }
    var plan = Segment.Plan()
    plan.prefixLength = Self.prefixLength
    plan.gateway = .station
    plan.virtualAddress = Self.address(0)
    segment = try Segment(plan)
    // The lab is to be idle while the cost is measured.
    segment.capture.pause()
    let owners = try Self.start(kind, members, on: 217, of: segment)
    try Self.wait(for: members, on: 217, of: segment, owners)
    let owned = MonotonicClock.now
    let standbys = try Self.start(kind, members, on: 218, of: segment)
    daemons = [217: owners, 218: standbys]
    pause(members[0].settings.activeDownInterval * 2)
    let left = owned + Self.aftermath - MonotonicClock.now
    if left > .zero { pause(left) }
    try Self.wait(for: members, on: 217, of: segment, owners)
    let doubled = segment.ownership.addresses(of: 218).intersection(members.flatMap(\.addresses).map(\.ip))
    guard doubled.isEmpty else { throw LabError("\(doubled.count) addresses are on .218, too") }
  }

  // All at once: the standbys are not to take over one by one.
  deinit { for daemon in daemons.values.joined() { try? daemon.send(SIGKILL) } }

  /// Longer than the daemons repeat their announcements: vipd and keepalived do so after five seconds.
  private static let aftermath = Duration.seconds(7)

  /// About what `init`, `cost(over: window)` and `unplug()` take.
  package static func expectedDuration(
    count: Int, interval: Duration, window: Duration
  ) -> Duration {
    .milliseconds(80) * count + interval * 9 + aftermath + window + .seconds(3)
  }

  // MARK: Starting

  /// Daemons that may be on their way at the same time: more would only wait for the processors.
  private static let startedAtOnce = 8

  private static func start(
    _ kind: DaemonKind, _ members: [Member], on number: Int, of segment: Segment
  ) throws -> [HostDaemon] {
    if kind == .keepalived {
      let text = DaemonSettings.text(for: members.map(\.settings))
      return [try HostDaemon(kind, on: number, of: segment, configuration: text, instance: "fleet")]
    }
    var daemons: [HostDaemon] = []
    for member in members {
      daemons.append(try HostDaemon(kind, on: number, of: segment, member.settings))
      let beginners = daemons.suffix(startedAtOnce)
      guard beginners.count == startedAtOnce, let first = beginners.first else { continue }
      try segment.loop.wait(for: "\(kind.rawValue) to start", within: .seconds(30)) { first.hasSpoken }
    }
    return daemons
  }

  /// Waits until `number` has every address.
  private static func wait(
    for members: [Member], on number: Int, of segment: Segment, _ daemons: [HostDaemon]
  ) throws {
    let addresses = Set(members.flatMap(\.addresses).map(\.ip))
    let limit = members[0].settings.activeDownInterval * 5 + .seconds(20) + .milliseconds(200) * members.count
    do {
      try segment.loop.wait(for: "\(addresses.count) addresses on .\(number)", within: limit) {
        segment.ownership.addresses(of: number).isSuperset(of: addresses) || !daemons[0].isRunning
      }
      // One that will not have these settings ends at once.
      guard daemons[0].isRunning else {
        throw LabError("it ended with \(try daemons[0].waitForExit(within: .zero))")
      }
    } catch {
      throw HostDaemon.explain(error, by: Array(daemons.prefix(1)))
    }
  }

  // MARK: What it costs

  /// What the daemons of one host use.
  package struct Cost: Sendable {
    /// Processor time of all of them, milliseconds a second.
    package let processor: Double
    /// Context switches, a virtual router and second.
    package let wakeUps: Double
    /// Bytes that nobody else has, a virtual router, and how many of them are no file's; the median of the processes.
    package let exclusive: Double
    package let anonymous: Double
  }

  /// What each host's daemons use while nothing happens for so long; throws if something does.
  package func cost(over window: Duration) throws -> (owner: Cost, standby: Cost) {
    try Self.costs(of: [self], over: window)[0]
  }

  /// The same of several fleets during the same time, so that whatever else the machine does meets all of them.
  package static func costs(
    of fleets: [Fleet], over window: Duration
  ) throws -> [(owner: Cost, standby: Cost)] {
    let start = MonotonicClock.now
    let before = fleets.map(\.accounts)
    pause(window)
    let after = fleets.map(\.accounts)
    return try fleets.indices.map { index in
      let fleet = fleets[index]
      let moves = fleet.segment.ownership.history.entries.count { $0.time >= start }
      guard moves == 0 else {
        throw LabError("\(moves) times an address came or went while nothing happened")
      }
      return (
        try fleet.cost(of: 217, before[index][0], after[index][0]),
        try fleet.cost(of: 218, before[index][1], after[index][1])
      )
    }
  }

  private typealias Account = (time: Duration, processes: [ProcessAccount])

  private var accounts: [Account] {
    [217, 218].map { number in (MonotonicClock.now, daemons[number, default: []].map(\.account)) }
  }

  private func cost(of number: Int, _ before: Account, _ after: Account) throws -> Cost {
    let seconds = (after.time - before.time).seconds
    let usages = zip(after.processes, before.processes).map { $0.used(since: $1) }
    let running = daemons[number, default: []]
    let memory = running.compactMap(\.memory)
    let share = Double(running.count) / Double(members.count)
    guard memory.count == running.count,
      let exclusive = Statistics(memory.map { Double($0.exclusive) * share }),
      let anonymous = Statistics(memory.map { Double($0.anonymous) * share })
    else { throw LabError("a \(kind.rawValue) of .\(number) has ended") }
    return Cost(
      processor: usages.map(\.runTime.milliseconds).reduce(0, +) / seconds,
      wakeUps: Double(usages.map(\.contextSwitches).reduce(0, +)) / seconds / Double(members.count),
      exclusive: exclusive.median, anonymous: anonymous.median)
  }

  // MARK: When the owner is gone

  /// Unplugs .217 behind the switch, and waits until .218 has announced everything.
  package func unplug() throws -> Takeover {
    segment.capture.resume()
    // One Advertisement of each must have been seen.
    pause(members[0].settings.interval * 2)
    let strike = MonotonicClock.now
    try segment.unplug(217)
    let cut = MonotonicClock.now
    try Self.wait(for: members, on: 218, of: segment, daemons[218, default: []])
    // An announcement follows the address at once, or not at all.
    pause(.seconds(1))
    return try takeover(since: strike, by: cut)
  }

  /// The owner was unplugged at some moment from `strike` to `cut`.
  private func takeover(since strike: Duration, by cut: Duration) throws -> Takeover {
    let (owner, successor) = (try segment.host(217), try segment.host(218))
    var announced: [IPv4Address: Duration] = [:]
    var heard: [UInt8: Duration] = [:]
    var perhaps: [UInt8: Duration] = [:]
    var advertised: [UInt8: Duration] = [:]
    for frame in segment.capture.frames() {
      switch frame.content {
      case .arp(let arp)
      where arp.isGratuitous && frame.source == successor.hardwareAddress && frame.time >= strike:
        announced[arp.senderAddress] = announced[arp.senderAddress] ?? frame.time
      case .vrrp(let advertisement) where frame.source == owner.hardwareAddress && frame.time < strike:
        heard[advertisement.virtualRouterID] = frame.time
      case .vrrp(let advertisement) where frame.source == owner.hardwareAddress && frame.time < cut:
        perhaps[advertisement.virtualRouterID] = frame.time
      case .vrrp(let advertisement) where frame.source == successor.hardwareAddress && frame.time >= strike:
        let number = advertisement.virtualRouterID
        if advertisement.priority > 0 { advertised[number] = advertised[number] ?? frame.time }
      default: break
      }
    }
    let acquired = segment.ownership.history.entries.filter {
      guard case .has = $0.change else { return false }
      return $0.time >= strike && $0.host == 218
    }
    let routers = members.map { member in
      let number = UInt8(member.settings.virtualRouterID)
      let patience = member.settings.activeDownInterval
      // What was sent meanwhile got through if the standby waited for as long afterwards.
      let first = member.addresses.compactMap { announced[$0] }.min()
      let last = perhaps[number].flatMap { time in first.flatMap { $0 - time >= patience ? time : nil } }
      return Takeover.Router(
        addresses: member.addresses, lastHeard: last ?? heard[number], activeDownInterval: patience,
        advertised: advertised[number])
    }
    return Takeover(of: routers, acquired: acquired.map(\.time), announced: announced)
  }
}
