import ArgumentParser
import Configuration
import Control
import Host
import Internet
import Linux
import Neighbor
import Netlink
import Systemd
import VRRP

/// `vipctl check`
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check configuration and surroundings, and say what to do.",
    discussion: """
      Listens for two seconds or longer, and asks the neighbours who has the VIP; changes nothing. As root; \
      others see less. Exit status: 0 if nothing is bad.
      """)

  @OptionGroup var places: Places

  @Argument(help: "What follows vip@, as in 219; all instances by default.", completion: .instances)
  var instance: String?

  @Flag(help: "Print JSON for programs.")
  var json = false

  func run() throws {
    let list = places.list
    // An instance needs no file: one that was never started can be checked by its name.
    let known = instance.map { [list.find($0) ?? InstanceList.Known(name: $0)] } ?? list.all()
    let examination = try Examination(list)
    let checkups = try examination.run(try Inquiry.ask(known, of: list))
    if json {
      Terminal.say(JSON.text(checkups))
    } else if checkups.isEmpty {
      Terminal.say("No virtual IP address on this host. Make one: vipctl new 219")
    } else {
      let lines = checkups.map { $0.lines(on: .standard).joined(separator: "\n") }
      Terminal.say(lines.joined(separator: "\n\n"))
    }
    if !checkups.allSatisfy(\.isWell) { throw Status.attention }
  }
}

/// Looks at every instance at once, for listening takes time.
final class Examination {
  private let list: InstanceList
  private let snapshot: Snapshot
  private let surroundings: Surroundings
  private let isPrivileged: Bool
  private let loop: EventLoop
  /// Of all instances of this host that can be made sense of.
  private lazy var instances = list.all().compactMap {
    if case .complete(let settings) = try? outcome(of: $0.name) { settings } else { nil }
  }
  /// How long to listen: some Advertisements must fit, but nobody waits a minute.
  private var patience = Duration.seconds(2)

  init(_ list: InstanceList) throws {
    self.list = list
    snapshot = try RouteRequests().snapshot()
    surroundings = Surroundings(snapshot)
    isPrivileged = try Capabilities.missing().isEmpty
    loop = try EventLoop()
  }

  private struct Subject {
    var checkup: Checkup
    let report: Report
    var settings: Settings?
    var ears: Eavesdropper?
    var references: [IPAddress] = []
    /// The addresses of the interface and of the macvlans on it.
    var here: [IPAddress] = []
  }

  func run(_ reports: [Report]) throws -> [Checkup] {
    var subjects = reports.map { prepare($0) }
    if subjects.contains(where: { $0.ears != nil }) {
      let end = try loop.timer { [loop] in loop.exit(0) }
      end.arm(at: Clock.now + patience)
      _ = try loop.run()
    }
    let firewall = isPrivileged ? Firewall.findings() : [.skipped("firewall", "only root can read its rules")]
    for index in subjects.indices {
      subjects[index].checkup.findings += Self.heard(subjects[index]) + firewall
    }
    return subjects.map(\.checkup)
  }

  private func prepare(_ report: Report) -> Subject {
    var subject = Subject(checkup: Checkup(instance: report.name), report: report)
    subject.checkup.findings.append(Self.daemon(report))
    if let status = report.status {
      subject.checkup.findings += Self.reachability(status) + Self.priority(status)
    }
    do {
      let settings: Settings
      switch try outcome(of: report.name) {
      case .complete(let complete): settings = complete
      case .awaiting(_, let error):
        subject.checkup.findings.append(
          .bad(
            "configuration", "waits for \(error.awaited ?? error.found) (\(error.place): \(error.found))",
            "if it is there already: \(error.remedy); \(error.accepted)"))
        return subject
      }
      subject.settings = settings
      subject.checkup.findings.append(.ok("configuration", settings.summary))
      subject.checkup.findings += Siblings.findings(
        settings, among: instances.filter { $0.instance != settings.instance })
      if let link = surroundings.links.first(where: { $0.name == settings.interface }) {
        subject.checkup.findings += LinkFindings.findings(link, settings.addresses)
        if let leftOut = LinkFindings.leftOut(settings, link) { subject.checkup.findings.append(leftOut) }
        subject.checkup.findings += surroundings.copies(of: settings).map {
          CopyFinding.finding($0, on: link.name, answering: ARPAnswers(on: link.name))
        }
        if link.isUp && link.hasCarrier && settings.addresses.contains(where: { $0.address.family == .ipv6 })
        {
          subject.checkup.findings += DuplicateDetection.findings(
            link.name, index: link.index, among: snapshot.addresses)
        }
        subject.checkup.findings += AddressKeepers().findings(
          link.name, index: link.index, hasLease: settings.lease != nil)
        try listen(&subject, settings, link)
      }
    } catch let error as ConfigurationError {
      subject.checkup.findings.append(
        LinkFindings.missingAddress(report.status, surroundings)
          ?? .bad("configuration", "\(error.place): \(error.found); \(error.accepted)", error.remedy))
    } catch {
      subject.checkup.findings.append(.skipped("network", "\(error)"))
    }
    return subject
  }

