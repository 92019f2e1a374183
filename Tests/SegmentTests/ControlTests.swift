import Glibc
import Internet
import Lab
import Testing

/// The operator's command beside running daemons.
struct Operator {
  let daemon: HostDaemon
  /// The daemon's socket.
  let socket: String
  private let arguments: [String]

  init(of daemon: HostDaemon) throws {
    self.daemon = daemon
    socket = "\(daemon.runtimeDirectory)/bus"
    arguments = [
      "--runtime-dir", Self.parent(of: daemon.runtimeDirectory),
      "--config-dir", Self.parent(of: daemon.configurationPath),
    ]
  }

  static func parent(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
  }

  func callAsFunction(_ words: String...) throws -> (status: Int32, output: String) {
    let program = [try HostDaemon.program("vipctl")] + words + arguments
    return try daemon.host.namespace.command(program).complete()
  }

  /// Asks until `word` is in the answer.
  func wait(for word: String, in command: String..., line: Int = #line) throws {
    let end = MonotonicClock.now + Scene.patience
    var answer = try self(command)
    while !answer.output.contains(word) {
      try #require(MonotonicClock.now < end, "no \"\(word)\" in \(answer.output)")
      pause(.milliseconds(50))
      answer = try self(command)
    }
  }

  private func callAsFunction(_ words: [String]) throws -> (status: Int32, output: String) {
    try daemon.host.namespace.command([try HostDaemon.program("vipctl")] + words + arguments).complete()
  }
}

extension SegmentTests {
  @Suite struct ControlTests {
    @Test func thePairIsListed() throws {
      let scene = try Scene(isProbed: false)
      try scene.startPair()
      let active = try Operator(of: try scene.daemon(217))
      try active.wait(for: "192.168.1.218", in: "list")
      let list = try active("list")
      #expect(list.status == 0)
      #expect(list.output.contains("192.168.1.219/24  Active  this host"))
      #expect(list.output.contains(try scene.segment.host(217).hardwareAddress.description))
      let other = try Operator(of: try scene.daemon(218))
      let backup = try other("list")
      #expect(backup.status == 0)
      #expect(backup.output.contains("192.168.1.219/24  Backup  192.168.1.217"))
      let json = try active("show", "219", "--json").output
      #expect(json.contains("\"state\" : \"active\"") && json.contains("\"advertisements_sent\""))
      #expect(try active("show", "220").status == 69)
    }

    @Test func aHandoverIsAnsweredWhenItIsOver() throws {
      let scene = try Scene()
      try scene.startPair()
      let operate = try Operator(of: try scene.daemon(217))
      try operate.wait(for: "192.168.1.218", in: "list")
      let start = MonotonicClock.now
      let answer = try operate("handover", "219")
      #expect(answer.status == 0)
      #expect(answer.output == "219: 192.168.1.218 has taken over\n")
      try scene.expectOwners(218)
      pause(.milliseconds(200))
      #expect(scene.overlap(since: start).all <= .milliseconds(5))
      #expect(scene.probe.report(from: start, to: MonotonicClock.now).lost == 0)
      let refused = try operate("handover", "219")
      #expect(refused.status == 1)
      #expect(refused.output.contains("This host is not Active; 192.168.1.218 is"))
    }

    @Test func aHandoverThatNobodyAcceptsIsRefused() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      let operate = try Operator(of: try scene.daemon(217))
      let answer = try operate("handover", "219")
      #expect(answer.status == 1)
      #expect(answer.output.contains("Nobody took over"))
      try scene.expectOwners(217)
    }

    @Test func aHeldHostStaysBackupWhateverHappens() throws {
      let scene = try Scene()
      try scene.startPair()
      let operate = try Operator(of: try scene.daemon(217))
      try operate.wait(for: "192.168.1.218", in: "list")
      #expect(try operate("hold", "219").status == 0)
      try scene.expectOwners(218)
      // Also after a restart, which is no stop.
      try scene.daemon(217).send(SIGUSR2)
      try scene.daemon(217).waitForExit(within: Scene.patience)
      try scene.start(217)
      try operate.wait(for: "held", in: "list")
      try scene.daemon(218).stop()
      pause(.seconds(3))
      try scene.expectOwners()
      #expect(try operate("list").status == 1, "nobody has the VIP")
      #expect(try operate("release", "219").status == 0)
      try scene.expectOwners(217)
    }

