import Internet
import Neighbor
import Testing

@testable import Ownership

/// How many addresses are announced, at once or at a pace.
@Suite struct AnnouncementTests {
  private struct Announcement: Hashable {
    let time: Duration
    let addresses: AddressSet
    let form: AnnouncementForm
  }

  /// An owner of `count` addresses that came `gap` apart, and what it announced until `end`.
  private func announcements(
    of count: Int, interval: Duration?, gap: Duration = .zero, repeats: Int = 2, until end: Duration,
    _ body: (inout Driver) -> Void = { _ in }
  ) -> [Announcement] {
    var driver = Driver(addressCount: count, lease: nil, repeats: repeats)
    driver.instance.parameters.announcementInterval = interval
    driver.handle(.link(.ready(ownIdentity)))
    driver.runToDeadline()
    let start = driver.now
    var log: [(Instant, Action)] = []
    for index in 0..<count {
      for action in driver.handle(.added(index: index)) { log.append((driver.now, action)) }
      if gap > .zero { log += driver.run(until: driver.now + gap) }
    }
    body(&driver)
    log += driver.run(until: start + end)
    return log.compactMap { time, action in
      guard case .announce(let addresses, let form) = action else { return nil }
      return Announcement(time: time - start, addresses: addresses, form: form)
    }
  }

  @Test func withoutAPaceAllAreAnnouncedAsTheyCome() {
    let all = AddressSet.all(200)
    let sent = announcements(of: 200, interval: nil, until: .milliseconds(30))
    let asTheyCame = (0..<200).map {
      Announcement(time: .zero, addresses: AddressSet(index: $0), form: .first)
    }
    #expect(Array(sent.prefix(200)) == asTheyCame)
    #expect(
      Array(sent.dropFirst(200)) == [
        Announcement(time: .zero, addresses: all, form: .second),
        Announcement(time: .milliseconds(20), addresses: all, form: .first),
        Announcement(time: .milliseconds(20), addresses: all, form: .second),
      ])
  }

  /// Every address in the first form, then every address in the second one, then again.
  @Test func atAPaceOneFollowsTheOther() {
    let sent = announcements(of: 150, interval: .milliseconds(1), until: .milliseconds(618.5))
    let forms: [AnnouncementForm] = [.first, .second, .first, .second]
    // Two rounds, 20 ms apart.
    let expected = zip([0, 150, 319, 469], forms).flatMap { start, form in
      (0..<150).map { index in
        Announcement(time: .milliseconds(start + index), addresses: AddressSet(index: index), form: form)
      }
    }
    #expect(sent == expected)
  }

  @Test func withoutARepetitionNoneIsLeftOut() {
    let sent = announcements(of: 50, interval: .milliseconds(1), repeats: 1, until: .milliseconds(99.5))
    #expect(sent.prefix(50).map(\.addresses) == (0..<50).map { AddressSet(index: $0) })
    #expect(sent.count == 100)
  }

  /// An address that comes while others are repeated does not wait for them.
  @Test func whatHasComeGoesFirst() throws {
    let sent = announcements(
      of: 3, interval: .milliseconds(2), gap: .milliseconds(9), until: .milliseconds(100))
    for index in 0..<3 {
      let first = try #require(sent.first { $0.addresses == AddressSet(index: index) })
      #expect(first.form == .first)
      #expect(first.time - .milliseconds(9) * index <= .milliseconds(2))
    }
    for (one, next) in zip(sent, sent.dropFirst()) { #expect(next.time - one.time >= .milliseconds(2)) }
  }

  /// What the queue had no room for is announced when it has, before anything else.
  @Test(arguments: [AnnouncementForm.first, .second])
  func aFullQueueLosesNothing(form: AnnouncementForm) {
    let unsent = AddressSet.all(200).subtracting(.all(120))
    let sent = announcements(of: 200, interval: nil, until: .milliseconds(19)) { driver in
      driver.runToDeadline()
      driver.handle(.unannounced(unsent, form))
    }
    let after = sent.filter { $0.time > .zero }
    var expected = [Announcement(time: .milliseconds(5), addresses: unsent, form: form)]
    if form == .first {
      expected.append(Announcement(time: .milliseconds(5), addresses: unsent, form: .second))
    }
    #expect(after == expected)
  }

  @Test func aQueueThatStaysFullIsTriedAgain() {
    var driver = Driver.owner(addressCount: 2, lease: nil)
    driver.runToDeadline()
    for _ in 0..<3 {
      driver.handle(.unannounced(first, .first))
      let before = driver.now
      #expect(driver.runToDeadline() == [.announce(first)])
      #expect(driver.now - before == .milliseconds(5))
    }
  }

  @Test func whoLeftAnnouncesNothing() {
    var driver = Driver.owner(addressCount: 2, lease: nil)
    driver.handle(.unannounced(first, .first))
    driver.handle(.link(.noCarrier))
    driver.handle(.unannounced(first, .first))
    #expect(
      !driver.run(until: driver.now + .seconds(1)).contains { entry in
        if case .announce = entry.1 { true } else { false }
      })
  }
}
