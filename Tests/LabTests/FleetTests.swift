import Glibc
import Internet
import Testing

@testable import Lab

@Suite struct ProcessAccountTests {
  private let status = """
    Name:\tvipd
    voluntary_ctxt_switches:\t120
    nonvoluntary_ctxt_switches:\t3
    """

  @Test func aThreadsAccountIsReadAsTheKernelWritesIt() {
    let usage = ProcessAccount.usage(schedule: "1500000 42 7\n", status: status)
    #expect(usage == ProcessAccount.Usage(runTime: .microseconds(1500), contextSwitches: 123))
  }

  @Test func whatSaysSomethingElseIsNothing() {
    #expect(ProcessAccount.usage(schedule: "", status: status) == nil)
    #expect(ProcessAccount.usage(schedule: "1 2 3", status: "Name:\tvipd") == nil)
  }

  @Test func whatWasUsedIsTheDifference() {
    func usage(_ milliseconds: Int, _ switches: Int) -> ProcessAccount.Usage {
      ProcessAccount.Usage(runTime: .milliseconds(milliseconds), contextSwitches: switches)
    }
    let before = ProcessAccount(threads: [1: usage(5, 10), 2: usage(100, 100)])
    let after = ProcessAccount(threads: [1: usage(8, 14), 3: usage(1, 2)])
    #expect(after.used(since: before) == usage(4, 6))
  }

  @Test func thisProcessHasUsedSomething() {
    let account = ProcessAccount(of: [getpid()])
    #expect(account.used(since: ProcessAccount()).runTime > .zero)
  }
}

@Suite struct MemoryAccountTests {
  @Test func itIsReadAsTheKernelWritesIt() throws {
    let text = """
      55d0c0000000-7ffd0000 ---p 00000000 00:00 0 [rollup]
      Rss:                2048 kB
      Private_Clean:       100 kB
      Private_Dirty:       400 kB
      Anonymous:           300 kB
      """
    let account = try #require(MemoryAccount(text))
    #expect(account.resident == 2048 * 1024)
    #expect(account.exclusive == 500 * 1024)
    #expect(account.anonymous == 300 * 1024)
    #expect(MemoryAccount("Rss: 2048 kB") == nil)
  }
}

@Suite struct TakeoverTests {
  private let first = Segment.address(1)
  private let second = Segment.address(2)

  private func router(
    _ addresses: [IPv4Address], heard: Int?, advertised: Int?
  ) -> Takeover.Router {
    Takeover.Router(
      addresses: addresses, lastHeard: heard.map { .milliseconds($0) },
      activeDownInterval: .milliseconds(300),
      advertised: advertised.map { .milliseconds($0) })
  }

  @Test func itIsCountedFromTheFirstSignOfADecision() {
    let takeover = Takeover(
      of: [router([first], heard: 100, advertised: 401), router([second], heard: 160, advertised: 465)],
      acquired: [.milliseconds(402), .milliseconds(466)],
      announced: [first: .milliseconds(403), second: .milliseconds(470)])
    #expect(takeover.announced == [.milliseconds(2), .milliseconds(69)])
    #expect(takeover.spread == .milliseconds(67))
    #expect(takeover.decisionToLast == .milliseconds(69))
    #expect(takeover.late == [.milliseconds(3), .milliseconds(10)])
    #expect(takeover.missing == 0)
  }

  @Test func whatWasNotAnnouncedIsMissing() {
    let takeover = Takeover(
      of: [router([first, second], heard: nil, advertised: nil)], acquired: [.milliseconds(402)],
      announced: [first: .milliseconds(401)])
    #expect(takeover.announced == [.zero])
    #expect(takeover.late.isEmpty)
    #expect(takeover.missing == 1)
  }
}

@Suite struct ManyRoutersTests {
  @Test func keepalivedHasThemInOneFile() {
    let routers = [1, 2].map { number in
      var settings = DaemonSettings()
      settings.virtualRouterID = number
      return settings
    }
    let text = DaemonSettings.text(for: routers)
    #expect(text.split(separator: "vrrp_instance vip").count == 3)
    #expect(text.hasPrefix("global_defs") && text.split(separator: "global_defs").count == 1)
    #expect(text.contains("virtual_router_id 1\n") && text.contains("virtual_router_id 2\n"))
  }
}

/// What the lab measures with must itself be right.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root"))
struct FleetTests {
  @Test(arguments: DaemonKind.interchangeable)
  func aFewRoutersCostSomethingAndAreTakenOver(_ kind: DaemonKind) throws {
    let fleet = try Fleet(kind, count: 3, interval: .milliseconds(100))
    let (owner, standby) = try fleet.cost(over: .seconds(2))
    for cost in [owner, standby] {
      #expect(cost.processor > 0 && cost.processor < 2000)
      #expect(cost.wakeUps >= 10 / 3, "every Advertisement is a reason to wake up")
      #expect(cost.exclusive > 10_000 && cost.anonymous > 10_000)
    }
    let takeover = try fleet.unplug()
    #expect(takeover.announced.count == 3 && takeover.missing == 0)
    #expect(takeover.late.count == 3 && takeover.late.allSatisfy { $0 > .milliseconds(-20) })
  }

  @Test(arguments: DaemonKind.interchangeable)
  func aRouterWithManyAddressesAnnouncesAll(_ kind: DaemonKind) throws {
    let fleet = try Fleet(kind, count: 1, addressesEach: 12, interval: .milliseconds(200))
    let takeover = try fleet.unplug()
    #expect(takeover.announced.count == 12 && takeover.missing == 0)
    #expect(takeover.decisionToLast >= takeover.spread)
  }
}
