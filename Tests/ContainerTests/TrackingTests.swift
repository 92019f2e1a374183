import Foundation
import Internet
import Lab
import Testing

extension SystemdTests {
  /// `[Track]`, on the host that has the VIP.
  @Suite("Tracking", .timeLimit(.minutes(5)))
  struct TrackingTests {
    let pair: Pair
    let owner: Container
    let other: Container

    init() throws {
      pair = try Pair()
      for host in pair.hosts {
        try host.shell(
          """
          cat >/etc/systemd/system/lab-tracked.service <<'END'
          [Service]
          ExecStart=/bin/sleep infinity
          END
          systemctl daemon-reload
          systemctl start lab-tracked.service
          touch /run/lab-healthy
          """)
      }
      (owner, other) = try pair.start()
    }

    @Test("A unit that stops moves the VIP, with no packet lost; it may come back when it is started again")
    func unit() throws {
      try track("Unit=lab-tracked.service")
      let view = try observe()
      let seen = try view.during { try owner.shell("systemctl stop lab-tracked.service") }
      print("tracked unit stopped: \(seen)")
      #expect(seen.owners.last == [Int(other.octet)])
      #expect(seen.probe.lost == 0 && seen.overlap <= .milliseconds(5))
      #expect(try owner.property("StatusText").contains("checks: unit lab-tracked.service is inactive"))
      #expect(try messages(Message.checkFailed, on: owner).count == 1)
      #expect(try messages(Message.checkFailed, on: other).count == 0)

      try owner.shell("systemctl start lab-tracked.service")
      try eventually("the check passes again") { try !owner.property("StatusText").contains("checks:") }
      try other.shell("systemctl stop lab-tracked.service")
      try pair.settle(on: owner)
    }

    @Test("While the checks of every host fail, nobody has the VIP; the first one that passes takes it")
    func everywhere() throws {
      try track("Unit=lab-tracked.service")
      try other.shell("systemctl stop lab-tracked.service")
      try pair.settle(on: owner)
      try owner.shell("systemctl stop lab-tracked.service")
      try eventually("nobody has it") { try pair.lab.owners(of: Pair.vip).isEmpty }
      Thread.sleep(forTimeInterval: 2)
      #expect(try pair.lab.owners(of: Pair.vip).isEmpty)
      try other.shell("systemctl start lab-tracked.service")
      try pair.settle(on: other)
    }

    @Test("A message bus that is restarted is watched again")
    func bus() throws {
      try track("Unit=lab-tracked.service")
      let pid = try owner.mainPID()
      try owner.shell("systemctl restart dbus.service")
      try eventually("vipd noticed") { try messages(Message.unitsUnwatched, on: owner).count == 1 }
      try pair.settle(on: owner)
      // Connected again after a second; what happened meanwhile is asked for.
      try owner.shell("systemctl stop lab-tracked.service")
      try pair.settle(on: other)
      #expect(try owner.mainPID() == pid)
    }

    @Test("An interface without a carrier moves the VIP")
    func interface() throws {
      try owner.shell(
        "ip link add uplink type veth peer name far && ip link set uplink up && ip link set far up")
      defer { _ = try? owner.run(["ip", "link", "delete", "uplink"]) }
      try owner.configure("[Track]\nInterface=uplink")
      try owner.shell("systemctl reload \(Pair.unit)")
      try pair.settle(on: owner)
      try owner.shell("ip link set far down")
      try pair.settle(on: other)
      #expect(
        try owner.property("StatusText").contains("interface uplink is missing, down or without carrier"))
    }

    @Test("A command that fails moves the VIP; one that hangs has failed, and disturbs nobody")
    func command() throws {
      try track(
        """
        Exec=/bin/sh -c 'test -e /run/lab-healthy || exec sleep 600'
        IntervalSec=200ms
        TimeoutSec=300ms
        """)
      let view = try observe()
      let quiet = try view.during(rest: .seconds(2)) {}
      #expect(quiet.owners == [[Int(owner.octet)]] && quiet.probe.lost == 0)
      let seen = try view.during(rest: .seconds(4)) { try owner.shell("rm /run/lab-healthy") }
      print("tracked command hangs: \(seen)")
      #expect(seen.owners.last == [Int(other.octet)])
      #expect(seen.probe.lost == 0 && seen.overlap <= .milliseconds(5))
      #expect(try owner.property("StatusText").contains("took longer than 300 ms"))
      #expect(try messages(Message.late, on: owner).isEmpty)
      try owner.shell("touch /run/lab-healthy")
      try eventually("the check passes again") {
        try messages(Message.checkPassed, on: owner).count == 1
      }
    }

    @Test(
      "A command runs as _vipd, without capabilities, realtime priority or protection from the OOM killer")
    func rights() throws {
      try owner.configure(
        """
        [Track]
        Exec=/bin/sh -c 'echo $(id -un; grep CapEff /proc/self/status; \
            cat /proc/self/oom_score_adj; cut -d " " -f 41 /proc/self/stat); exit 1'
        IntervalSec=100ms
        """)
      try owner.shell("systemctl reload \(Pair.unit)")
      // The last two: the OOM score adjustment, and SCHED_OTHER.
      try eventually("it has said so") {
        try owner.property("StatusText").contains("exit status 1: _vipd CapEff: 0000000000000000 0 0")
      }
      #expect(try messages(Message.checkFailed, on: owner).count == 1)
    }

    @Test("A penalty lowers the priority while the check fails")
    func penalty() throws {
      try track("Unit=lab-tracked.service\nPenalty=40")
      try owner.shell("systemctl stop lab-tracked.service")
      try pair.settle(on: other)
      #expect(try owner.property("StatusText").hasPrefix("Backup"))
      try owner.shell("systemctl start lab-tracked.service")
      try pair.settle(on: other)
      // Both fail now: equal again, and it stays.
      for host in pair.hosts { try host.shell("systemctl stop lab-tracked.service") }
      try pair.settle(on: other)
      try eventually("it is heard with the lowered priority") {
        try owner.property("StatusText").contains("(priority 60)")
      }
    }

    @Test("A restart keeps the VIP while the checks have not answered yet")
    func restart() throws {
      try track("Unit=lab-tracked.service\nExec=/bin/sleep 1")
      let view = try observe()
      let seen = try view.during { try owner.shell("systemctl restart \(Pair.unit)") }
      print("restart with checks: \(seen)")
      #expect(seen.owners == [[Int(owner.octet)]])
      #expect(seen.probe.lost == 0)
    }

    private func track(_ text: String) throws {
      for host in pair.hosts {
        try host.configure("[Track]\n\(text)")
        try host.shell("systemctl reload \(Pair.unit)")
      }
      try pair.settle(on: owner)
    }

    /// What the instance that runs now said with this MESSAGE_ID.
    private func messages(_ id: String, on host: Container) throws -> [String] {
      let run = try host.property("InvocationID")
      return try host.entries("MESSAGE_ID=\(id) _SYSTEMD_INVOCATION_ID=\(run)").compactMap {
        $0["MESSAGE"] as? String
      }
    }

    private func observe() throws -> ContainerObservation {
      let view = try pair.lab.observe(try #require(.init(Pair.vip)))
      try view.waitForAnswer(from: Int(owner.octet))
      try eventually("the owner knows its standby") {
        try owner.property("StatusText").contains("standing by: \(other.address)")
      }
      return view
    }
  }
}
