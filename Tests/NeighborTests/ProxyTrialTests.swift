import Internet
import Neighbor
import Testing

@Suite struct ProxyTrialTests {
  private let station = MACAddress(bits: 0x0200_0000_0001)
  private let other = MACAddress(bits: 0x0200_0000_0002)

  private func network(_ address: String, _ length: Int) throws -> IPNetwork {
    let address = try #require(IPAddress(address))
    return try #require(IPNetwork(address, prefixLength: length))
  }

  @Test(arguments: [
    ("192.168.1.219", 24), ("10.1.2.3", 8), ("10.0.0.1", 29), ("fd00::219", 64), ("fe80::1", 10),
  ])
  func asksForAddressesOfTheSubnetThatNobodyIsKnownToHave(address: String, length: Int) throws {
    let network = try network(address, length)
    let known = ["192.168.1.217", "192.168.1.1", "10.0.0.2"].compactMap { IPAddress($0) }
    for seed in 0..<200 as Range<UInt64> {
      let questions = ProxyTrial(of: station, in: network, avoiding: known, seed: seed).questions
      #expect(questions.count == ProxyTrial.count && Set(questions).count == questions.count)
      for question in questions {
        #expect(network.contains(question) && question != network.address && !known.contains(question))
        #expect(question != network.subnet && question.ipv4.map { $0 != network.broadcast } ?? true)
        if case .ipv6(let vip) = network.address { #expect(question.ipv6?.high == vip.high) }
      }
    }
    let draws = (0..<20).map { ProxyTrial(of: station, in: network, avoiding: [], seed: $0).questions }
    #expect(Set(draws).count > 1)
    #expect(draws[7] == ProxyTrial(of: station, in: network, avoiding: [], seed: 7).questions)
  }

  @Test func whoAnswersForAllOfThemIsAProxy() throws {
    var trial = ProxyTrial(of: station, in: try network("192.168.1.219", 24), avoiding: [], seed: 1)
    #expect(!trial.isProxy && trial.unanswered == trial.questions)
    for question in trial.questions.dropLast() { trial.hear(station, for: question) }
    // A station may have some of them.
    #expect(!trial.isProxy && trial.unanswered == [trial.questions[2]])
    let last = trial.questions[2]
    // Another station that has the address is no proxy's answer; nor is one for an address that was not asked for.
    let vip = try #require(IPAddress("192.168.1.219"))
    let isAnswer = [trial.hear(other, for: last), trial.hear(station, for: vip)]
    #expect(isAnswer == [false, false] && !trial.isProxy)
    let isLastAnswer = trial.hear(station, for: last)
    #expect(isLastAnswer && trial.isProxy)
  }

  /// One free address that is answered for proves nothing, and none would prove everything.
  @Test(arguments: [("10.0.0.1", 30), ("10.0.0.1", 31), ("10.0.0.1", 32), ("fd00::1", 128), ("fd00::", 127)])
  func aFullSubnetTellsNothing(address: String, length: Int) throws {
    var trial = ProxyTrial(of: station, in: try network(address, length), avoiding: [], seed: 3)
    #expect(trial.questions.count < 2)
    for question in trial.questions { trial.hear(station, for: question) }
    #expect(!trial.isProxy)
  }
}
