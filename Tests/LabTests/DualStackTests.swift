import Glibc
import Internet
import Testing

@testable import Lab

/// The lab's machinery for IPv6, and for peers that are not used like the others.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root"))
struct DualStackTests {
  private let vip = Segment.address6(219)

  private func segment() throws -> Segment {
    var plan = Segment.Plan()
    plan.hasIPv6 = true
    return try Segment(plan)
  }

  private func network() throws -> IPNetwork { try #require(IPNetwork(.ipv6(vip), prefixLength: 64)) }

  @Test func theProbeIsServedOverIPv6AndTheKernelsTellWho() throws {
    let segment = try segment()
    #expect(segment.virtualAddresses == [Segment.address(219).ip, vip.ip])
    let probe = try segment.startProbe(of: .ipv6(vip))
    try segment.addAddress(try network(), to: 218)
    try segment.ownership.waitForOwners([218], of: vip, within: .seconds(5))
    try probe.waitForAnswer(from: "218", within: .seconds(15))
    let hardware = try segment.host(218).hardwareAddress
    #expect(try segment.clientArpCache.hardwareAddress(of: vip) == hardware)
    #expect(try segment.clientArpCache.hardwareAddress(of: segment.plan.virtualAddress) == nil)
    try segment.deleteAddress(try network(), from: 218)
    try segment.ownership.waitForOwners([], of: vip, within: .seconds(5))
    #expect(segment.ownership.history.acquisition(of: vip, by: 218, from: .zero) != nil)
  }

  @Test func addressesAreUsableAtOnceAndNoRouterIsAskedFor() throws {
    let segment = try segment()
    let host = try segment.host(217)
    let shown = try Command(["ip", "-n", host.namespace.name, "-6", "address", "show"]).run()
    #expect(shown.contains("\(host.address6)/64") && !shown.contains("tentative"))
  }

  @Test func solicitationsAndAdvertisementsAreCaptured() throws {
    let segment = try segment()
    let client = segment.client
    let probe = try segment.startProbe(of: .ipv6(vip))
    try segment.addAddress(try network(), to: 217)
    try probe.waitForAnswer(from: "217", within: .seconds(15))
    let messages = segment.capture.frames().compactMap { frame -> CapturedNeighbourMessage? in
      guard case .neighbour(let message) = frame.content else { return nil }
      return message
    }
    let question = try #require(messages.first { !$0.isAdvertisement && $0.target == vip.ip })
    #expect(question.hardwareAddress == client.hardwareAddress)
    #expect(question.destination == vip.solicitedNode.ip)
    let answer = try #require(messages.first { $0.isAdvertisement && $0.target == vip.ip })
    let hardware = try segment.host(217).hardwareAddress
    #expect(answer.hardwareAddress == hardware && !answer.isUnsolicited)
    #expect(segment.capture.unsolicitedAdvertisements(for: vip).isEmpty)
  }

  /// FRR keeps the VIP on an interface that its Backup holds down.
  @Test func anAddressOnAnInterfaceHeldDownIsNobodys() throws {
    let segment = try segment()
    let host = try segment.host(217)
    try host.namespace.ip(
      "link add held link \(host.interface) type macvlan mode bridge", "link set held up",
      "address add \(vip)/64 dev held nodad")
    try segment.ownership.waitForOwners([217], of: vip, within: .seconds(5))
    try host.namespace.ip("link set held protodown on")
    try segment.ownership.waitForOwners([], of: vip, within: .seconds(5))
    try host.namespace.ip("link set held protodown off")
    try segment.ownership.waitForOwners([217], of: vip, within: .seconds(5))
  }

  /// Every setting that the lab knows, in both families.
  private var everything: DaemonSettings {
    var settings = DaemonSettings()
    settings.addresses = ["192.168.1.219/24", "\(vip)/64"]
    settings.priority = 150
    settings.preempts = false
    return settings
  }

  @Test func keepalivedAcceptsItsConfiguration() throws {
    let segment = try segment()
    var unicast = everything
    unicast.peers = [.ipv4(Segment.address(218)), .ipv6(Segment.address6(218))]
    unicast.unicastSources = [.ipv4(Segment.address(217)), .ipv6(Segment.address6(217))]
    unicast.usesVirtualMAC = true
    var old = DaemonSettings()
    old.version = 2
    old.interval = .seconds(1)
    old.authentication = "secret12"
    for (number, settings) in [everything, unicast, old].enumerated() {
      let path = "\(segment.directory)/\(number).conf"
      try File.write(settings.text(for: .keepalived), to: path)
      let command = try segment.host(217).namespace.command(["keepalived", "-t", "-l", "-f", path])
      let (status, output) = try command.complete()
      #expect(status == 0, "\(output)")
    }
  }

  /// Both families, one router: it starts as Backup, and owns nothing until it is Active.
  @Test func frrHoldsTheAddressesUntilItIsActive() throws {
    let segment = try segment()
    var settings = everything
    settings.interval = .milliseconds(300)
    let daemon = try HostDaemon(.frr, on: 217, of: segment, settings)
    let history = segment.ownership.history
    #expect(segment.virtualAddresses.allSatisfy { history.owners(of: $0).isEmpty })
    for address in segment.virtualAddresses {
      try segment.ownership.waitForOwners([217], of: address, within: .seconds(10))
    }
    // Its first IPv6 Advertisement comes an interval late.
    try segment.capture.wait(for: "an IPv6 Advertisement", from: .zero, within: .seconds(10)) { _ in
      segment.capture.advertisements().contains { $0.advertisement.source.family == .ipv6 }
    }
    try daemon.stop()
    for address in segment.virtualAddresses {
      try segment.ownership.waitForOwners([], of: address, within: .seconds(5))
    }
    let heard = segment.capture.advertisements().map(\.advertisement)
    #expect(Set(heard.map(\.source.family)) == [.ipv4, .ipv6])
    #expect(heard.contains { $0.priority == 0 } && heard.allSatisfy { $0.timeToLive == 255 })
  }
}
