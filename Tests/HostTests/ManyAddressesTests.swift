import Internet
import Neighbor
import Netlink
import Ownership
import Testing
import VRRP

@testable import Host

/// As many addresses as an Advertisement counts.
@Suite struct ManyAddressesTests {
  private static let networks = (0..<255).map { "10.2.0.\($0)/32" }
  private static let text =
    "[VirtualIP]\nInterface=eth0\n" + networks.map { "Address=\($0)\n" }.joined()
    + "[VRRP]\nVirtualRouterID=219\n[Safety]\nGateway=none\n"

  private func owner() throws -> Bench {
    var bench = try Bench(Self.text)
    bench.own()
    return bench
  }

  private func announced(_ bench: Bench, _ form: AnnouncementForm) -> [IPAddress] {
    bench.log.flatMap { effect -> [IPAddress] in
      if case .announce(let addresses, form) = effect { addresses } else { [] }
    }
  }

  @Test func allAreAskedForAndAnnounced() throws {
    let bench = try owner()
    #expect(bench.virtual.map(\.network.description) == Self.networks)
    #expect(bench.host.standing.owns)
    let all = Set(bench.virtual.map(\.network.address))
    #expect(Set(announced(bench, .first)) == all && Set(announced(bench, .second)) == all)
    #expect(bench.status.summary.contains("owns 10.2.0.0/32 10.2.0.1/32 10.2.0.2/32 and 252 more on eth0"))
    #expect(bench.status.addresses == Self.networks)
  }

  @Test func oneThatSomebodyRemovesIsPutBackAlone() throws {
    var bench = try owner()
    bench.forget()
    let gone = bench.virtual[200]
    bench.happen(.addressRemoved(gone))
    #expect(bench.virtual.count == 255)
    #expect(bench.requests.count == 1)
    #expect(announced(bench, .first) == [gone.network.address])
  }

  @Test func allGoAtOnce() throws {
    var bench = try owner()
    let better = Advertisement(virtualRouterID: 219, priority: 200, interval: .standard)
    let sender = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DA))
    bench.handle(.advertisement(ReceivedAdvertisement(better, from: sender)))
    #expect(bench.virtual.isEmpty)
    #expect(!bench.host.core.isRemoving)
    #expect(bench.host.standing.present.isEmpty)
  }

  @Test func aRefusalIsOfOneAddress() throws {
    var bench = try Bench(Self.text)
    bench.refusals = { request in
      guard case .addAddress(let address) = request else { return nil }
      return address.network.description == "10.2.0.200/32" ? 105 : nil
    }
    bench.start()
    bench.run(for: .milliseconds(500))
    #expect(!bench.host.standing.owns)
    #expect(bench.virtual.isEmpty, "nobody owns a VIP of which an address is missing")
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(2))
    #expect(bench.host.standing.owns && bench.virtual.count == 255)
  }

  @Test func aFullQueueIsTriedAgain() throws {
    var bench = try owner()
    bench.forget()
    let unsent = Array(bench.virtual.suffix(20).map(\.network.address))
    bench.handle(.unannounced(unsent, .first))
    #expect(announced(bench, .first).isEmpty)
    bench.run(for: .milliseconds(5))
    #expect(announced(bench, .first) == unsent)
  }
}
