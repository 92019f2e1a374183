import Internet
import Neighbor
import Ownership
import Testing

@testable import VRRP

/// Timers and states (RFC 9568 §6).
@Suite struct StateMachine {
  /// Active_Down_Interval and Skew_Time at priority 100 and 100 ms.
  private let activeDown = 360.9375
  private let skew = 60.9375

  // MARK: §6.1

  @Test("23. §6.1: Skew_Time = ((256 - priority) * Active_Adver_Interval) / 256")
  func skewTime() throws {
    for (priority, milliseconds) in [(1, 996.09375), (100, 609.375), (254, 7.8125), (255, 3.90625)] {
      let expected = at(milliseconds).sinceBoot
      #expect(try interval(100).skewTime(priority: UInt8(priority)) == expected)
    }
    // That of the Active router's interval, not of one's own.
    var backup = Election.backup()
    _ = backup.hear(200, try interval(100), at: at(0))
    _ = backup.hear(0, at: at(1000))
    #expect(backup.deadline == at(1609.375))
  }

  @Test(
    "23. Deviation: Skew_Time is not truncated to centiseconds, lest neighbouring priorities have the same")
  func deviationSkewTimeIsNotTruncated() {
    for priority in UInt8(1)...254 {
      let shortest = AdvertisementInterval.shortest
      #expect(shortest.skewTime(priority: priority) > shortest.skewTime(priority: priority + 1))
    }
  }

  @Test(
    "24. §6.1: Active_Down_Interval = 3 * Active_Adver_Interval + Skew_Time",
    arguments: [(100, 3609.375), (10, 360.9375), (1, 36.09375)])
  func activeDownInterval(centiseconds: Int, milliseconds: Double) throws {
    let interval = try interval(centiseconds)
    #expect(interval.activeDownInterval(priority: 100) == at(milliseconds).sinceBoot)
    let backup = Election.backup(interval: interval)
    #expect(backup.deadline == at(milliseconds))
  }

  // MARK: §6.4.1, Initialize

