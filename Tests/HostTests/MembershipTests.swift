import Internet
import Netlink
import Ownership
import Testing

@testable import Host

@Suite struct MembershipTests {
  private static let text = "[VirtualIP]\nGroup=web\nInterface=eth0\n"

  private func message(_ content: GroupMessage.Content, from sender: String = "100") -> Input {
    .group(GroupMessage(group: "web", sender: sender, content))
  }

  private func state(able: Bool = true, active: Bool) -> GroupMessage.Content {
    .state(isAble: able, isActive: active, nil)
  }

  private func told(_ bench: Bench) -> [String] {
    bench.log.compactMap { effect in
      if case .tellGroup(let message, let name) = effect { "\(name ?? "all"): \(message)" } else { nil }
    }
  }

  @Test func aMemberWaitsForItsLeader() throws {
    var bench = try Bench(Self.text)
    bench.handle(message(state(active: false)))
    bench.start()
    bench.handle(message(state(active: false)))
    bench.run(for: .seconds(1))
    #expect(!bench.host.standing.owns && bench.host.core.isBarred)
    bench.handle(message(state(active: true)))
    bench.run(for: .seconds(100))
    #expect(bench.host.standing.owns)
    // Its leader has died.
    bench.handle(.groupLost("100"))
    bench.run(for: .milliseconds(2499))
    #expect(bench.host.standing.owns)
    bench.run(for: .milliseconds(1000))
    #expect(bench.host.core.isBarred && !bench.host.standing.owns)
  }

  @Test func aReloadMovesToAnotherGroup() throws {
    var bench = try Bench(Self.text)
    bench.own()
    bench.handle(message(state(able: false, active: false)))
    #expect(bench.host.core.isBarred)
    try bench.reload("[VirtualIP]\nInterface=eth0\n")
    #expect(!bench.host.core.isBarred)
    #expect(told(bench).last == "100: web 219 gone")
    bench.run(for: .seconds(3))
    #expect(bench.host.standing.owns)
  }

  @Test func whoeverCameWhileNobodyCouldConnectIsTold() throws {
    var bench = try Bench(Self.text)
    bench.own()
    bench.forget()
    bench.handle(.groupReachable)
    #expect(told(bench) == ["all: web 219 hello", "all: web 219 able active 192.168.1.219"])
  }

  /// A new leader hears how the others are, and they how it is.
  @Test func aNewLeaderIsTold() throws {
    var bench = try Bench(Self.text)
    bench.own()
    bench.handle(message(state(active: true), from: "300"))
    bench.forget()
    bench.handle(message(state(active: true), from: "100"))
    #expect(told(bench) == ["100: web 219 able active 192.168.1.219"])
    bench.forget()
    bench.handle(message(.gone, from: "100"))
    #expect(told(bench) == ["300: web 219 able active 192.168.1.219"])
  }

  /// It said hello, was told how the leader was then, and could not say how it is itself until its sockets were open.
  @Test func aNewMemberIsToldWhatItMissed() throws {
    var bench = try Bench(Self.text)
    bench.start()
    bench.handle(message(.hello, from: "300"))
    bench.run(for: .seconds(1))
    bench.forget()
    bench.handle(message(state(active: false), from: "300"))
    bench.handle(message(state(active: true), from: "300"))
    #expect(told(bench) == ["300: web 219 able active 192.168.1.219"])
  }

  // MARK: Beside version 0.1

  /// It tells four times within its patience how it is, wants to be told as often, and is not silent as long as it does.
  @Test func whoPollsIsToldAgainAndAgain() throws {
    var bench = try Bench(Self.text)
    bench.own()
    let poll = Input.groupPoll(GroupMessage(group: "web", sender: "300", state(active: true)))
    bench.handle(poll)
    bench.forget()
    for _ in 0..<16 {
      bench.run(for: .milliseconds(625))
      bench.handle(poll)
    }
    #expect(told(bench).count == 16)
    #expect(Set(told(bench)) == ["300: web 219 able active 192.168.1.219"])
    #expect(bench.host.group?.reason == nil)
    // It is upgraded.
    bench.handle(message(state(active: true), from: "300"))
    bench.run(for: .seconds(1))
    bench.forget()
    bench.run(for: .seconds(100))
    #expect(told(bench).isEmpty && bench.host.group?.reason == nil)
    #expect(bench.host.alarms[.group] == nil)
  }
}

/// Five instances of one host.
@Suite struct CompanyTests {
  private let names = ["101", "102", "103", "104", "105"]

