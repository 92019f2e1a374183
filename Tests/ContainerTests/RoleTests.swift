import Foundation
import Lab
import Testing

extension SystemdTests {
  /// `vip-active@219.target`, and what hangs on it.
  @Suite("Units follow the VIP", .timeLimit(.minutes(5)))
  struct RoleTests {
    static let target = "vip-active@219.target"
    let pair: Pair
    let owner: Container
    let other: Container

    init() throws {
      pair = try Pair()
      (owner, other) = try pair.start()
      try expectRoles(active: owner, backup: other)
    }

    @Test("A unit that is wanted by the target runs where the VIP is, and nowhere else")
    func follower() throws {
      for host in pair.hosts { try host.installFollower() }
      defer { for host in pair.hosts { try? host.removeFollower() } }
      try owner.shell("systemctl kill --signal=USR1 \(Pair.unit)")
      try pair.settle(on: other)
      try expectRoles(active: other, backup: owner)
      try eventually("the follower runs on \(other.name)") { try other.state(of: Self.follower) == "active" }
      try other.shell("systemctl kill --signal=USR1 \(Pair.unit)")
      try pair.settle(on: owner)
      try eventually("the follower runs on \(owner.name)") { try owner.state(of: Self.follower) == "active" }
      try eventually("the follower is stopped") { try other.state(of: Self.follower) == "inactive" }
    }

    @Test("It follows a takeover, and the host that comes back")
    func takeover() throws {
      try owner.shell("systemctl enable --quiet \(Pair.unit)")
      try owner.powerOff()
      try eventually("\(other.name) has the role") { try other.state(of: Self.target) == "active" }
      try owner.boot()
      try eventually("the instance is back") { try owner.property("ActiveState") == "active" }
      try pair.settle(on: other)
      try expectRoles(active: other, backup: owner)
    }

    @Test(
      "What keeps the VIP keeps the target up without a pause",
      arguments: [
        "systemctl restart \(Pair.unit)", "systemctl kill --signal=KILL \(Pair.unit)",
        "systemctl kill --signal=STOP \(Pair.unit)", "systemctl reload \(Pair.unit)",
        "systemctl restart vip.target", "systemctl daemon-reload", "systemctl daemon-reexec",
      ])
    func kept(command: String) throws {
      let before = try owner.activation(of: Self.target)
      #expect(before.first != "0" && before.contains("\n"), "\(before)")
      try owner.shell(command)
      // Long enough for the watchdog, and for a role that was wrongly given up.
      Thread.sleep(forTimeInterval: 3)
      try pair.settle(on: owner)
      #expect(try owner.activation(of: Self.target) == before)
      try expectRoles(active: owner, backup: other)
    }

    @Test("A stop brings it down, and leaves no watcher behind")
    func stop() throws {
      try owner.shell("systemctl stop \(Pair.unit)")
      try expectRoles(active: other, backup: owner)
      try eventually("nobody watches") { try owner.state(of: "vip-role@219.path") == "inactive" }
      try owner.shell("systemctl start \(Pair.unit)")
      try other.shell("systemctl stop \(Pair.unit)")
      try expectRoles(active: owner, backup: other)
    }

    @Test("A daemon that dies for good while it has the VIP brings it down")
    func death() throws {
      try other.shell("systemctl stop \(Pair.unit)")
      try owner.configure("[VRRP]\nPriority=0")
      // The next run refuses the configuration; the role that the killed one wrote is still there.
      try owner.shell("systemctl kill --signal=KILL \(Pair.unit)")
      try eventually("the instance has failed") { try owner.property("ActiveState") == "failed" }
      try eventually("the target is down") { try owner.state(of: Self.target) == "inactive" }
      try eventually("the lease has ended") { try !owner.has(Pair.vip) }
      try eventually("nobody watches") { try owner.state(of: "vip-role@219.path") == "inactive" }
    }

    @Test("A role that changes thirty times in a row is followed to the last")
    func flapping() throws {
      try other.shell("systemctl stop \(Pair.unit)")
      // As the daemon does it, which sees no reason to say anything meanwhile.
      try owner.shell(
        """
        for round in $(seq 30); do
          for role in backup active; do
            echo $role >/run/vip/219/role.new
            mv /run/vip/219/role.new /run/vip/219/role
            touch /run/vip/219/role.changed
            sleep 0.0$((round % 4))
          done
        done
        """)
      try eventually("the last role holds") { try owner.state(of: Self.target) == "active" }
      Thread.sleep(forTimeInterval: 1)
      #expect(try owner.state(of: Self.target) == "active")
      #expect(try owner.state(of: "vip-role@219.path") == "active")
    }

    @Test("The oneshot that acts on roles has little to offer")
    func security() throws {
      // Without a mount namespace, which takes longer than all else of it together.
      #expect(try owner.exposure(of: "vip-role@219.service") <= 4)
      let verdict =
        "systemd-analyze verify --man=no vip-role@219.path vip-role@219.service \(Self.target) 2>&1"
      #expect(try owner.shell(verdict).isEmpty)
    }

    private static let follower = "lab-follower.service"

    private func expectRoles(active: Container, backup: Container) throws {
      try eventually("\(active.name) has the role") { try active.state(of: Self.target) == "active" }
      try eventually("\(backup.name) has it not") { try backup.state(of: Self.target) == "inactive" }
    }
  }
}

extension Container {
  /// A unit's ActiveState.
  fileprivate func state(of unit: String) throws -> String {
    try shell("systemctl show --value --property=ActiveState \(unit)")
  }

  /// When a unit was last started and when it was last stopped.
  fileprivate func activation(of unit: String) throws -> String {
    try shell(
      """
      systemctl show --value --property=ActiveEnterTimestampMonotonic,InactiveEnterTimestampMonotonic \(unit)
      """)
  }

  /// A service as an operator would write it.
  fileprivate func installFollower() throws {
    try shell(
      """
      cat >/etc/systemd/system/lab-follower.service <<END
      [Unit]
      PartOf=vip-active@219.target
      [Service]
      ExecStart=/bin/sleep infinity
      [Install]
      WantedBy=vip-active@219.target
      END
      systemctl daemon-reload
      systemctl enable --quiet lab-follower.service
      """)
  }

  fileprivate func removeFollower() throws {
    try shell(
      """
      systemctl disable --quiet --now lab-follower.service
      rm /etc/systemd/system/lab-follower.service
      systemctl daemon-reload
      """)
  }
}