  @Test("25. §6.4.1: at startup, priority 255 advertises, becomes Active and announces")
  func startupOfTheAddressOwner() {
    var router = Router(priority: 255)
    #expect(
      router.start() == [
        .report(.transition(.active, .addressOwner)), .advertise(priority: 255, interval: .standard),
        .add(AddressSet(index: 0)),
      ])
    #expect(router.handle(.added(index: 0)).contains(.announce(AddressSet(index: 0))))
  }

  @Test("25. Deviation: with a witness, priority 255 too first asks for one interval whether the VIP is free")
  func deviationTheAddressOwnerAsksFirst() throws {
    var router = Router(priority: 255, witness: .strict)
    let actions = router.start()
    #expect(router.instance.election.state == .backup)
    #expect(actions.contains { if case .ask = $0 { true } else { false } })
    let later = try router.run(until: .active)
    #expect(later.contains(.advertise(priority: 255, interval: .standard)))
    #expect(router.now == at(100))
  }

  @Test("26. §6.4.1: at startup, others become Backup, with Active_Adver_Interval = their own interval")
  func startupOfOthers() throws {
    var election = Election.router(interval: try interval(7))
    #expect(election.handle(.startup, at: at(0)) == Election.Outcome(transition: .startup))
    #expect(election.state == .backup)
    #expect(election.activeInterval.centiseconds == 7)
  }

  // MARK: §6.4.2, Backup

  @Test("27. §6.4.2: a Backup router that hears priority 0 waits Skew_Time")
  func backupHearsZero() {
    var backup = Election.backup()
    _ = backup.hear(200, at: at(50))
    #expect(backup.hear(0, at: at(100)) == Election.Outcome())
    #expect(backup.deadline == at(100 + skew))
  }

  @Test(
    "28. §6.4.2: a Backup router learns the interval of an equal or higher priority, and rearms",
    arguments: [100, 101, 255] as [UInt8])
  func backupHearsBetter(priority: UInt8) throws {
    var backup = Election.backup()
    #expect(backup.hear(priority, try interval(100), at: at(10)) == Election.Outcome())
    #expect(backup.activeInterval.centiseconds == 100)
    #expect(backup.deadline == at(10 + 3609.375))
  }

  @Test("28. §6.4.2: a Backup router with Preempt_Mode off does so whatever the priority")
  func backupWithoutPreemptionHearsWorse() throws {
    var backup = Election.backup(preempts: false)
    _ = backup.hear(1, try interval(100), at: at(10))
    #expect(backup.activeInterval.centiseconds == 100)
    #expect(backup.deadline == at(10 + 3609.375))
  }

  @Test("29. §6.4.2: a Backup router with Preempt_Mode on discards a lower priority; its timer goes on")
  func backupHearsWorse() throws {
    var backup = Election.backup()
    #expect(backup.hear(99, try interval(100), at: at(350)) == Election.Outcome())
    #expect(backup.activeInterval == .standard)
    #expect(backup.deadline == at(activeDown))
  }

  @Test("30. §6.4.2: a Backup router whose timer fires advertises, becomes Active and announces")
  func activeDownTimerFires() throws {
    var router = Router()
    _ = router.start()
    #expect(
      try router.run(until: .active) == [
        .report(.transition(.active, .nobodyHeard)), .advertise(priority: 100, interval: .standard),
        .add(AddressSet(index: 0)),
      ])
    #expect(router.now == at(activeDown))
    #expect(router.handle(.added(index: 0)).contains(.announce(AddressSet(index: 0))))
  }

  @Test(
    "30. Deviation: it announces only what its kernel has confirmed, so as to attract no packet too early")
  func deviationAnnouncedWhenConfirmed() throws {
    var router = Router(addresses: [vip, greater])
    _ = router.start()
    let actions = try router.run(until: .active)
    #expect(!actions.contains { if case .announce = $0 { true } else { false } })
    #expect(router.handle(.added(index: 1)) == [.announce(AddressSet(index: 1))])
  }

  @Test("30. Deviation: it stays Backup as long as somebody answers for the VIP")
  func deviationHeldWhileAnswered() throws {
    var router = Router(witness: .strict)
    _ = router.start()
    let claim = NeighborPacket(
      operation: .reply, senderHardware: MACAddress(bits: 0x0200_0000_00D9), sender: vip, target: own)
    for _ in 0..<50 {
      router.now = try #require(router.instance.deadline)
      _ = router.handle(.timer)
      _ = router.handle(.neighbor(claim))
    }
    #expect(router.now > at(activeDown * 2))
    #expect(router.instance.election.state == .backup && router.instance.hold != nil)
    _ = try router.run(until: .active)
  }

  // MARK: §6.4.3, Active

  @Test("32. §6.4.3: an Active router that hears priority 0 advertises at once and resets Adver_Timer")
  func activeHearsZero() {
    var active = Election.active()
    #expect(active.hear(0, from: greater, at: at(400)) == Election.Outcome(advertise: 100))
    #expect(active.deadline == at(500))
  }

  @Test(
    "33. §6.4.3: an Active router yields to a higher priority, or an equal one from a greater address (unsigned)",
    arguments: [(101, lower), (101, greater), (255, lower), (100, greater)] as [(UInt8, IPAddress)])
  func activeHearsBetter(priority: UInt8, sender: IPAddress) throws {
    var active = Election.active()
    let outcome = active.hear(priority, from: sender, try interval(100), at: at(400))
    #expect(outcome == Election.Outcome(transition: .better(sender, priority: priority)))
    #expect(active.state == .backup)
    #expect(active.activeInterval.centiseconds == 100)
    #expect(active.deadline == at(400 + 3609.375))
  }

  @Test("33. §6.4.3: IPv6 addresses are compared unsigned too, most significant octet first")
  func tieBreakOverIPv6() {
    let own = IPAddress.ipv6(IPv6Address(high: 0xFE80 << 48, low: 0x7FFF_FFFF_FFFF_FFFF))
    for (low, isGreater) in [(0x8000_0000_0000_0000 as UInt64, true), (0x7FFF_FFFF_FFFF_FFFE, false)] {
      var active = Election.active(primary: own)
      _ = active.hear(100, from: .ipv6(IPv6Address(high: 0xFE80 << 48, low: low)), at: at(400))
      #expect((active.state == .backup) == isGreater)
    }
  }

  @Test("33. §6.4.2: a Backup router breaks no ties", arguments: [lower, greater])
  func backupBreaksNoTies(sender: IPAddress) {
    var backup = Election.backup()
    #expect(backup.hear(100, from: sender, at: at(200)) == Election.Outcome())
    #expect(backup.deadline == at(200 + activeDown))
  }

  @Test(
    "34. §6.4.3: an Active router discards what loses, and advertises at once",
    arguments: [(99, greater), (100, lower), (100, unsignedLower), (1, lower)] as [(UInt8, IPAddress)])
  func activeHearsWorse(priority: UInt8, sender: IPAddress) throws {
    var active = Election.active()
    let due = active.deadline
    let outcome = active.hear(priority, from: sender, try interval(100), at: at(400))
    #expect(outcome == Election.Outcome(advertise: 100, beat: sender))
    #expect(active.state == .active && active.activeInterval == .standard)
    #expect(active.deadline == due)
  }

  @Test("35. §6.4.3: an Active router that is shut down sends priority 0; a Backup router (§6.4.2) nothing")
  func shutdown() {
    var active = Election.active()
    #expect(active.handle(.shutdown, at: at(400)) == Election.Outcome(advertise: 0, transition: .shutdown))
    var backup = Election.backup()
    #expect(backup.handle(.shutdown, at: at(50)) == Election.Outcome(transition: .shutdown))
    #expect(active.state == .initialize && backup.state == .initialize)
    #expect(active.deadline == nil && backup.deadline == nil)
  }

  @Test("36. §6.1: Preempt_Mode means nothing to an Active router", arguments: [false, true])
  func preemptionWhileActive(preempts: Bool) {
    var active = Election.active(preempts: preempts)
    _ = active.hear(99, at: at(400))
    #expect(active.state == .active)
    _ = active.hear(101, at: at(410))
    #expect(active.state == .backup)
  }

  @Test("36. §6.1: the address owner preempts, whatever Preempt_Mode says")
  func theAddressOwnerAlwaysPreempts() {
    // It is Backup while it asks whether it is alone.
    var owner = Election.router(priority: 255, preempts: false)
    _ = owner.handle(.listen(.milliseconds(100)), at: at(0))
    _ = owner.hear(254, at: at(50))
    #expect(owner.deadline == at(100))
    #expect(owner.handle(.timer, at: at(100)).advertise == 255)
  }
}
