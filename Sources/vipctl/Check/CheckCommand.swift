import ArgumentParser
import Configuration
import Control
import Host
import Internet
import Linux
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
private final class Examination {
  private let list: InstanceList
  private let snapshot: Snapshot
  private let surroundings: Surroundings
  private let isPrivileged: Bool
  private let loop: EventLoop
  /// Of all instances of this host that can be made sense of.
  private lazy var instances = list.all().compactMap { try? settings(of: $0.name) }
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
    var gateway: IPAddress?
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
    do {
      let settings = try settings(of: report.name)
      subject.settings = settings
      subject.checkup.findings.append(.ok("configuration", settings.summary))
      subject.checkup.findings += Siblings.findings(
        settings, among: instances.filter { $0.instance != settings.instance })
      if let link = surroundings.links.first(where: { $0.name == settings.interface }) {
        subject.checkup.findings += Self.interface(link, settings)
        subject.checkup.findings += AddressKeepers().findings(link.name, index: link.index)
        try listen(&subject, settings, link)
      }
    } catch let error as ConfigurationError {
      subject.checkup.findings.append(
        .bad("configuration", "\(error.place): \(error.found); \(error.accepted)", error.remedy))
    } catch {
      subject.checkup.findings.append(.skipped("network", "\(error)"))
    }
    return subject
  }

  private func settings(of instance: String) throws -> Settings {
    let files = ConfigurationFiles(directory: list.configuration)
    return try Configuration.resolve(
      instance: instance, files: try files.files(of: instance), surroundings: surroundings)
  }

  private func listen(_ subject: inout Subject, _ settings: Settings, _ link: Surroundings.Link) throws {
    guard isPrivileged else {
      return subject.checkup.findings.append(.skipped("network", "only root can listen and ask there"))
    }
    guard link.isUp && link.hasCarrier else { return }
    subject.gateway = gateway(settings, link)
    subject.ears = try Eavesdropper(settings, gateway: subject.gateway, on: link, loop: loop)
    patience = max(patience, min(settings.advertisementInterval.duration * 4, .seconds(10)))
  }

  private func gateway(_ settings: Settings, _ link: Surroundings.Link) -> IPAddress? {
    let route = snapshot.routes.defaultRoute(settings.addresses[0].address.family)
    return settings.references(defaultGateway: route?.linkIndex == link.index ? route?.gateway : nil).first
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

  private static func interface(_ link: Surroundings.Link, _ settings: Settings) -> [Finding] {
    let name = link.name
    guard link.isUp else { return [.bad("interface", "\(name) is down", "ip link set \(name) up")] }
    guard link.hasCarrier else {
      return [.bad("interface", "\(name) has no carrier", "look at the cable and the switch's port")]
    }
    let outside = settings.addresses.filter { vip in
      !link.addresses.contains { own in
        !own.isAddedByVipd && own.network.contains(vip.address)
          && own.network.prefixLength == vip.prefixLength
      }
    }
    let subnet: [Finding] = outside.map { vip in
      .note(
        "subnet", "\(name) has no address of its own in the subnet of \(vip)",
        "neighbours there must have a route to \(name); or correct the prefix length")
    }
    return [.ok("interface", "\(name) is up and has carrier")] + subnet
  }

  private static func heard(_ subject: Subject) -> [Finding] {
    guard let ears = subject.ears, let settings = subject.settings else { return [] }
    let here = subject.report.status
    let others = ears.heard.filter { $0.virtualRouterID == settings.virtualRouterID }
    return routers(others, here, settings) + clashes(others, settings)
      + settings.addresses.map { use(of: $0.address, ears, others, here) } + gateway(subject, ears)
  }

  private static func routers(
    _ others: [Eavesdropper.Heard], _ here: InstanceStatus?, _ settings: Settings
  ) -> [Finding] {
    let active = others.filter { $0.priority > 0 }.map { "\($0.sender) (priority \($0.priority))" }
    let isActiveHere = here?.state == "active"
    if active.count + (isActiveHere ? 1 : 0) > 1 {
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

  private static func clashes(_ others: [Eavesdropper.Heard], _ settings: Settings) -> [Finding] {
    others.filter { $0.addressesMatch == false }.map { other in
      .bad(
        "VRID", "\(other.sender) advertises other addresses for VRID \(settings.virtualRouterID)",
        "if that is another virtual IP, give one of them another VirtualRouterID=; else the same Address= lines"
      )
    }
  }

  private static func use(
    of vip: IPAddress, _ ears: Eavesdropper, _ others: [Eavesdropper.Heard], _ here: InstanceStatus?
  ) -> Finding {
    let stations = (ears.answers[vip] ?? []).map(\.description)
    let names = stations.joined(separator: ", ")
    let isOwnHere = ears.link.addresses.contains { $0.network.address == vip }
    if isOwnHere && !stations.isEmpty {
      return .bad(
        "address", "\(vip) is on this host, and \(names) claims it too",
        "find that station (bridge fdb, or the switch's table) and take the address from it")
    }
    if isOwnHere { return .ok("address", "\(vip) is on this host, and nobody else answers for it") }
    if stations.count > 1 {
      return .bad("address", "\(vip) is answered for by \(names)", "find them and leave it to one of them")
    }
    let isActive = others.contains { $0.priority > 0 }
    if stations.isEmpty {
      return isActive || here?.state == "backup"
        ? .bad("address", "nobody answers for \(vip)", "look at the Active router: vipctl there")
        : .ok("address", "\(vip) is free")
    }
    if isActive { return .ok("address", "\(vip) is answered for by \(names)") }
    return .bad(
      "address", "\(vip) is in use by \(names), and no Advertisement was heard from there",
      "either that station has it without VRRP: take it from there; or VRRP (IP protocol 112) is dropped on "
        + "the way, or the daemon there is dead")
  }

  private static func gateway(_ subject: Subject, _ ears: Eavesdropper) -> [Finding] {
    guard let gateway = subject.gateway else {
      return [
        .note(
          "gateway", "none on \(ears.link.name): being cut off is noticed only by what others send anyway")
      ]
    }
    if let station = ears.answers[gateway]?.first {
      return [.ok("gateway", "\(gateway) answers at \(station)")]
    }
    return [
      .bad(
        "gateway", "\(gateway) does not answer ARP on \(ears.link.name)",
        "look at cable, switch port and VLAN; or set Gateway= to a router that answers")
    ]
  }
}
