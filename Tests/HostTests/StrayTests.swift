import Internet
import Netlink
import Ownership
import Testing

@testable import Host

@Suite struct StrayTests {
  /// A link loses its name for a while, the kernel will not let the address go, and it is wanted there again.
  @Test func whatWouldNotGoCountsWhenItIsWantedAgain() throws {
    var bench = try Bench("[VirtualIP]\nInterface=eth0\nAddress=192.168.1.219/24\n")
    bench.own()
    bench.refusals = { if case .removeAddress = $0 { 16 } else { nil } }
    let link = Link(index: 2, name: "eth0", macAddress: Bench.hardware)
    bench.happen(.link(Link(index: 2, name: "lan0", macAddress: Bench.hardware)))
    bench.run(for: .seconds(1))
    #expect(bench.status.state == "initialize" && bench.virtual.count == 1)
    bench.happen(.link(link))
    bench.run(for: .seconds(1))
    #expect(bench.status.state == "active" && bench.host.core.owns && bench.host.standing.owns)
  }
}
