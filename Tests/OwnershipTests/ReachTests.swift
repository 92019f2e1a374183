import Internet
import Neighbor
import Testing
import VRRP

@testable import Ownership

/// What the references say of an owner's VIP.
@Suite struct ReachRule {
  private static let start = at(0)
  private let second = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DC))
  private let blocked = Instance.Blocked(reference: gateway, address: vip)

  /// An Active router without a standby, which may know nothing of its reference yet.
  private func owner(
    _ addresses: [IPNetwork] = [.host(vip)], usesVirtualMAC: Bool = false
  ) -> Driver {
    var driver = Driver(gateway: gateway, isolation: true)
    var parameters = driver.instance.parameters
    parameters.addresses = addresses
    parameters.usesVirtualMAC = usesVirtualMAC
    driver.instance = Instance(parameters)
    driver.handle(.resume(.all(addresses.count), until: at(1000)))
    driver.handle(.link(.ready(ownIdentity)))
    #expect(driver.instance.owns)
    return driver
  }

  /// Lets time pass; the reference answers questions of `senders`, with `spacing` between two answers.
  private func run(
    _ driver: inout Driver, for span: Duration, answering senders: [IPAddress], spacing: Duration = .zero
  ) -> [(Instant, Action)] {
    let end = driver.now + span
    var log: [(Instant, Action)] = []
    var lastAnswer = driver.now + spacing * -1
    while let deadline = driver.instance.deadline, deadline <= end {
      var pending = driver.handle(.timer, at: max(deadline, driver.now))
      while !pending.isEmpty {
        let action = pending.removeFirst()
        log.append((driver.now, action))
        guard case .ask(let question, let station) = action else { continue }
        var hardware = peerHardware
        if question.target == gateway {
          guard [gatewayHardware, .broadcast].contains(station), senders.contains(question.sender),
            driver.now - lastAnswer >= spacing
          else { continue }
          hardware = gatewayHardware
          lastAnswer = driver.now
        } else if question.target != peer {
          continue
        }
        let reply = NeighborPacket(
          operation: .reply, senderHardware: hardware, sender: question.target,
          targetHardware: question.senderHardware, target: question.sender)
        pending += driver.handle(.neighbor(reply))
      }
    }
    driver.now = end
    return log
  }

  /// When the reference was asked as `sender`.
  private func questions(as sender: IPAddress, in log: [(Instant, Action)]) -> [Instant] {
    log.compactMap { time, action in
      guard case .ask(let packet, _) = action, packet.target == gateway, packet.sender == sender else {
        return nil
      }
      return time
    }
  }

  private func reports(in log: [(Instant, Action)]) -> [Report] {
    log.compactMap { entry in
      if case .report(let report) = entry.1, case .blocked = report { report } else { nil }
    }
  }

  @Test func isAskedSlowlyWhereItAnswers() throws {
    var driver = owner()
    let log = run(&driver, for: .seconds(60), answering: [own, vip])
    let asked = questions(as: vip, in: log)
    #expect(asked.count == 6 && asked[0] <= at(2000))
    for (first, next) in zip(asked, asked.dropFirst()) { #expect(next - first == .seconds(10)) }
    // Only to find it.
    #expect(questions(as: own, in: log).count == 1)
    #expect(reports(in: log).isEmpty && driver.instance.blocked.isEmpty)
    let action = log.first { if case .ask(let packet, _) = $0.1 { packet.sender == vip } else { false } }?.1
    #expect(action == .ask(.request(for: gateway, from: vip, at: ownHardware), to: gatewayHardware))
  }

  @Test func aBlockedVIPIsReportedOnceAndClearedByAnAnswer() throws {
    var driver = owner()
    let first = run(&driver, for: .seconds(12), answering: [own])
    #expect(reports(in: first) == [.blocked(vip, before: gateway)])
    #expect(questions(as: vip, in: first).count == 5)
    #expect(driver.instance.blocked == [blocked])
    let later = run(&driver, for: .seconds(60), answering: [own])
    #expect(reports(in: later).isEmpty && driver.instance.blocked == [blocked])
    #expect((5...7).contains(questions(as: vip, in: later).count))
    _ = run(&driver, for: .seconds(11), answering: [own, vip])
    #expect(driver.instance.blocked.isEmpty)
    let again = run(&driver, for: .seconds(20), answering: [own])
    #expect(reports(in: again).count == 1)
    // No decision depends on it.
    #expect(driver.instance.owns)
  }

  @Test func oneThatAnswersNeitherSaysNothing() {
    var driver = owner()
    #expect(reports(in: run(&driver, for: .seconds(60), answering: [])).isEmpty)
    _ = run(&driver, for: .seconds(20), answering: [own, vip])
    let log = run(&driver, for: .seconds(60), answering: [])
    #expect(reports(in: log).isEmpty && driver.instance.blocked.isEmpty)
    // It is looked for, and found.
    _ = run(&driver, for: .seconds(20), answering: [own])
    #expect(driver.instance.blocked == [blocked])
    _ = run(&driver, for: .seconds(60), answering: [])
    #expect(driver.instance.blocked == [blocked])
  }

  @Test func lossInPassingIsNotReported() {
    var driver = owner()
    for _ in 0..<5 {
      let log =
        run(&driver, for: .seconds(4), answering: [own])
        + run(&driver, for: .seconds(8), answering: [own, vip])
      #expect(reports(in: log).isEmpty)
    }
  }

  /// While there is a standby, it is asked ten times a second as the host, and seldom as the VIP.
  @Test func oneThatAnswersSeldomSaysNothing() {
    var driver = owner()
    let mark = StandbyMark(virtualRouterID: 219, priority: 50, isReady: true)
    for _ in 0..<60 {
      driver.handle(.neighbor(.request(for: vip, from: peer, at: peerHardware, standby: mark)))
      let log = run(&driver, for: .seconds(1), answering: [own, vip], spacing: .milliseconds(150))
      #expect(reports(in: log).isEmpty)
    }
    #expect(driver.instance.owns && driver.instance.blocked.isEmpty)
  }

  /// Of two addresses, one.
  @Test func everyAddressHasItsTurn() {
    var driver = owner([.host(vip), .host(second)])
    let log = run(&driver, for: .seconds(40), answering: [own, vip])
    #expect(reports(in: log) == [.blocked(second, before: gateway)])
    #expect(driver.instance.blocked == [.init(reference: gateway, address: second)])
    var parameters = driver.instance.parameters
    parameters.addresses = [.host(vip)]
    driver.handle(.reconfigure(parameters))
    #expect(driver.instance.blocked.isEmpty)
    #expect(reports(in: run(&driver, for: .seconds(40), answering: [own, vip])).isEmpty)
  }

  /// Kernels do not answer senders to which they have no way by the link (arp_process()).
  @Test func anAddressOfAnotherSubnetCountsWhenItWasAnswered() {
    var driver = owner([.host(vip, 32)])
    #expect(reports(in: run(&driver, for: .seconds(60), answering: [own])).isEmpty)
    _ = run(&driver, for: .seconds(20), answering: [own, vip])
    #expect(reports(in: run(&driver, for: .seconds(20), answering: [own])).count == 1)
  }

  @Test func aVirtualMACAsksFromThere() {
    var driver = owner(usesVirtualMAC: true)
    let log = run(&driver, for: .seconds(3), answering: [own, vip])
    let virtual = MACAddress.virtualRouter(219, .ipv4)
    #expect(
      log.contains { $0.1 == .ask(.request(for: gateway, from: vip, at: virtual), to: gatewayHardware) })
    #expect(driver.instance.blocked.isEmpty)
  }

  /// What it says would be a claim to another router, and what another router is offered is not this one's any more.
  @Test func nobodyIsAskedWhoIsARouterOfTheVIPOrWhileItIsOffered() {
    var driver = owner()
    _ = run(&driver, for: .seconds(3), answering: [own, vip])
    let mark = StandbyMark(virtualRouterID: 219, priority: 50, isReady: true)
    driver.handle(.neighbor(.request(for: vip, from: gateway, at: gatewayHardware, standby: mark)))
    #expect(questions(as: vip, in: run(&driver, for: .seconds(30), answering: [own])).isEmpty)
    #expect(driver.instance.blocked.isEmpty)

    driver = owner()
    _ = run(&driver, for: .milliseconds(1900), answering: [own])
    driver.handle(.neighbor(.request(for: vip, from: peer, at: peerHardware, standby: mark)))
    driver.handle(.handover)
    #expect(driver.instance.phase.service?.isOffering == true)
    #expect(questions(as: vip, in: run(&driver, for: .milliseconds(200), answering: [own])).isEmpty)
  }

  @Test func whoLosesTheVIPAsksNoMore() {
    var driver = owner()
    _ = run(&driver, for: .seconds(12), answering: [own])
    #expect(driver.instance.blocked == [blocked])
    _ = driver.hear(200)
    #expect(driver.instance.election.state == .backup && driver.instance.blocked.isEmpty)
    #expect(questions(as: vip, in: run(&driver, for: .milliseconds(300), answering: [own])).isEmpty)
  }
}
