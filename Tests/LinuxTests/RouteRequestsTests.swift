import Foundation
import Glibc
import Internet
import Netlink
import Testing

@testable import Linux

private let vip = IPNetwork(.ipv4(IPv4Address(bits: 0xC000_02DB)), prefixLength: 24)

@Suite(.enabled(if: isRoot, "needs root"))
struct RouteRequestsTests {
  @Test func addressIsAddedWithEverythingThatWasAskedFor() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let request = AddressRequest(
        network: try #require(vip), linkIndex: hosts.firstLink.index, label: "eth0:0",
        validLifetime: .milliseconds(29_001))
      #expect(failure(of: try requests.add(request)) == nil)

      let shown = try #require(try ipAddress("192.0.2.219"))
      #expect(shown["prefixlen"] as? Int == 24)
      #expect(shown["broadcast"] as? String == "192.0.2.255")
      #expect(shown["label"] as? String == "eth0:0")
      #expect(shown["scope"] as? String == "global")
      #expect((28...30).contains(shown["valid_life_time"] as? Int ?? -1))
      #expect(shown["preferred_life_time"] as? Int == shown["valid_life_time"] as? Int)

      let listed = try #require(try requests.addresses().first { $0.network == vip })
      #expect(listed.linkIndex == hosts.firstLink.index)
      #expect(listed.broadcast == IPv4Address("192.0.2.255"))
      #expect(listed.label == "eth0:0")
      #expect(listed.scope == .global)
      #expect(listed.protocolNumber == 112)
      #expect(listed.isSecondary)
      #expect(try #require(listed.validLifetime) <= .seconds(30))
      #expect(try #require(listed.validLifetime) >= .seconds(28))
    }
  }

  /// The link has no IPv4 address any more, and secondary ones will outlive the primary one.
  private func removeOwnAddresses(from link: Int32, by requests: RouteRequests) throws {
    for address in try requests.addresses(on: link) where address.network.address.family == .ipv4 {
      #expect(failure(of: try requests.remove(address.network, from: link)) == nil)
    }
    try requests.promoteSecondaries(on: link)
  }

  @Test func theHostsOwnAddressOutlivesAVIPThatWasThereFirst() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let link = hosts.firstLink.index
      try removeOwnAddresses(from: link, by: requests)
      let network = try #require(vip)
      let own = try #require(IPNetwork(.ipv4(IPv4Address(bits: 0xC000_02D9)), prefixLength: 24))
      for address in [network, own] {
        let request = AddressRequest(network: address, linkIndex: link, validLifetime: nil)
        #expect(failure(of: try requests.add(request)) == nil)
      }
      #expect(try requests.addresses(on: link).first { $0.network == own }?.isSecondary == true)
      #expect(failure(of: try requests.remove(network, from: link)) == nil)
      let left = try requests.addresses(on: link).map(\.network)
      #expect(left.filter { $0.address.family == .ipv4 } == [own])
    }
  }

  /// The host's own address came after the VIP, and is to be the primary one; at no moment is the VIP missing.
  @Test(arguments: [24, 32])
  func aReplacedAddressGoesToTheEndAndIsNeverMissing(prefixLength: Int) throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let link = hosts.firstLink.index
      try removeOwnAddresses(from: link, by: requests)
      let address = try #require(vip).address
      let network = try #require(IPNetwork(address, prefixLength: prefixLength))
      let own = try #require(IPNetwork(.ipv4(IPv4Address(bits: 0xC000_02D9)), prefixLength: 24))
      let request = AddressRequest(
        network: network, linkIndex: link, label: "eth0:0", validLifetime: .seconds(60))
      #expect(failure(of: try requests.add(request)) == nil)
      #expect(
        failure(
          of: try requests.add(AddressRequest(network: own, linkIndex: link, validLifetime: nil))) == nil)
      let monitor = try RouteMonitor()
      let stopgap = try #require(IPNetwork(address, prefixLength: prefixLength - 1))
      #expect(failure(of: try requests.replace(request, stopgap: stopgap)) == nil)

      let ipv4 = try requests.addresses(on: link).filter { $0.network.address.family == .ipv4 }
      #expect(ipv4.map(\.network) == [own, network])
      #expect(ipv4.map(\.isSecondary) == [false, prefixLength == 24])
      #expect(ipv4.last?.label == "eth0:0" && ipv4.last?.protocolNumber == 112)
      #expect(try #require(ipv4.last?.validLifetime) >= .seconds(58))
      var held = 1
      _ = monitor.read { change in
        switch change {
        case .address(let news) where news.network.address == address: held += 1
        case .addressRemoved(let news) where news.network.address == address: held -= 1
        default: break
        }
        #expect(held > 0)
      }
      #expect(held == 1)
      let elsewhere = AddressRequest(network: network, linkIndex: 9999, validLifetime: nil)
      #expect(failure(of: try requests.replace(elsewhere, stopgap: stopgap))?.kind == .linkGone)
    }
  }

  @Test func renewalProlongsAndChangesNothingElse() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let requests = try RouteRequests()
      let monitor = try RouteMonitor()
      var request = AddressRequest(
        network: try #require(vip), linkIndex: hosts.firstLink.index, label: "eth0:0",
        validLifetime: .seconds(5))
      #expect(failure(of: try requests.add(request)) == nil)
      let before = try #require(try requests.addresses().first { $0.network == vip })
      request.validLifetime = .seconds(100)
      #expect(failure(of: try requests.add(request)) == nil)
      let after = try #require(try requests.addresses().first { $0.network == vip })

      #expect(try #require(before.validLifetime) <= .seconds(5))
      #expect(try #require(after.validLifetime) >= .seconds(98))
      #expect(after.label == "eth0:0")
      #expect(after.protocolNumber == 112)
      let all = try requests.addresses(on: hosts.firstLink.index)
      #expect(all.filter { $0.network.address.family == .ipv4 }.count == 2)
      var changes: [RouteChange] = []
      #expect(monitor.read { changes.append($0) } == .all)
      var renewals = 0
      for change in changes {
        switch change {
        case .address(let address) where address.network == vip: renewals += 1
        case .address(let address): #expect(address.network.address.family == .ipv6)
        default: Issue.record("a renewal looked like \(change)")
        }
      }
      #expect(renewals == 2)
    }
  }

  @Test func renewalMakesAPermanentAddressFinite() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      try shell("ip address add 192.0.2.219/24 dev eth0")
      let requests = try RouteRequests()
      let before = try #require(try requests.addresses().first { $0.network == vip })
      #expect(before.validLifetime == nil)
      #expect(before.protocolNumber == 0)
      let request = AddressRequest(
        network: try #require(vip), linkIndex: hosts.firstLink.index, validLifetime: .seconds(60))
      #expect(failure(of: try requests.add(request)) == nil)
      let after = try #require(try requests.addresses().first { $0.network == vip })
      #expect(after.validLifetime != nil)
    }
  }

  @Test func sameAddressWithAnotherPrefixLengthIsAnotherAddress() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let host = try #require(IPNetwork(.ipv4(IPv4Address(bits: 0xC000_02DB)), prefixLength: 32))
      for network in [try #require(vip), host] {
        let request = AddressRequest(
          network: network, linkIndex: hosts.firstLink.index, validLifetime: nil)
        #expect(failure(of: try requests.add(request)) == nil)
      }
      let networks = try requests.addresses(on: hosts.firstLink.index).map(\.network)
      #expect(networks.contains(host))
      #expect(networks.contains(try #require(vip)))
      #expect(failure(of: try requests.remove(host, from: hosts.firstLink.index)) == nil)
      #expect(try requests.addresses(on: hosts.firstLink.index).map(\.network).contains(try #require(vip)))
    }
  }

  @Test func removedOnceAndThenMissing() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let network = try #require(vip)
      let request = AddressRequest(
        network: network, linkIndex: hosts.firstLink.index, label: "eth0:7", validLifetime: nil)
      #expect(failure(of: try requests.add(request)) == nil)
      #expect(failure(of: try requests.remove(network, from: hosts.firstLink.index)) == nil)
      #expect(try ipAddress("192.0.2.219") == nil)
      #expect(try ipAddress("192.0.2.217") != nil)
      let error = try #require(failure(of: try requests.remove(network, from: hosts.firstLink.index)))
      #expect(error.kind == .addressMissing)
      #expect(error.operation == "removing an address")
    }
  }

  /// More than one datagram holds; what the kernel refuses keeps it from nothing else.
  @Test(arguments: AddressFamily.allCases)
  func manyAddressesAtOnce(family: AddressFamily) throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let link = hosts.firstLink.index
      let networks = try (1...250).map { number in
        let text = family == .ipv4 ? "198.51.100.\(number)" : "2001:db8::\(number)"
        let address = try #require(IPAddress(text))
        return try #require(IPNetwork(address, prefixLength: family.width))
      }
      func have() throws -> Int {
        try requests.snapshot().addresses.count { $0.linkIndex == link && networks.contains($0.network) }
      }
      let strays = [7, 128, 249]
      let added = requests.perform(
        networks.enumerated().map { place, network in
          let index = strays.contains(place) ? 9999 : link
          return .addAddress(AddressRequest(network: network, linkIndex: index, validLifetime: .seconds(60)))
        })
      #expect(Self.refused(added) == Dictionary(uniqueKeysWithValues: strays.map { ($0, .linkGone) }))
      #expect(try have() == 247)
      let removed = requests.perform(
        networks.map { KernelRequest.removeAddress($0, linkIndex: link) } + [.look])
      #expect(removed.count == 251)
      #expect(
        Self.refused(removed) == Dictionary(uniqueKeysWithValues: strays.map { ($0, .addressMissing) }))
      #expect(try have() == 0)
    }
  }

  private static func refused(_ answers: [KernelAnswer]) -> [Int: KernelRefusal.Kind] {
    var refused: [Int: KernelRefusal.Kind] = [:]
    for case (let place, .refused(let refusal)) in answers.enumerated() { refused[place] = refusal.kind }
    return refused
  }

  @Test func requestsOfTheHostAreCarriedOut() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let (network, link) = (try #require(vip), hosts.firstLink.index)
      let addition = AddressRequest(network: network, linkIndex: link, validLifetime: .seconds(60))
      #expect(requests.perform([.addAddress(addition)]) == [.done])
      guard case .snapshot(let snapshot)? = requests.perform([.look]).first else {
        Issue.record("no snapshot")
        return
      }
      #expect(snapshot.addresses.contains { $0.network == network && $0.linkIndex == link })
      #expect(snapshot.links == (try requests.links()))
      #expect(requests.perform([.removeAddress(network, linkIndex: link)]) == [.done])
      let answers = requests.perform([
        .removeAddress(network, linkIndex: link), .setUp(true, linkIndex: 9999),
      ])
      guard answers.count == 2, case .refused(let missing) = answers[0], case .refused(let gone) = answers[1]
      else {
        Issue.record("done")
        return
      }
      #expect(missing.kind == .addressMissing && missing.code == EADDRNOTAVAIL)
      #expect(gone.kind == .linkGone && gone.description.hasPrefix("changing a link: No such device"))
    }
  }

  @Test func snapshotNamesTheLinksByWhichTheHostForwards() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      #expect(try RouteRequests().snapshot().forwardingLinks.isEmpty)
      try shell("echo 1 >/proc/sys/net/ipv6/conf/eth0/forwarding")
      #expect(try RouteRequests().snapshot().forwardingLinks == [hosts.firstLink.index])
    }
  }

  @Test func refusalCarriesTheKernelsExplanation() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let request = AddressRequest(
        network: try #require(vip), linkIndex: hosts.firstLink.index,
        scope: AddressScope(rawValue: 0), validLifetime: .zero)
      // Zero is rounded up to a second, since the kernel refuses it.
      #expect(failure(of: try requests.add(request)) == nil)
      #expect(throws: LinuxError.self) {
        _ = try requests.add(
          AddressRequest(
            network: try #require(vip), linkIndex: 1, label: "longer-than-15-bytes", validLifetime: nil))
      }
      let elsewhere = AddressRequest(network: try #require(vip), linkIndex: 9999, validLifetime: nil)
      #expect(failure(of: try requests.add(elsewhere))?.explanation != nil)
    }
  }

  @Test func kernelRemovesTheAddressWhenTheLeaseEnds() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let monitor = try RouteMonitor()
      let network = try #require(vip)
      let start = Clock.now
      let request = AddressRequest(
        network: network, linkIndex: hosts.firstLink.index, validLifetime: .seconds(1))
      #expect(failure(of: try requests.add(request)) == nil)
      var removed: LinkAddress?
      while removed == nil, wait(for: monitor.fd) {
        _ = monitor.read { if case .addressRemoved(let address) = $0 { removed = address } }
      }
      #expect(removed?.network == network)
      #expect(removed?.protocolNumber == 112)
      #expect(Clock.now - start >= .milliseconds(900))
      #expect(Clock.now - start <= .seconds(4))
      #expect(try ipAddress("192.0.2.217") != nil)
    }
  }

  @Test func linksAreDescribed() throws {
    let hosts = try TwoHosts()
    try hosts.first.run {
      let loopback = try link(named: "lo")
      #expect(loopback.isLoopback)
      #expect(!loopback.isEthernet)
      let eth0 = try link(named: "eth0")
      #expect(eth0.isUp && eth0.hasCarrier && eth0.isEthernet && eth0.isARPCapable && !eth0.isLoopback)
      let mac = try shell("cat /sys/class/net/eth0/address || ip -br link show eth0")
      let shown = try shell("ip link show eth0")
      #expect(shown.contains("link/ether \(try #require(eth0.macAddress)) "), "\(mac)")
      try shell("ip link set eth0 arp off")
      #expect(try !link(named: "eth0").isARPCapable)
    }
    try hosts.second.run { try shell("ip link set eth0 down") }
    try hosts.first.run {
      let eth0 = try link(named: "eth0")
      #expect(eth0.isUp && !eth0.hasCarrier)
    }
  }

  @Test func defaultRouteIsTheOneWithTheLowestMetric() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      #expect(try requests.defaultRoute() == nil)
      try shell("ip address add 198.51.100.1/24 dev lo")
      try shell("ip route add default via 198.51.100.9 dev lo metric 600")
      try shell("ip route add default via 192.0.2.1 dev eth0 metric 100")
      try shell("ip route add default via 198.51.100.8 dev lo metric 1 table 77")
      try shell("ip route add 0.0.0.0/1 via 198.51.100.8 dev lo metric 1")
      try shell("ip route add unreachable default metric 4000")
      let route = try #require(try requests.defaultRoute())
      #expect(route.linkIndex == hosts.firstLink.index)
      #expect(route.gateway == IPAddress("192.0.2.1"))
    }
  }

  @Test func manyAddressesAreListed() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let lines = (0..<1000).map { "address add 10.1.\($0 / 250).\($0 % 250 + 1)/16 dev eth0" }
      try shell("ip -batch - <<'END'\n" + lines.joined(separator: "\n") + "\nEND")
      let listed = try RouteRequests().addresses(on: hosts.firstLink.index)
      #expect(listed.filter { $0.network.address.family == .ipv4 }.count == 1001)
    }
  }

  @Test func changeIsAnsweredQuickly() throws {
    let hosts = try TwoHosts(awaitingCarrier: false)
    try hosts.first.run {
      let requests = try RouteRequests()
      let request = AddressRequest(
        network: try #require(vip), linkIndex: hosts.firstLink.index, validLifetime: .seconds(60))
      var times: [Duration] = []
      for _ in 0..<200 {
        let start = Clock.now
        #expect(failure(of: try requests.add(request)) == nil)
        times.append(Clock.now - start)
      }
      times.sort()
      print("add and acknowledgement: median \(times[100]), worst \(times[199])")
      #expect(times[100] < .milliseconds(5))
    }
  }
}
