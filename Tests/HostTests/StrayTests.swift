import Internet
import Netlink
import Ownership
import Testing

@testable import Host

@Suite struct StrayTests {
  /// Of IPv6 addresses the kernel tells after it has answered.
  @Test(arguments: [true, false]) func newsOfIPv6MayComeLate(doesCome: Bool) throws {
    var bench = try Bench(
      "[VirtualIP]\nInterface=eth0\nAddress=fd00::219/64\n", also: try Bench.address("fe80::217/64"))
    bench.isTold = { _ in false }
    bench.own()
    let added = bench.virtual
    #expect(added.count == 2)
    if doesCome {
      for address in added { bench.happen(.address(address)) }
    }
    bench.run(for: .milliseconds(200))
    #expect(bench.host.standing.owns)
    #expect(!bench.notices.contains { if case .core(.reinstated) = $0 { true } else { false } })
  }

  @Test func oneThatIsGoneBeforeAnybodyToldOfItIsPutBack() throws {
    var bench = try Bench(
      "[VirtualIP]\nInterface=eth0\nAddress=fd00::219/64\n", also: try Bench.address("fe80::217/64"))
    bench.isTold = { _ in false }
    bench.start()
    bench.run(for: .milliseconds(380))
    for address in bench.virtual { bench.note(.addressRemoved(address)) }
    bench.isTold = { _ in true }
    bench.run(for: .milliseconds(300))
    #expect(bench.virtual.count == 2 && bench.host.standing.owns)
  }

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