  private func outcome(of instance: String) throws -> Configuration.Outcome {
    let files = ConfigurationFiles(directory: list.configuration)
    return try Configuration.outcome(
      instance: instance, files: try files.files(of: instance), surroundings: surroundings)
  }

  private func listen(_ subject: inout Subject, _ settings: Settings, _ link: Surroundings.Link) throws {
    guard isPrivileged else {
      return subject.checkup.findings.append(.skipped("network", "only root can listen and ask there"))
    }
    guard link.isUp && link.hasCarrier, let hardware = link.hardwareAddress else { return }
    subject.references = references(settings, link)
    let places = snapshot.links.filter { $0.kind == "macvlan" && $0.parentIndex == link.index }.map(\.index)
    subject.here = snapshot.addresses.filter { ($0.linkIndex == link.index || places.contains($0.linkIndex)) }
      .map(
        \.network.address)
    let usable = withoutUnusable(link)
    subject.ears = try Eavesdropper(
      question(subject, settings, usable, hardware), settings.virtualRouters,
      ownAddresses: snapshot.addresses.map(\.network.address), on: usable, loop: loop)
    patience = max(patience, min(settings.advertisementInterval.duration * 4, .seconds(10)))
  }

  /// Without the addresses that duplicate address detection forbids.
  private func withoutUnusable(_ link: Surroundings.Link) -> Surroundings.Link {
    let unusable = snapshot.addresses.filter { $0.linkIndex == link.index && !$0.isUsable }.map(\.network)
    var usable = link
    usable.addresses.removeAll { unusable.contains($0.network) }
    return usable
  }

  /// What to ask the neighbours.
  private func question(
    _ subject: Subject, _ settings: Settings, _ link: Surroundings.Link, _ hardware: MACAddress
  ) -> Interrogation.Subject {
    let seed = UInt64.random(in: .min ... .max)
    let sources = AddressFamily.allCases.compactMap { link.source($0) }
    let here = subject.report.status
    var suspects: [(IPAddress, MACAddress)] = []
    if here?.state == "backup", let witness = here.flatMap({ MACAddress($0.witness) }) {
      suspects = settings.addresses.map { ($0.address, witness) }
    }
    return Interrogation.Subject(
      hardware: hardware, own: Set(snapshot.links.compactMap(\.macAddress)), sources: sources,
      disguises: subject.report.mayRun
        ? sources.map { Disguise.address(insteadOf: $0, on: link, seed: seed) } : sources,
      vips: settings.addresses.map { link.subnet(of: $0) }, references: subject.references,
      known: link.addresses.map(\.network.address) + (here?.peers.compactMap { IPAddress($0.address) } ?? []),
      suspects: suspects, seed: seed)
  }

  private func references(_ settings: Settings, _ link: Surroundings.Link) -> [IPAddress] {
    let route = snapshot.routes.defaultRoute(settings.addresses[0].address.family)
    return settings.references(defaultGateway: route?.linkIndex == link.index ? route?.gateway : nil)
  }

  // MARK: Findings

  private static func daemon(_ report: Report) -> Finding {
    switch report.answer {
    case .status(let status): return .ok("daemon", status.summary)
    case .stopped where !report.known.isEnabled:
      return .note("daemon", "not running", "systemctl enable --now vip@\(report.name)")
    case .stopped, .dead, .silent:
      return .bad(
        "daemon", report.remarks.first?.text ?? "not running", "systemctl restart vip@\(report.name)")
    }
  }

  static func reachability(_ status: InstanceStatus) -> [Finding] {
    guard !status.unreachable.isEmpty else { return [] }
    return [
      .bad(
        "reachability", status.unreachable,
        "something lets the owner's own frames through and not those of the VIP: allow them (port security of the switch, "
          + "address filters of the hypervisor or cloud; with VirtualMAC=yes frames from 00:00:5e:00:01:"
          + "\(String(status.virtualRouterID, radix: 16)), which VMware calls forged transmits), or set VirtualMAC=no"
      )
    ]
  }

  static func priority(_ status: InstanceStatus) -> [Finding] {
    guard status.lacksRealtime else { return [] }
    return [
      .note(
        "priority",
        "the daemon runs without realtime priority: heartbeats may be late while others keep the processors busy",
        "in a container, have its host allow it (LXC and Proxmox: \"lxc.prlimit.rtprio: 1\"; systemd-nspawn: "
          + "--rlimit=RTPRIO=1), and start it anew; else systemctl daemon-reload, and restart the instance; or leave "
          + "AdvertisementIntervalSec= at 100ms or more")
    ]
  }