  @Test func anIdleGroupSaysNothingAndWaitsForNothing() throws {
    var company = try Company(names)
    #expect(company.owners == names)
    _ = company.count()
    for _ in 0..<360 {
      company.run(for: .seconds(10))
      for name in names { #expect(try company.host(name).alarms[.group] == nil) }
    }
    #expect(company.count() == 0)
    #expect(company.owners == names)
  }

  /// The leader tells the others, each of them the leader.
  @Test func aChangeIsOneMessageAMember() throws {
    var company = try Company(names)
    _ = company.count()
    company.change("104") { $0.handle(.hold(true, nil)) }
    company.run(for: .seconds(30))
    #expect(company.owners.isEmpty)
    // It cannot, and so the leader stands back, and so the others.
    #expect(company.count() == 1 + 4 + 3)
    company.change("104") { $0.handle(.hold(false, nil)) }
    company.run(for: .seconds(30))
    #expect(company.owners == names)
    // The same, and the leader asks the others when it becomes Active, who answer.
    #expect(company.count() == 1 + 4 + 4 + 2 * 4)
  }

  @Test func whoIsKilledTakesTheOthersAlongAfterALease() throws {
    for victim in ["101", "104"] {
      var company = try Company(names)
      company.kill(victim)
      company.run(for: .milliseconds(2400))
      #expect(company.owners.count == 4)
      company.run(for: .seconds(10))
      #expect(company.owners.isEmpty)
      try company.start(victim)
      company.run(for: .seconds(30))
      #expect(company.owners == names)
    }
  }

  @Test func whoIsRestartedInTimeDoesNot() throws {
    var company = try Company(names)
    for victim in names {
      company.kill(victim)
      company.run(for: .seconds(1))
      #expect(company.owners == names.filter { $0 != victim })
      try company.start(victim)
      company.run(for: .seconds(10))
      #expect(company.owners == names)
    }
  }

  /// The kernel ends its lease, which nobody told.
  @Test func anOwnerThatHangsIsFoundOutWhenItsAddressIsGone() throws {
    for victim in ["101", "104"] {
      var company = try Company(names)
      company.freeze(victim)
      company.run(for: .seconds(2))
      #expect(company.owners == names)
      let address = LinkAddress(
        linkIndex: 2, network: try Bench.network("192.168.1.\(victim)/24"), protocolNumber: 112)
      for other in names where other != victim {
        company.change(other) { $0.happen(.addressRemoved(address)) }
      }
      company.run(for: .milliseconds(400))
      #expect(company.owners == names)
      company.run(for: .seconds(10))
      #expect(company.owners == [victim])
    }
  }

  /// Somebody deleted it, or its removal is told before what it says.
  @Test func whoAnswersDoesNotHang() throws {
    var company = try Company(names)
    _ = company.count()
    let address = LinkAddress(
      linkIndex: 2, network: try Bench.network("192.168.1.104/24"), protocolNumber: 112)
    for other in names where other != "104" {
      company.change(other) { $0.happen(.addressRemoved(address)) }
    }
    // Only the leader asks.
    #expect(company.count() == 2)
    company.run(for: .seconds(10))
    #expect(company.owners == names && company.count() == 0)
  }

  /// What the kernel could not tell is seen by a look at everything.
  @Test func anAddressThatWentUnseenIsMissed() throws {
    var company = try Company(names)
    company.freeze("104")
    let address = LinkAddress(
      linkIndex: 2, network: try Bench.network("192.168.1.104/24"), protocolNumber: 112)
    company.change("101") { $0.happen(.address(address)) }
    company.change("101") { $0.handle(.changesLost) }
    // The others' addresses are not in this kernel: they answer.
    company.run(for: .seconds(1))
    #expect(company.owners == names)
    company.change("101") {
      $0.note(.addressRemoved(address))
      $0.handle(.changesLost)
    }
    company.run(for: .seconds(10))
    #expect(company.owners == ["104"])
  }

  /// One that hangs as Backup is found out when the group depends on it.
  @Test func aBackupThatHangsIsFoundOutAtATakeover() throws {
    var company = try Company(names)
    company.change("101") { $0.handle(.hold(true, nil)) }
    company.run(for: .seconds(30))
    #expect(company.owners.isEmpty)
    company.freeze("104")
    company.run(for: .seconds(100))
    company.change("101") { $0.handle(.hold(false, nil)) }
    while company.owners.isEmpty && company.now < at(1_000_000) { company.run(for: .milliseconds(10)) }
    company.run(for: .milliseconds(2400))
    #expect(company.owners.first == "101")
    company.run(for: .seconds(10))
    #expect(company.owners.isEmpty)
    company.thaw("104")
    company.run(for: .seconds(30))
    #expect(company.owners == names)
  }

  @Test func aStopOfTheLeaderLeavesTheNextOneInItsPlace() throws {
    var company = try Company(names)
    company.change("101") { $0.handle(.stop) }
    company.kill("101")
    company.run(for: .seconds(30))
    #expect(company.owners == ["102", "103", "104", "105"])
    company.change("104") { $0.handle(.hold(true, nil)) }
    company.run(for: .seconds(30))
    #expect(company.owners.isEmpty)
  }
}
