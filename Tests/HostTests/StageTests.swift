import Configuration
import Internet
import Netlink
import Testing

@testable import Host

/// An instance that begins before its surroundings are there.
@Suite struct StageTests {
  /// An instance, and a kernel that tells what it has.
  private struct Waiting {
    var stage: Stage
    var now = at(1000)
    var log: [Effect] = []
    var snapshot = Snapshot()
    var writesFiles = true
    /// Whether the kernel says what there is.
    var isBlocked = false
    private var sequence: UInt32?

    init(_ text: String? = nil, _ snapshot: Snapshot = Snapshot()) throws {
      self.snapshot = snapshot
      stage = try Stage(
        instance: "219", files: text.map { [Self.file($0)] } ?? [], surroundings: Surroundings(snapshot))
    }

    static func file(_ text: String) -> ConfigurationFile {
      ConfigurationFile(path: "219.conf", bytes: Array("[VirtualIP]\n\(text)\n".utf8))
    }

    mutating func start(_ memory: Host.Memory = Host.Memory()) {
      var effects = Effects()
      stage.start(memory, at: now, into: &effects)
      perform(effects)
    }

    mutating func handle(_ input: Input) {
      var effects = Effects()
      stage.handle(input, at: now, into: &effects)
      perform(effects)
    }

    mutating func run(for span: Duration) {
      let end = now + span
      while let deadline = stage.deadline, deadline <= end {
        now = max(now, deadline)
        handle(.timer)
      }
      now = end
    }

    /// Netlink tells this, and the loop comes to its timers.
    mutating func happen(_ changes: RouteChange...) {
      for change in changes {
        switch change {
        case .link(let link): snapshot.links = snapshot.links.filter { $0.index != link.index } + [link]
        case .address(let address):
          snapshot.addresses = snapshot.addresses.filter { $0.network != address.network } + [address]
        case .route(let route): snapshot.routes.append(route)
        default: break
        }
        handle(.change(change))
      }
      run(for: .milliseconds(100))
    }

    mutating func answer(_ answer: KernelAnswer? = nil) {
      guard let sequence else { return }
      self.sequence = nil
      handle(.answer(sequence, answer ?? .snapshot(snapshot)))
    }

    private mutating func perform(_ effects: Effects) {
      for index in 0..<effects.count {
        log.append(effects[index])
        switch effects[index] {
        case .request(let number, .look, _):
          sequence = number
          if !isBlocked { answer() }
        case .request(let number, _, _): handle(.answer(number, .done))
        case .openSockets(let number, _): handle(.sockets(number, nil))
        case .writeRole: handle(.written(.role, writesFiles))
        case .writeHold: handle(.written(.hold, writesFiles))
        default: break
        }
      }
    }

    var summary: String {
      stage.status(at: now, Calendar(localTime: { _ in "" }, microseconds: { _ in 0 })).summary
    }
    var replies: [Reply] {
      log.compactMap { if case .reply(_, let reply) = $0 { reply } else { nil } }
    }
    func has(_ isWanted: (Notice) -> Bool) -> Bool {
      log.contains { if case .notice(let notice) = $0 { isWanted(notice) } else { false } }
    }
    var hasBegun: Bool { has { $0 == .started } }
  }

  private static let eth0 = Link(index: 2, name: "eth0", macAddress: Bench.hardware)
  private static let way = Route(
    destination: Route.everywhere(.ipv4), linkIndex: 2, gateway: IPAddress("192.168.1.1"),
    protocolNumber: 3)

  @Test func linkAddressAndRouteComeOneAfterTheOther() throws {
    var host = try Waiting()
    host.start()
    #expect(host.log.contains(.notify(.ready)), "boot goes on")
    #expect(host.summary == "Waiting for a default route, to take the subnet of 219 from")
    host.run(for: .zero)
    #expect(host.log.contains(.writeRole(.backup)))
    host.happen(.link(Self.eth0))
    host.happen(.address(try Bench.address(Bench.own)))
    #expect(!host.hasBegun)
    host.happen(.route(Self.way))
    #expect(host.hasBegun)
    host.run(for: .seconds(1))
    #expect(host.summary.hasPrefix("Active"))
    #expect(host.stage.settings.addresses == [try Bench.network("192.168.1.219/24")])
  }

