import Internet
import Netlink
import Ownership
import Testing
import VRRP

@testable import Host

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
        if case .request(let sequence, .look) = effect { sequence } else { nil }
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
