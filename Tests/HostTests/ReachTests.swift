import Internet
import Neighbor
import Ownership
import Testing

@testable import Host

/// A host whose reference does not answer the VIP.
@Suite struct ReachStatusTests {
  private let gateway = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_0101))
  private let vip = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DB))

  /// Lets time pass; the gateway answers whoever is not `silent`ly dropped on the way.
  private func run(_ bench: inout Bench, for span: Duration, dropping silent: IPAddress?) {
    let end = bench.now + span
    while bench.now < end {
      let count = bench.history.count
      bench.run(for: .milliseconds(10))
      for moment in bench.history[count...] {
        guard case .ask(let question, _) = moment.effect, question.target == gateway,
          question.sender != silent
        else { continue }
        bench.handle(
          .neighbor(
            NeighborPacket(
              operation: .reply, senderHardware: MACAddress(bits: 1), sender: gateway,
              targetHardware: question.senderHardware, target: question.sender)))
      }
    }
  }

  @Test func statusAndJournalNameTheReference() throws {
    var bench = try Bench("[Safety]\nGateway=192.168.1.1\n")
    bench.own()
    run(&bench, for: .seconds(10), dropping: vip)
    let text = "192.168.1.1 answers this host, but not 192.168.1.219"
    #expect(bench.status.unreachable == text)
    #expect(bench.status.checks == text && bench.status.line.contains(text))
    #expect(bench.notices.filter { $0 == .core(.blocked(vip, before: gateway)) }.count == 1)
    #expect(bench.log.contains(.statusChanged))
    bench.forget()
    run(&bench, for: .seconds(11), dropping: nil)
    #expect(bench.status.unreachable.isEmpty && bench.log.contains(.statusChanged))
    #expect(bench.status.owns)
  }
}