  @Test func theRouteMayComeBeforeTheAddress() throws {
    var host = try Waiting()
    host.start()
    host.happen(.link(Self.eth0), .route(Self.way))
    #expect(host.summary == "Waiting for eth0 to have an address of the host's own")
    host.happen(.address(try Bench.address(Bench.own)))
    #expect(host.hasBegun)
  }

  @Test func bothFamilies() throws {
    var host = try Waiting("Interface=eth0\nAddress=192.168.1.219/24\nAddress=fd00::219/64")
    host.start()
    #expect(host.summary == "Waiting for interface eth0")
    host.happen(.link(Self.eth0))
    #expect(host.summary == "Waiting for eth0 to have an IPv4 address of the host's own")
    host.happen(.address(try Bench.address(Bench.own)))
    #expect(host.summary == "Waiting for eth0 to have a link-local IPv6 address of the host's own")
    let local = try Bench.network("fe80::217/64")
    host.happen(.address(LinkAddress(linkIndex: 2, network: local, scope: .link, isUsable: false)))
    #expect(host.hasBegun)
    #expect(
      host.summary.contains("waits for the end of duplicate address detection"),
      "duplicate address detection goes on")
    host.happen(.address(LinkAddress(linkIndex: 2, network: local, scope: .link)))
    host.run(for: .seconds(1))
    #expect(host.summary.hasPrefix("Active"))
  }

  @Test func aLinkThatIsRenamedIntoItsPlace() throws {
    var host = try Waiting("Interface=bond0\nAddress=192.168.1.219/24")
    host.start()
    host.happen(.link(Self.eth0), .address(try Bench.address(Bench.own)))
    #expect(host.summary == "Waiting for interface bond0")
    host.happen(.link(Link(index: 2, name: "bond0", macAddress: Bench.hardware)))
    #expect(host.hasBegun)
    #expect(host.stage.settings.interface == "bond0")
  }

  /// What comes while the kernel collects its snapshot is not lost, nor is what was dropped.
  @Test func newsDuringALook() throws {
    var host = try Waiting("Interface=eth0")
    host.isBlocked = true
    host.start()
    host.happen(.link(Self.eth0), .address(try Bench.address(Bench.own)))
    #expect(!host.hasBegun)
    host.handle(.changesLost)
    host.answer(.snapshot(Snapshot()))
    #expect(!host.hasBegun, "the kernel is asked again")
    host.answer(.refused(KernelRefusal(.other, code: 4, "interrupted")))
    host.run(for: .seconds(1))
    host.answer(.snapshot(Snapshot(links: [Self.eth0], addresses: [try Bench.address(Bench.own)])))
    #expect(host.hasBegun)
  }

  @Test func aStormOfNewsIsOneAttempt() throws {
    var host = try Waiting("Interface=eth0")
    host.start()
    host.happen(.link(Self.eth0))
    let before = host.log.count
    for _ in 0..<50 {
      host.handle(.change(.linkRemoved(index: 2, name: "eth0")))
      host.handle(.change(.link(Self.eth0)))
    }
    #expect(host.log.count == before)
    #expect(try #require(host.stage.deadline) <= host.now + .milliseconds(50))
  }

  // MARK: The operator

  @Test func aReloadIsTakenOverOrRefused() throws {
    var host = try Waiting("Interface=eth0")
    host.start()
    host.handle(.reload(Caller(1)))
    #expect(host.log.suffix(2) == [.notify(.reloading), .readFiles])
    host.handle(.files(.success([Waiting.file("Interface=eth0\nColour=green")])))
    guard case .refused(let why) = try #require(host.replies.last) else {
      Issue.record("accepted")
      return
    }
    #expect(why.contains("Colour"))
    #expect(host.has { if case .reloadRefused = $0 { true } else { false } })
    #expect(host.summary == "Waiting for interface eth0")
    #expect(host.log.last == .notify(.ready))
    host.handle(.reload(Caller(2)))
    host.handle(.files(.success([Waiting.file("Interface=eth1")])))
    #expect(host.replies.last == .changed(["Waiting for interface eth1"]))
    #expect(host.summary == "Waiting for interface eth1")
    host.happen(.link(Self.eth0), .address(try Bench.address(Bench.own)))
    #expect(!host.hasBegun)
    host.handle(.reload(Caller(3)))
    host.handle(.files(.success([Waiting.file("Interface=eth0")])))
    guard case .changed(let news) = try #require(host.replies.last) else {
      Issue.record("refused")
      return
    }
    #expect(news.first?.hasPrefix("Starting: 219: 192.168.1.219/24 on eth0") == true)
    #expect(host.hasBegun)
  }

  /// Whoever asked for a reload is answered before the host begins.
  @Test func theHostBeginsWhenNobodyWaits() throws {
    var host = try Waiting("Interface=eth0")
    host.start()
    host.handle(.reload(Caller(1)))
    host.happen(.link(Self.eth0), .address(try Bench.address(Bench.own)))
    #expect(!host.hasBegun)
    host.handle(.files(.success([Waiting.file("Interface=eth0")])))
    #expect(host.replies.count == 1 && host.hasBegun)
  }

  @Test func aHoldIsWrittenAndOutlastsTheWait() throws {
    var host = try Waiting("Interface=eth0")
    host.start()
    host.handle(.handover(Caller(1)))
    #expect(host.replies == [.refused("This host is not Active. Waiting for interface eth0")])
    host.writesFiles = false
    host.handle(.hold(true, Caller(2)))
    guard case .refused(let why) = try #require(host.replies.last) else {
      Issue.record("done")
      return
    }
    #expect(why.contains("a restart would forget it"))
    host.writesFiles = true
    host.run(for: .seconds(1))
    #expect(host.has { $0 == .writtenAgain })
    host.handle(.hold(true, Caller(3)))
    #expect(host.replies.last == .done)
    #expect(host.summary == "Waiting for interface eth0; held by the operator")
    host.happen(.link(Self.eth0), .address(try Bench.address(Bench.own)))
    host.run(for: .seconds(2))
    #expect(host.hasBegun && host.summary.hasPrefix("Backup"))
    host.handle(.hold(false, Caller(4)))
    host.run(for: .seconds(2))
    #expect(host.summary.hasPrefix("Active"))
  }

  @Test(arguments: [Input.stop, .restart])
  func theEndComesAtOnce(input: Input) throws {
    var host = try Waiting("Interface=eth0")
    host.start()
    host.handle(.reload(Caller(1)))
    host.handle(input)
    #expect(host.log.last == .exit(0))
    #expect(host.replies == [.refused("This instance has ended")])
    #expect(host.stage.deadline == nil)
  }

  // MARK: What was before

  /// The run before may be gone on with: units that follow the VIP are not stopped before that is over.
  @Test func anEarlierRunIsGoneOnWith() throws {
    let leftover = try Bench.address("192.168.1.219/24", protocolNumber: 112)
    var host = try Waiting(
      "Interface=eth0\nAddress=192.168.1.219/24", Snapshot(links: [Self.eth0], addresses: [leftover]))
    host.start(Host.Memory(resumableUntil: host.now + .milliseconds(300)))
    host.run(for: .milliseconds(100))
    #expect(!host.log.contains(.writeRole(.backup)))
    host.happen(.address(try Bench.address(Bench.own)))
    #expect(host.summary.hasPrefix("Active"))
    #expect(!host.log.contains(.writeRole(.backup)))
  }

  @Test func theRoleIsBackupWhenThatIsOver() throws {
    var host = try Waiting("Interface=eth0")
    host.start(Host.Memory(resumableUntil: host.now + .milliseconds(300)))
    host.run(for: .milliseconds(299))
    #expect(!host.log.contains(.writeRole(.backup)))
    host.run(for: .milliseconds(1))
    #expect(host.log.contains(.writeRole(.backup)))
  }

  @Test func whatNoSurroundingsCanMendIsRefusedAtOnce() throws {
    let error = #expect(throws: ConfigurationError.self) { try Waiting("Interface=eth0\nAddress=127.0.0.1") }
    #expect(error?.awaited == nil)
  }

  @Test func theStateFileSaysTheSame() throws {
    let host = try Waiting("Interface=eth0\nAddress=192.168.1.219/24")
    #expect(
      host.stage.stateFile(status: host.summary)?.description == """
        INSTANCE="219"
        VRRP_STATE="initialize"
        VIP="192.168.1.219/24"
        INTERFACE="eth0"
        VRRP_VRID="219"
        OWNED="no"
        STATUS="Waiting for interface eth0"

        """)
  }
}