    @Test func aFrozenDaemonIsNamedInTime() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      let operate = try Operator(of: try scene.daemon(217))
      try scene.daemon(217).send(SIGSTOP)
      let start = MonotonicClock.now
      let list = try operate("list")
      #expect(MonotonicClock.now - start < .seconds(10))
      #expect(list.status == 1)
      #expect(list.output.contains("219: the daemon does not answer"))
      #expect(try operate("handover", "219").status == 69)
      try scene.daemon(217).send(SIGCONT)
    }

    @Test func whatEndedIsStoppedOrDead() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      let operate = try Operator(of: try scene.daemon(217))
      try scene.daemon(217).stop()
      let stopped = try operate("list")
      #expect(stopped.status == 0)
      #expect(stopped.output.contains("stopped"))
      try scene.start(217)
      try scene.expectOwners(217)
      try scene.daemon(217).send(SIGKILL)
      try scene.daemon(217).waitForExit(within: Scene.patience)
      let dead = try operate("list")
      #expect(dead.status == 1)
      #expect(dead.output.contains("219: the daemon was killed or has crashed"))
    }

    @Test func aReloadSaysWhatItDid() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      let operate = try Operator(of: try scene.daemon(217))
      #expect(try operate("reload", "219").output == "219: nothing changed\n")
      let path = try scene.daemon(217).configurationPath
      try File.write("[VirtualIP]\nAddress=192.168.1.219/24\nInterface=eth0\n[VRRP]\nPriority=7\n", to: path)
      let changed = try operate("reload", "219")
      #expect(changed.status == 0)
      #expect(changed.output == "219: VRRP.Priority: 100 -> 7\n")
      try File.write("[VirtualIP]\nAddress=nonsense\n", to: path)
      let refused = try operate("reload", "219")
      #expect(refused.status == 1)
      #expect(refused.output.contains("nonsense"))
      #expect(try operate("show", "219").output.contains("priority 7"))
    }

    @Test func busctlNeedsNoMessageBus() throws {
      let scene = try Scene(hosts: [217])
      try scene.start(217)
      try scene.expectOwners(217)
      let operate = try Operator(of: try scene.daemon(217))
      func busctl(_ words: String...) throws -> String {
        let program = ["busctl", "--address=unix:path=\(operate.socket)"] + words
        let answer = try operate.daemon.host.namespace.command(program).complete()
        #expect(answer.status == 0, "\(answer.output)")
        return answer.output
      }
      let described = try busctl("introspect", "net.vipd", "/net/vipd/Instance")
      #expect(described.contains(".Handover") && described.contains(".VirtualRouterID"))
      let instance = ["net.vipd", "/net/vipd/Instance", "net.vipd.Instance1"]
      #expect(
        try busctl("get-property", instance[0], instance[1], instance[2], "VirtualRouterID") == "y 219\n")
      #expect(try busctl("call", instance[0], instance[1], instance[2], "Reload") == "as 0\n")
    }

    @Test func aCheckFindsWhatIsWrong() throws {
      let scene = try Scene(isProbed: false)
      try scene.startPair()
      let operate = try Operator(of: try scene.daemon(218))
      try operate.wait(for: "192.168.1.217", in: "list")
      let well = try operate("check", "219")
      #expect(well.status == 0, "\(well.output)")
      #expect(well.output.contains("heard: 192.168.1.217 (priority 100)"))
      let namespace = try scene.segment.host(218).namespace
      try namespace.command(["nft", "-f", "-"]).run(
        input: """
          table inet filter {
            chain input {
              type filter hook input priority 0; policy accept;
              ip protocol vrrp drop
            }
          }

          """)
      let sibling = "\(Operator.parent(of: try scene.daemon(218).configurationPath))/web.conf"
      try File.write("[VirtualIP]\nAddress=192.168.1.219/24\nInterface=eth0\n", to: sibling)
      let blocked = try operate("check", "219")
      #expect(blocked.status == 1)
      #expect(blocked.output.contains("nftables, inet filter input drops VRRP"))
      #expect(blocked.output.contains("192.168.1.219 is in use by"))
      #expect(blocked.output.contains("vip@web on this host has VRID 219 on eth0, too"))
    }

    @Test func aCheckTellsOwnersFromWhatOnlyAnswersInTheirPlace() throws {
      let scene = try Scene(hosts: [216, 217, 218], isProbed: false)
      try scene.start(217)
      try scene.expectOwners(217)
      let operate = try Operator(of: try scene.daemon(217))
      let start = MonotonicClock.now
      try scene.segment.reflect(217)
      let alone = try operate("check", "219")
      #expect(alone.status == 0, "\(alone.output)")
      #expect(alone.output.contains("192.168.1.219 is on this host, and nobody else has it"))
      // As if .218 had been the owner until a moment ago.
      try scene.segment.suppressARP(for: scene.vip, at: 218)
      let former = try scene.segment.host(218).hardwareAddress
      let outdated = try operate("check", "219")
      #expect(outdated.status == 1)
      #expect(outdated.output.contains("a switch or fabric answers for 192.168.1.219 with \(former), which"))
      let router = try scene.segment.host(216)
      let interface = "net.ipv4.conf.\(router.interface)"
      try router.namespace.command([
        "sysctl", "-q", "net.ipv4.ip_forward=1", "\(interface).proxy_arp=1", "\(interface).proxy_arp_pvlan=1",
      ]).run()
      let proxied = try operate("check", "219")
      #expect(proxied.status == 1)
      #expect(proxied.output.contains("\(router.hardwareAddress) answers ARP for every address (proxy ARP)"))
      #expect(proxied.output.contains("192.168.1.219 is on this host, and nobody else has it"))
      scene.expectUnchanged(since: start, "for a check moves nothing")
    }

    @Test func clientsCannotDisturbTheDaemon() throws {
      let scene = try Scene()
      try scene.startPair()
      let operate = try Operator(of: try scene.daemon(217))
      let path = operate.socket
      let start = MonotonicClock.now
      var sockets: [Int32] = []
      let junk = [UInt8](repeating: 0x6C, count: 4096)
      while MonotonicClock.now - start < .seconds(3) {
        let client = try ControlClient.connect(to: path)
        if client >= 0 { sockets.append(client) }
        for socket in sockets.suffix(40) {
          send(socket, junk, junk.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        if sockets.count > 200 { close(sockets.removeFirst()) }
      }
      let list = try operate("list")
      for socket in sockets { close(socket) }
      #expect(list.status == 0, "\(list.output)")
      scene.expectUnchanged(since: start)
      #expect(scene.probe.report(from: start, to: MonotonicClock.now).lost == 0)
    }
  }
}

/// A client that knows no D-Bus.
private enum ControlClient {
  /// A socket that never blocks; negative if there is no room now.
  static func connect(to path: String) throws -> Int32 {
    let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    try #require(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let result = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      close(client)
      return -1
    }
    return client
  }
}
