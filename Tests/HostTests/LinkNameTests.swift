import Internet
import Netlink
import Ownership
import Testing

@testable import Host

extension Bench {
  fileprivate mutating func rename(to name: String, _ index: Int32 = 2) {
    let hardware = links.first { $0.index == index }?.macAddress
    happen(.link(Link(index: index, name: name, macAddress: hardware)))
  }

  fileprivate var opensSocketsOnce: Bool {
    log.count { if case .openSockets = $0 { true } else { false } } == 1
  }
}

@Suite struct LinkNameTests {
  private static let explicit = "[VirtualIP]\nInterface=eth0\n"

  @Test func aNameThatIsGivenBackChangesNothing() throws {
    var bench = try Bench(Self.explicit)
    bench.own()
    bench.rename(to: "eth9")
    bench.run(for: .milliseconds(499))
    bench.rename(to: "eth0")
    bench.run(for: .seconds(5))
    #expect(bench.host.standing.owns && bench.opensSocketsOnce && bench.virtual.count == 1)
    #expect(!bench.requests.contains { if case .removeAddress = $0 { true } else { false } })
  }

  @Test func aNameThatWasAskedForAndIsGoneIsMissed() throws {
    var bench = try Bench(Self.explicit)
    bench.own()
    bench.rename(to: "eth9")
    bench.run(for: .milliseconds(501))
    #expect(bench.host.core.link == .absent && bench.virtual.isEmpty)
    bench.rename(to: "eth0")
    bench.run(for: .seconds(1))
    #expect(bench.host.standing.owns)
  }

  /// Another link that has the name is the one that is asked for.
  @Test func namesThatAreExchangedAreFollowedAtOnce() throws {
    var bench = try Bench(Self.explicit)
    bench.own()
    bench.rename(to: "eth9")
    bench.rename(to: "eth0", 3)
    #expect(!bench.virtual.contains { $0.linkIndex == 2 })
    bench.run(for: .seconds(1))
    #expect(bench.virtual.map(\.linkIndex) == [3])
  }

  @Test func aNameThatNobodyAskedForDoesNotMatter() throws {
    var bench = try Bench()
    bench.own()
    bench.rename(to: "eth9")
    bench.run(for: .seconds(5))
    #expect(bench.host.standing.owns && bench.opensSocketsOnce && bench.status.interface == "eth9")
    #expect(bench.notices.contains(.renamed(from: "eth0", to: "eth9")))
    // Its old name is another link's.
    bench.rename(to: "eth0", 3)
    bench.run(for: .seconds(1))
    #expect(bench.virtual.map(\.linkIndex) == [2])
  }
}
