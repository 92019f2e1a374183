import Internet
import Netlink
import Ownership
import Testing
import VRRP

@testable import Host

extension Bench {
  /// One address, without a lease.
  fileprivate static let permanent =
    "[Safety]\nLeaseSec=0\n[VirtualIP]\nInterface=eth0\nAddress=192.168.1.219/24\n"

  /// An owner of that one and another.
  fileprivate static func withTwoAddresses() throws -> Bench {
    var bench = try Bench(permanent + "Address=192.168.1.220/24\n")
    bench.own()
    return bench
  }
}

@Suite struct AddressTests {
  @Test func theVIPIsAddedWithItsLabelAndItsLease() throws {
    var bench = try Bench("[VirtualIP]\nLabel=eth0:1\nInterface=eth0\n")
    bench.own()
    #expect(bench.host.standing.owns)
    let added = try #require(bench.addresses.last)
    #expect(added.network == (try Bench.network("192.168.1.219/24")))
    #expect(added.label == "eth0:1")
    #expect(added.validLifetime == .seconds(2))
  }

  /// Removal went by network and addition by address, so that 219/24 -> 219/32 removed what it should not.
  @Test(arguments: ["2s", "0"])
  func anotherPrefixKeepsTheAddress(lease: String) throws {
    let common = "[Safety]\nLeaseSec=\(lease)\n[VirtualIP]\nInterface=eth0\n"
    var bench = try Bench(common + "Address=192.168.1.219/24\n")
    bench.own()
    let before = bench.requests.count
    try bench.reload(common + "Address=192.168.1.219/32\n")
    #expect(try bench.has("192.168.1.219/32"))
    #expect(try !bench.has("192.168.1.219/24"))
    // Never without it: the one was added before the other was removed.
    let changes = bench.requests[before...].map { "\($0)" }
    let added = try #require(changes.firstIndex { $0.hasPrefix("addAddress") })
    let removed = try #require(changes.firstIndex { $0.hasPrefix("removeAddress") })
    #expect(added < removed)
    #expect(bench.host.standing.owns)
  }

  @Test func theOldPrefixStaysWhileTheNewOneIsRefused() throws {
    let common = "[VirtualIP]\nInterface=eth0\n"
    var bench = try Bench(common + "Address=192.168.1.219/24\nAddress=192.168.1.220/24\n")
    bench.own()
    bench.refusals = { request in
      guard case .addAddress(let address) = request else { return nil }
      return address.network.prefixLength == 32 ? 105 : nil
    }
    bench.isBlocked = true
    try bench.reload(common + "Address=192.168.1.219/32\nAddress=192.168.1.220/24\n")
    #expect(try bench.has("192.168.1.219/24"))
  }