  private static func heard(_ subject: Subject) -> [Finding] {
    guard let ears = subject.ears, let settings = subject.settings else { return [] }
    let here = subject.report.status
    let others = ears.routers.routers.filter { $0.virtualRouterID == settings.virtualRouterID }
    let hasVirtualMAC = settings.virtualMAC && settings.addresses.contains { $0.address.family == .ipv4 }
    return routers(others, here, settings) + clashes(others, settings)
      + ears.routers.strangers(as: settings.virtualRouterID, usesVirtualMAC: hasVirtualMAC)
      + settings.addresses.flatMap { use(of: $0.address, subject, ears, others) }
      + references(subject, ears, settings)
  }

  private static func routers(
    _ others: [HeardRouters.Router], _ here: InstanceStatus?, _ settings: Settings
  ) -> [Finding] {
    let heard = others.filter { $0.priority > 0 }
    let active = heard.map { "\($0.sender) (priority \($0.priority))" }
    let isActiveHere = here?.state == "active"
    // One host speaks in every family of the VIP.
    let count = AddressFamily.allCases.map { family in heard.count { $0.sender.family == family } }.max() ?? 0
    if count + (isActiveHere ? 1 : 0) > 1 {
      let names = (isActiveHere ? ["this host"] : []) + active
      return [
        .bad(
          "peers", "Active at the same time: \(names.joined(separator: ", "))",
          "one of them cannot hear the other: look for a firewall or a switch that drops VRRP")
      ]
    }
    if !active.isEmpty { return [.ok("peers", "heard: \(active.joined(separator: ", "))")] }
    let standbys = isActiveHere ? here?.standbys.map(\.address) ?? [] : []
    if !standbys.isEmpty { return [.ok("peers", "standing by: \(standbys.joined(separator: ", "))")] }
    return [
      .note(
        "peers", "no other router of VRID \(settings.virtualRouterID) was heard",
        "start vip@\(settings.instance) on the other hosts, and check that nothing between them drops VRRP")
    ]
  }

  private static func clashes(_ others: [HeardRouters.Router], _ settings: Settings) -> [Finding] {
    others.filter { $0.addressesMatch == false }.map { other in
      .bad(
        "VRID", "\(other.sender) advertises other addresses for VRID \(settings.virtualRouterID)",
        "if that is another virtual IP, give one of them another VirtualRouterID=; else the same Address= lines"
      )
    }
  }

  private static func use(
    of vip: IPAddress, _ subject: Subject, _ ears: Eavesdropper, _ others: [HeardRouters.Router]
  ) -> [Finding] {
    guard ears.interrogation.subject.sources.first(of: vip.family) != nil else {
      return [
        .skipped("address", "nobody can be asked for \(vip) without an address of \(ears.link.name)'s own")
      ]
    }
    guard let settings = subject.settings else { return [] }
    let router = MACAddress.virtualRouter(settings.virtualRouterID, vip.family)
    let isHere = subject.here.contains(vip)
    // The virtual router's address is this host's own while it is the owner.
    let claimants = ears.interrogation.claimants(of: vip).filter {
      !(isHere && settings.virtualMAC && $0.hardware == router)
    }
    var names = stations(subject, ears)
    names[router] = "the virtual router"
    return AddressUse(
      address: vip, claimants: claimants, isHere: isHere, isActiveHeard: others.contains { $0.priority > 0 },
      isBackupHere: subject.report.status?.state == "backup", names: names
    ).findings
  }

  /// What is known of stations by their hardware address.
  private static func stations(_ subject: Subject, _ ears: Eavesdropper) -> [MACAddress: String] {
    var names: [MACAddress: String] = [:]
    for peer in subject.report.status?.peers ?? [] {
      if let hardware = MACAddress(peer.hardware) { names[hardware] = peer.address }
    }
    for reference in subject.references {
      for station in ears.interrogation.claimants(of: reference) {
        names[station.hardware] = "\(reference) (Gateway=)"
      }
    }
    return names
  }

  private static func references(
    _ subject: Subject, _ ears: Eavesdropper, _ settings: Settings
  ) -> [Finding] {
    var stations: [IPAddress: MACAddress] = [:]
    for reference in subject.references {
      stations[reference] = ears.interrogation.claimants(of: reference).first?.hardware
    }
    let families = ears.interrogation.subject.sources.map(\.family).filter(settings.families.contains)
    return References(
      addresses: subject.references, interface: ears.link.name, families: families, stations: stations
    ).findings
  }
}

extension Surroundings.Link {
  /// What this host asks from: an address of its own, for IPv6 a link-local one.
  func source(_ family: AddressFamily) -> IPAddress? {
    addresses.first { address in
      address.network.address.family == family && !address.isAddedByVipd
        && (family == .ipv4 || address.scope == .link)
    }?.network.address
  }

  /// The subnet that `vip` is in: one with a prefix of all bits is in an own one.
  fileprivate func subnet(of vip: IPNetwork) -> IPNetwork {
    let own = addresses.first { !$0.isAddedByVipd && $0.network.contains(vip.address) }
    guard vip.prefixLength == vip.address.family.width, let own else { return vip }
    return IPNetwork(vip.address, prefixLength: own.network.prefixLength) ?? vip
  }
}
