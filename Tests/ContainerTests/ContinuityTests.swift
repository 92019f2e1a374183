import Foundation
import Internet
import Lab
import Testing

extension SystemdTests {
  /// Every test measures, by a client that asks the VIP every millisecond and by the kernels' own events.
  @Suite("What a client notices", .timeLimit(.minutes(5)))
  struct ContinuityTests {
    let pair: Pair
    let owner: Container
    let other: Container
    let view: ContainerObservation

    init() throws {
      pair = try Pair()
      (owner, other) = try pair.start()
      let (vip, standby) = (try #require(IPv4Address(Pair.vip)), other.address)
      view = try pair.lab.observe(vip)
      try view.waitForAnswer(from: Int(owner.octet))
      try eventually("the owner knows its standby") { [owner] in
        try owner.property("StatusText").contains("standing by: \(standby)")
      }
    }

    // MARK: The owner stays

    @Test("A daemon that is killed goes on where it was, and so seven times in a row")
    func kill() throws {
      var pid = try owner.mainPID()
      // More often than systemd's default limit of 5 starts in 10 s.
      for run in 1...7 {
        try expectKept("kill -9 (\(run))", rest: .milliseconds(run < 7 ? 500 : 2500)) {
          try owner.shell("kill -KILL \(pid)")
          pid = try replacement(of: pid)
        }
      }
      #expect(try owner.property("NRestarts") == "7")
      #expect(try owner.property("StatusText").hasPrefix("Active"))
    }

    @Test("The watchdog replaces a daemon that hangs; the other host waits meanwhile, and says so")
    func freeze() throws {
      let pid = try owner.mainPID()
      try expectKept("SIGSTOP") {
        try owner.shell("kill -STOP \(pid)")
        _ = try replacement(of: pid)
      }
      #expect(try owner.journal().contains("Watchdog timeout"))
      let holding = try #require(try other.entries("MESSAGE_ID=\(Message.holding)").last)
      let text = holding["MESSAGE"] as? String ?? ""
      #expect(try text.contains(owner.address) && text.contains(owner.mac()), "\(text)")
      #expect(holding["VRRP_STATE"] as? String == "backup")
    }

    @Test(
      "A flood of packets neither moves the VIP nor takes more of a processor than a realtime process may have"
    )
    func flood() throws {
      // Every daemon reads it.
      let frame = Frame.standbysQuestion(
        virtualRouterID: 219, from: MACAddress(bits: 0x0200_0000_0099),
        sender: try #require(IPv4Address("192.168.1.250")), target: try #require(IPv4Address(Pair.vip)))
      let pids = try pair.hosts.map { try $0.mainPID() }
      let before = try pair.hosts.map { try processorTime(of: $0) }
      let sender = try pair.lab.sender()
      let start = MonotonicClock.now
      var count = 0
      let seen = try view.during { count = sender.flood(frame, until: start + .seconds(5)) }
      report("flood of \(count) packets in 5 s", seen)
      let used = try zip(pair.hosts, before).map { try processorTime(of: $0) - $1 }
      print("processor time of the daemons: \(used)")
      #expect(seen.owners == [[Int(owner.octet)]])
      #expect(try pair.hosts.map { try $0.mainPID() } == pids)
      #expect(count > 10_000 && used.allSatisfy { $0 < .seconds(4) })
    }

    /// Of the daemon's loop, since it was started.
    private func processorTime(of host: Container) throws -> Duration {
      let words = try host.shell("cat /proc/\(host.mainPID())/schedstat").split(separator: " ")
      return .nanoseconds(try #require(words.first.flatMap { Int64($0) }))
    }

    @Test(
      "Restarts keep the VIP",
      arguments: [
        "systemctl restart \(Pair.unit)", "systemctl daemon-reload; systemctl restart \(Pair.unit)",
        "systemctl restart vip.target", "systemctl kill --signal=USR2 \(Pair.unit)",
      ])
    func restart(command: String) throws {
      let pid = try owner.mainPID()
      try expectKept(command) {
        try owner.shell(command)
        _ = try replacement(of: pid)
      }
    }

    @Test(
      "What is no restart of the daemon does not even show", arguments: ["daemon-reload", "daemon-reexec"])
    func systemdItself(command: String) throws {
      let pid = try owner.mainPID()
      try expectKept(command) { try owner.shell("systemctl \(command)") }
      #expect(try owner.mainPID() == pid)
    }

    @Test("systemctl reload applies a good configuration and refuses a bad one; the daemon stays")
    func reload() throws {
      let pid = try owner.mainPID()
      try owner.configure("[VRRP]\nPriority=0")
      try expectKept("reload of a bad configuration", rest: .seconds(1)) {
        let status = try owner.run(["systemctl", "reload", Pair.unit]).status
        #expect(status != 0)
      }
      #expect(try owner.journal().contains("219.conf:2"))

      try owner.configure("[VRRP]\nPriority=150")
      try expectKept("reload") {
        try owner.shell("systemctl reload \(Pair.unit)")
        try eventually("the other host hears the new priority") {
          try other.property("StatusText").contains("priority 150")
        }
      }
      #expect(try owner.mainPID() == pid)
    }

    @Test(
      "An upgrade, a reinstallation and a downgrade keep the VIP; they start no instance that was stopped")
    func upgrade() throws {
      try owner.copy(Pair.package(), to: "/root/package.deb")
      try owner.shell(
        """
        cd /root
        dpkg-deb --raw-extract package.deb new
        sed -i 's/^Version: .*/&+1/' new/DEBIAN/control
        dpkg-deb --build -Zgzip -z1 new new.deb
        """, limit: 60)
      defer { _ = try? owner.shell("rm -rf /root/new /root/new.deb /root/package.deb") }
      for (package, options) in [
        ("new.deb", ""), ("new.deb", "--reinstall"), ("package.deb", "--allow-downgrades"),
      ] {
        let pid = try owner.mainPID()
        try expectKept("apt install \(options) \(package)") {
          try owner.install("/root/\(package)", options: options)
          _ = try replacement(of: pid)
        }
      }
      try other.shell("systemctl stop \(Pair.unit)")
      try pair.install(on: other)
      try other.install("/root/package.deb", options: "--reinstall")
      #expect(try other.property("ActiveState") == "inactive")
      #expect(try owner.has(Pair.vip))
    }

    // MARK: The owner changes

    @Test("systemctl stop is make-before-break", arguments: [Pair.unit, "vip.target"])
    func stop(unit: String) throws {
      let seen = try view.during { try owner.shell("systemctl stop \(unit)") }
      report("systemctl stop \(unit)", seen)
      expectMoved(seen)
      expectHandover(seen)
      #expect(try owner.property("ActiveState") == "inactive")
      #expect(try owner.property("Result") == "success")
      #expect(try owner.property("ExecMainStatus") == "0")
      let entry = try #require(try owner.entries("MESSAGE_ID=\(Message.handedOver)").last)
      #expect(entry["VRRP_PEER"] as? String == other.address)
      #expect(try owner.run(["test", "-e", "/run/vip/219"]).status != 0)
    }

    @Test("SIGUSR1 hands over, and the daemon stays as Backup router")
    func handover() throws {
      let pid = try owner.mainPID()
      let seen = try view.during { try owner.shell("systemctl kill --signal=USR1 \(Pair.unit)") }
      report("handover", seen)
      expectMoved(seen)
      expectHandover(seen)
      #expect(try owner.mainPID() == pid)
      #expect(try owner.property("StatusText").hasPrefix("Backup"))
    }

    @Test("A handover that nobody accepts is refused")
    func refusedHandover() throws {
      try other.shell("systemctl stop \(Pair.unit)")
      try expectKept("refused handover") { try owner.shell("systemctl kill --signal=USR1 \(Pair.unit)") }
      #expect(try owner.entries("MESSAGE_ID=\(Message.handoverRefused)").count > 0)
    }

    @Test("A host that loses its power loses the VIP to the other, and comes back without harm")
    func powerOff() throws {
      try owner.shell("systemctl enable --quiet \(Pair.unit)")
      let seen = try view.during { try owner.powerOff() }
      report("power off", seen)
      // Active_Down_Interval is at most 361 ms here; the machine may be busy.
      expectMoved(seen)
      #expect(seen.probe.outage <= .milliseconds(600) && seen.overlap == .zero)
      #expect(try pair.lab.clientResolves(Pair.vip) == other.mac())
      try owner.boot()
      try eventually("the instance is back") { try owner.property("ActiveState") == "active" }
      try pair.settle(on: other)
    }

    @Test("A host that is cut off lets go before the other takes over")
    func cutOff() throws {
      // Silence means something after three seconds of steady evidence.
      Thread.sleep(forTimeInterval: 5)
      defer { try? owner.unplug(false) }
      let seen = try view.during { try owner.unplug() }
      report("cut off", seen)
      expectMoved(seen)
      #expect(seen.probe.outage <= .milliseconds(600) && seen.overlap == .zero)
      let entry = try #require(try owner.entries("MESSAGE_ID=\(Message.isolated)").last)
      #expect((entry["MESSAGE"] as? String)?.contains("Isolated") == true)
      try owner.unplug(false)
      try pair.settle(on: other)
    }

    // MARK: Helpers

    /// One owner before, meanwhile and afterwards, and no question lost.
    private func expectKept(
      _ what: String, rest: Duration = .milliseconds(2500), _ body: () throws -> Void
    ) throws {
      let seen = try view.during(rest: rest, body)
      report(what, seen)
      #expect(seen.owners == [[Int(owner.octet)]], "\(what)")
      #expect(seen.probe.lost == 0, "\(what)")
      #expect(seen.probe.servedBy == ["\(owner.octet)"], "\(what)")
    }

    private func expectMoved(_ seen: ContainerObservation.Outcome) {
      #expect(seen.owners.first == [Int(owner.octet)])
      #expect(seen.owners.last == [Int(other.octet)])
      #expect(seen.probe.servedBy == ["\(owner.octet)", "\(other.octet)"])
    }

    /// Make before break: no question lost, and hardly any time with two owners.
    private func expectHandover(_ seen: ContainerObservation.Outcome) {
      #expect(seen.probe.lost == 0)
      #expect(seen.overlap <= .milliseconds(5))
    }

    private func report(_ what: String, _ seen: ContainerObservation.Outcome) { print("\(what): \(seen)") }

    /// Waits for the daemon that systemd starts in place of `pid`.
    private func replacement(of pid: Int) throws -> Int {
      try eventually("systemd restarts the daemon") {
        let now = try owner.property("MainPID")
        return try now != "\(pid)" && now != "0" && owner.property("ActiveState") == "active"
      }
      return try owner.mainPID()
    }
  }
}