  @Test func anAddressTakenOutOfTheConfigurationGoes() throws {
    let common = "[VirtualIP]\nInterface=eth0\nAddress=192.168.1.219/24\n"
    var bench = try Bench(common + "Address=192.168.1.220/24\n")
    bench.own()
    #expect(try bench.has("192.168.1.220/24"))
    var refused = 0
    bench.refusals = { request in
      if case .removeAddress = request { return 16 }
      return nil
    }
    try bench.reload(common)
    #expect(try bench.has("192.168.1.220/24"))
    refused += 1
    // What was refused is tried again.
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(1))
    #expect(try !bench.has("192.168.1.220/24") && bench.has("192.168.1.219/24"))
    #expect(refused == 1 && bench.host.standing.owns)
  }

  /// The core spoke of addresses by the index that they had before the reload.
  @Test(arguments: ["", "Address=192.168.1.221/24\nAddress=192.168.1.220/24\n"])
  func aReloadThatMovesAddressesAndForbidsTheVIPLeavesNothing(before: String) throws {
    let common = "[Safety]\nLeaseSec=0\n[VirtualIP]\nInterface=eth0\n"
    var bench = try Bench(common + "Address=192.168.1.219/24\n" + before)
    bench.own()
    try bench.reload(
      common + "Address=192.168.1.220/24\nAddress=192.168.1.219/24\n[Track]\nInterface=nothere\n")
    bench.run(for: .seconds(3))
    #expect(bench.host.core.election.state != .active)
    #expect(bench.virtual.isEmpty)
  }

  /// The kernel keeps the prefix length of an IPv6 address, and removes it by that one only.
  @Test func anIPv6AddressWithAnotherPrefixThanConfiguredGoes() throws {
    let common = "[Safety]\nLeaseSec=0\n[VirtualIP]\nInterface=eth0\n"
    let own = try Bench.address("fe80::217/64")
    var bench = try Bench(common + "Address=fd00::219/64\nAddress=fd00::220/64\n", also: own)
    bench.own()
    #expect(bench.host.standing.owns)
    try bench.reload(common + "Address=fd00::219/80\nAddress=fd00::220/80\n")
    #expect(bench.host.standing.owns)
    try bench.reload(common + "Address=fd00::219/80\n")
    #expect(try bench.has("fd00::219/64") && !bench.has("fd00::220/64"))
    bench.handle(.hold(true, nil))
    bench.run(for: .seconds(3))
    #expect(bench.virtual.isEmpty)
  }

  /// Its removal was under way when it was taken out of the configuration.
  @Test func aRefusedRemovalOutlivesTheReloadThatForgetsTheAddress() throws {
    var bench = try Bench.withTwoAddresses()
    bench.handle(.hold(true, nil))
    bench.isBlocked = true
    bench.run(for: .seconds(2))
    try bench.reload(Bench.permanent)
    bench.refusals = { if case .removeAddress = $0 { 105 } else { nil } }
    bench.unblock()
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(1))
    #expect(bench.virtual.isEmpty)
  }

  @Test func aStopRemovesWhatAReloadCouldNot() throws {
    var bench = try Bench.withTwoAddresses()
    bench.refusals = {
      if case .removeAddress(let network, _) = $0, "\(network)".contains("220") { 105 } else { nil }
    }
    try bench.reload(Bench.permanent)
    bench.handle(.stop)
    #expect(!bench.log.contains(.exit(0)))
    bench.refusals = { _ in nil }
    bench.run(for: .milliseconds(500))
    #expect(bench.virtual.isEmpty)
    #expect(bench.log.last == .exit(0))
  }

  @Test func aRefusedRenewalIsAskedForAgain() throws {
    let common = "[VirtualIP]\nInterface=eth0\n[Safety]\n"
    var bench = try Bench(common + "LeaseSec=10s\n")
    bench.own()
    bench.refusals = { if case .addAddress = $0 { 105 } else { nil } }
    try bench.reload(common + "LeaseSec=0\n")
    bench.refusals = { _ in nil }
    #expect(bench.addresses.last?.validLifetime == .seconds(10))
    bench.run(for: .milliseconds(1100))
    #expect(bench.addresses.last?.validLifetime == nil && bench.host.standing.owns)
  }

  /// A host that is refused the VIP again and again takes it from another one each time.
  @Test func aKernelThatRefusesIsAskedEverLessOften() throws {
    var bench = try Bench()
    bench.refusals = { if case .addAddress = $0 { 22 } else { nil } }
    bench.start()
    bench.run(for: .seconds(100))
    let asked = bench.requests.count { if case .addAddress = $0 { true } else { false } }
    #expect((4...9).contains(asked))
    #expect(bench.status.summary.contains("refused"))
    bench.refusals = { _ in nil }
    bench.run(for: .seconds(61))
    #expect(bench.host.standing.owns)
  }

  /// It was added and deleted, and the news of both were lost.
  @Test func anAddressThatWasNeverSeenIsAskedForAgain() throws {
    var bench = try Bench("[VirtualIP]\nInterface=eth0\n[Safety]\nLeaseSec=0\n")
    bench.start()
    bench.isBlocked = true
    bench.run(for: .seconds(1))
    bench.handle(.changesLost)
    let snapshot = Snapshot(links: bench.links, addresses: bench.addresses)
    var sequences: [UInt32] = []
    var look: UInt32 = 0
    for case .request(let sequence, let request, _) in bench.log {
      if case .look = request { look = sequence }
      if case .addAddress = request { sequences.append(sequence) }
    }
    for sequence in sequences { bench.handle(.answer(sequence, .done)) }
    bench.isBlocked = false
    bench.handle(.answer(look, .snapshot(snapshot)))
    bench.run(for: .milliseconds(100))
    #expect(bench.host.standing.owns)
  }

  @Test func aDeletedAddressComesBackAtOnce() throws {
    var bench = try Bench()
    bench.own()
    let vip = try #require(bench.addresses.last)
    bench.happen(.addressRemoved(vip))
    #expect(try bench.has("192.168.1.219/24"))
    #expect(bench.notices.contains(.core(.reinstated(AddressSet(index: 0)))))
  }

  @Test func anAddressThatIsWishedForIsNotOwned() throws {
    var bench = try Bench()
    bench.start()
    bench.isBlocked = true
    bench.run(for: .seconds(1))
    #expect(bench.host.core.election.state == .active)
    #expect(!bench.host.standing.owns)
    #expect(!bench.log.contains(.writeRole(.active)))
    bench.unblock()
    #expect(bench.host.standing.owns)
    #expect(bench.log.contains(.writeRole(.active)))
  }

  @Test func aSnapshotDoesNotUndoWhatWasHeardSince() throws {
    var bench = try Bench()
    bench.own()
    bench.isBlocked = true
    bench.handle(.changesLost)
    // The snapshot is taken now, with the VIP; its removal is heard before the snapshot is.
    let vip = try #require(bench.addresses.last)
    let snapshot = Snapshot(links: bench.links, addresses: bench.addresses)
    bench.happen(.addressRemoved(vip))
    let sequence = try #require(
      bench.log.lazy.compactMap { effect in
        if case .request(let sequence, .look, _) = effect { sequence } else { nil }
      }.last)
    bench.handle(.answer(sequence, .snapshot(snapshot)))
    #expect(bench.host.standing.present.isEmpty)
  }

  /// The addresses of a link that is renamed stay on it: without a lease for ever.
  @Test func aRenamedLinkKeepsNothing() throws {
    var bench = try Bench("[VirtualIP]\nInterface=eth0\n[Safety]\nLeaseSec=0\n")
    bench.own()
    bench.happen(.link(Link(index: 2, name: "eth9", macAddress: Bench.hardware)))
    bench.run(for: .seconds(1))
    #expect(try !bench.has("192.168.1.219/24"))
    bench.happen(.link(Link(index: 2, name: "eth0", macAddress: Bench.hardware)))
    bench.run(for: .seconds(2))
    #expect(bench.host.standing.owns)
    #expect(try bench.has("192.168.1.219/24"))
  }

  /// The interface had another name when this run began, so that what the last one left was not seen.
  @Test func whatIsFoundLateAndNotWantedGoes() throws {
    var bench = try Bench(leftover: ["192.168.1.219/24"])
    bench.note(.link(Link(index: 2, name: "renamed0", macAddress: Bench.hardware)))
    bench.start()
    bench.refusals = { if case .removeAddress = $0 { 16 } else { nil } }
    bench.happen(.link(Link(index: 2, name: "eth0", macAddress: Bench.hardware)))
    #expect(try bench.has("192.168.1.219/24"))
    #expect(!bench.host.standing.owns)
    bench.refusals = { _ in nil }
    bench.run(for: .milliseconds(150))
    #expect(try !bench.has("192.168.1.219/24"))
    bench.run(for: .seconds(1))
    #expect(bench.host.standing.owns)
  }

  /// Without an address to send from, the status says which one is missing, and why.
  @Test func anAddressThatAnotherStationHasIsNamed() throws {
    var bench = try Bench("[VirtualIP]\nInterface=eth0\nAddress=fd00::219/64\n")
    let network = try Bench.network("fe80::217/64")
    func own(isUsable: Bool, isDuplicate: Bool = false) -> RouteChange {
      .address(
        LinkAddress(
          linkIndex: 2, network: network, scope: .link, isUsable: isUsable, isDuplicate: isDuplicate))
    }
    bench.start()
    #expect(bench.status.summary.contains("has no IPv6 address of its own"))
    bench.run(for: .seconds(1))
    for (isDuplicate, words) in [
      (false, "fe80::217 on eth0 waits for"), (true, "another station has fe80::217, too"),
    ] {
      bench.forget()
      bench.happen(own(isUsable: false, isDuplicate: isDuplicate))
      bench.run(for: .seconds(1))
      #expect(bench.status.summary.contains(words), "\(bench.status.summary)")
      #expect(bench.log.contains(.statusChanged))
    }
    bench.happen(own(isUsable: true))
    bench.run(for: .seconds(2))
    #expect(bench.host.standing.owns)
  }

  /// The kernel works through a renewal, a removal and an addition: only the last one lasts.
  @Test func anAnswerFromBeforeARemovalCountsForNothing() throws {
    var bench = try Bench()
    bench.own()
    bench.isBlocked = true
    bench.run(for: .milliseconds(600))
    bench.handle(.hold(true, nil))
    bench.handle(.hold(false, nil))
    bench.run(for: .seconds(1))
    #expect(bench.host.core.election.state == .active)
    #expect(bench.host.core.present.isEmpty)
    bench.forget()
    bench.unblock()
    #expect(bench.host.standing.owns)
    #expect(bench.log.count { $0 == .notice(.core(.owned)) } == 1)
    #expect(!bench.notices.contains { if case .core(.reinstated) = $0 { true } else { false } })
  }
}
