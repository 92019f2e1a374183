import Internet
import Testing

@testable import Lab

@Suite struct OwnershipHistoryTests {
  private let vip = Segment.address(219)

  private func history(_ entries: [(Int, OwnershipHistory.Change, Int)]) -> OwnershipHistory {
    var history = OwnershipHistory()
    for (host, change, time) in entries { history.record(host, change, at: .milliseconds(time)) }
    return history
  }

  @Test func overlapIsTheTimeWithTwoOwners() {
    let history = history([
      (217, .has(vip.ip), 10), (218, .has(vip.ip), 100), (217, .lost(vip.ip), 130), (217, .has(vip.ip), 200),
      (217, .lost(vip.ip), 205),
    ])
    let overlap = history.overlap(of: vip, from: .zero, to: .seconds(1))
    #expect(overlap.all == .milliseconds(35))
    #expect(overlap.reachable == .milliseconds(35))
    #expect(overlap.longest == .milliseconds(30))
    #expect(history.owners(of: vip) == [218])
  }

  @Test func anOwnerWhoIsCutOffCountsOnlyForTheWhole() {
    let history = history([
      (217, .has(vip.ip), 0), (217, .reachable(false), 50), (218, .has(vip.ip), 60),
      (217, .reachable(true), 90),
      (217, .lost(vip.ip), 94),
    ])
    let overlap = history.overlap(of: vip, from: .zero, to: .seconds(1))
    #expect(overlap.all == .milliseconds(34))
    #expect(overlap.reachable == .milliseconds(4))
  }

  @Test func aTakeoverIsAnotherHostsAcquisition() {
    let history = history([
      (217, .has(vip.ip), 0), (217, .lost(vip.ip), 10), (217, .has(vip.ip), 11), (218, .has(vip.ip), 20),
      (217, .lost(vip.ip), 25), (217, .has(vip.ip), 90),
    ])
    #expect(history.takeovers(of: vip, from: .zero, to: .seconds(1)) == 2)
    #expect(history.takeovers(of: vip, from: .milliseconds(5), to: .milliseconds(50)) == 1)
    #expect(history.takeovers(of: vip, from: .milliseconds(21), to: .milliseconds(50)) == 0)
  }

  @Test func onlyTheWindowCounts() {
    let history = history([(217, .has(vip.ip), 0), (218, .has(vip.ip), 10)])
    #expect(history.overlap(of: vip, from: .milliseconds(20), to: .milliseconds(50)).all == .milliseconds(30))
    #expect(history.overlap(of: vip, from: .zero, to: .milliseconds(5)).all == .zero)
  }

  @Test func otherAddressesDoNotMatter() {
    let history = history([(217, .has(vip.ip), 0), (218, .has(Segment.address(218).ip), 10)])
    #expect(history.overlap(of: vip, from: .zero, to: .seconds(1)).all == .zero)
    #expect(history.owners(of: vip) == [217])
  }

  @Test func whenAnAddressCameAndWent() {
    let history = history([(217, .has(vip.ip), 5), (217, .lost(vip.ip), 9), (217, .has(vip.ip), 12)])
    #expect(history.acquisition(of: vip, by: 217, from: .milliseconds(6)) == .milliseconds(12))
    #expect(history.loss(of: vip, by: 217, from: .zero) == .milliseconds(9))
    #expect(history.loss(of: vip, by: 218, from: .zero) == nil)
  }
}

@Suite struct ProbeReportTests {
  /// Questions a millisecond apart; each answered after so many milliseconds by that host, or not at all.
  private func report(_ answers: [(host: String, after: Int)?]) -> ProbeReport {
    ProbeReport(
      answers.enumerated().map { index, answer in
        let sent = Duration.milliseconds(index)
        let received = answer.map { [($0.host, sent + .milliseconds($0.after))] } ?? []
        return Probe.Question(sent: sent, answers: received)
      })
  }

  @Test func outageRunsFromTheFirstLossToTheNextAnswer() {
    let report = report([("217", 0), nil, nil, nil, ("218", 0), nil, ("218", 0)])
    #expect(report.outage == .milliseconds(3))
    #expect(report.lost == 4)
    #expect(report.servedBy == ["217", "218"])
  }

  @Test func anAnswerThatComesLateIsNone() {
    let report = report([("217", 0), ("218", 21), ("218", 20)])
    #expect(report.lost == 1)
    #expect(report.outage == .milliseconds(1))
  }

  @Test func anOutageThatDoesNotEndIsCountedToTheEnd() {
    #expect(report([("217", 0), nil, nil, nil]).outage == .milliseconds(2))
    #expect(report([("217", 0), ("217", 1)]).outage == .zero)
  }

  @Test func twoAnswersToOneQuestion() {
    let both = Probe.Question(sent: .zero, answers: [("217", .milliseconds(1)), ("218", .milliseconds(1))])
    #expect(ProbeReport([both]).answeredTwice == 1)
  }
}

@Suite struct StatisticsTests {
  @Test func spread() throws {
    let odd = try #require(Statistics([3, 1, 2]))
    #expect((odd.minimum, odd.median, odd.maximum) == (1, 2, 3))
    #expect(Statistics([4, 1, 2, 3])?.median == 2.5)
    #expect(Statistics([]) == nil)
  }
}

@Suite struct FrameTests {
  private let vip = Segment.address(219)
  private let source = MACAddress(bits: 0x1234_5678_0217)

  @Test func anAdvertisementIsReadAsItWasWritten() throws {
    let message = Frame.advertisement(
      virtualRouterID: 219, priority: 100, centiseconds: 10, addresses: [vip], source: Segment.address(217))
    let frame = CapturedFrame(
      Frame.vrrp(message, from: source, address: Segment.address(217)), at: .seconds(1))
    guard case .vrrp(let advertisement) = frame.content else {
      Issue.record("not seen as VRRP")
      return
    }
    #expect(frame.source == source)
    #expect(frame.destination == MACAddress(bits: 0x0100_5E00_0012))
    #expect(advertisement.source == Segment.address(217).ip)
    #expect(advertisement.timeToLive == 255)
    #expect((advertisement.version, advertisement.type) == (3, 1))
    #expect((advertisement.virtualRouterID, advertisement.priority, advertisement.interval) == (219, 100, 10))
    #expect(advertisement.addresses == [vip.ip])
  }

  @Test func aGratuitousArpIsOneAboutItsSender() throws {
    func arp(_ target: IPv4Address) -> CapturedFrame.Content {
      CapturedFrame(
        Frame.arp(
          operation: 1, from: source, sender: vip, to: .broadcast, targetHardware: .zero, target: target),
        at: .zero
      ).content
    }
    guard case .arp(let gratuitous) = arp(vip), case .arp(let question) = arp(Segment.address(10)) else {
      Issue.record("not seen as ARP")
      return
    }
    #expect(gratuitous.isGratuitous && !question.isGratuitous)
    #expect(gratuitous.senderHardwareAddress == source && gratuitous.operation == 1)
  }

  @Test func cutFramesAreNothing() {
    let message = Frame.advertisement(
      virtualRouterID: 1, priority: 1, centiseconds: 1, addresses: [vip], source: vip)
    let whole = Frame.vrrp(message, from: source, address: vip)
    for length in 0..<whole.count {
      guard case .other = CapturedFrame(Array(whole.prefix(length)), at: .zero).content else {
        Issue.record("\(length) octets were taken for a packet")
        continue
      }
    }
  }
}
