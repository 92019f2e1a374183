import Foundation
import Lab
import Testing

@Suite("Under real systemd", .serialized, .enabled(if: geteuid() == 0, "needs root"), .timeLimit(.minutes(5)))
struct SystemdTests {
  let pair: Pair

  init() throws { pair = try Pair() }

  @Test("The package installs, enables vip.target and starts no instance")
  func install() throws {
    let host = pair.hosts[0]
    #expect(try host.shell("systemctl is-enabled vip.target") == "enabled")
    #expect(try host.shell("systemctl is-active vip.target") == "active")
    #expect(try host.shell("id --user --name _vipd") == "_vipd")
    #expect(try host.shell("vipd --version") == "vipd " + host.shell("dpkg-query -f '${Version}' -W vipd"))
    #expect(try host.property("ActiveState") == "inactive")
    #expect(
      try host.shell("systemd-analyze verify --man=no \(Pair.unit) vip.target 2>&1").isEmpty)
  }

  @Test("Started on both hosts, one owns the VIP and systemctl status says so")
  func start() throws {
    let (owner, other) = try pair.start()
    #expect(try owner.property("StatusText").hasPrefix("Active"))
    #expect(try other.property("StatusText").hasPrefix("Backup"))
    #expect(try other.property("StatusText").contains(owner.address))
    #expect(
      try owner.run(["systemctl", "status", "--no-pager", Pair.unit]).output.contains("Status: \"Active"))
    #expect(try pair.lab.clientResolves(Pair.vip) == owner.mac())
    #expect(try owner.shell("ip -o address show dev eth0").contains(" \(Pair.vip)/24 "))
    #expect(try owner.shell("stat --format=%U /run/vip/219") == "_vipd")
  }

  @Test("The daemon is unprivileged, and small when idle")
  func process() throws {
    let (owner, _) = try pair.start()
    let pid = try owner.mainPID()
    let status = try owner.fields(of: "/proc/\(pid)/status")
    #expect(status["Uid"]?.hasPrefix("0") == false)
    #expect(status["CapEff"] == "0000000000003000", "CAP_NET_ADMIN and CAP_NET_RAW")
    #expect(status["CapBnd"] == "0000000000003000")
    #expect(status["NoNewPrivs"] == "1")
    let memory = try owner.fields(of: "/proc/\(pid)/smaps_rollup")
    let resident = try #require(memory["Rss"].flatMap(Self.bytes))
    let anonymous = try #require(memory["Anonymous"].flatMap(Self.bytes))
    print("Resident \(resident) bytes, \(anonymous) of them anonymous")
    #expect(resident <= 10_000_000)
    #expect(anonymous <= 1_500_000)
    #expect(try owner.shell("chrt --pid \(pid)").contains("SCHED_RR"))
  }

  /// `9396 kB`
  private static func bytes(_ text: String) -> Int? { Int(text.dropLast(" kB".count)).map { $0 * 1024 } }

  @Test("Stopping vip.target stops the instances")
  func stopTarget() throws {
    let (owner, other) = try pair.start()
    try owner.shell("systemctl stop vip.target")
    // The target's own stop waits for nobody, and an instance serves until its successor does.
    try eventually("the instance is stopped") { try owner.property("ActiveState") == "inactive" }
    try pair.settle(on: other)
  }

  @Test("An enabled instance brings the VIP back after a reboot")
  func reboot() throws {
    let host = pair.hosts[1]
    try host.shell("systemctl enable --now --quiet \(Pair.unit)")
    try pair.settle(on: host)
    try host.reboot()
    try pair.settle(on: host)
    #expect(try host.property("NRestarts") == "0")
    #expect(try host.shell("systemctl is-active vip.target") == "active")
  }

  @Test("A bad configuration fails the unit with status 78, once")
  func badConfiguration() throws {
    let host = pair.hosts[0]
    try host.configure("[VRRP]\nPriority=0")
    #expect(try host.run(["systemctl", "start", Pair.unit]).status != 0)
    Thread.sleep(forTimeInterval: 1)
    #expect(try host.property("ActiveState") == "failed")
    #expect(try host.property("Result") == "exit-code")
    #expect(try host.property("ExecMainStatus") == "78")
    #expect(try host.property("NRestarts") == "0")
    #expect(try host.journal().contains("/etc/vip/219.conf:2"))
    #expect(try !host.has(Pair.vip))
  }

  @Test("Without its capabilities, and used wrongly, the daemon says what is wrong")
  func exitStatus() throws {
    let host = pair.hosts[0]
    let unprivileged = try host.run(["setpriv", "--reuid=_vipd", "--clear-groups", "vipd", "219"])
    #expect(unprivileged.status == 77)
    #expect(unprivileged.output.contains("CAP_NET_ADMIN and CAP_NET_RAW missing"))
    let raw = "+net_raw"
    let half = try host.run([
      "setpriv", "--reuid=_vipd", "--clear-groups", "--inh-caps=\(raw)", "--ambient-caps=\(raw)", "vipd",
      "219",
    ])
    #expect(half.status == 77)
    #expect(half.output.contains("CAP_NET_ADMIN missing"))
    #expect(try host.run(["vipd"]).status == 64)
    #expect(try host.run(["vipd", "--no-such-option", "219"]).status == 64)
    #expect(try host.run(["vipd", "nonsense"]).status == 78)
    #expect(try !host.has(Pair.vip))
  }

  @Test("The unit's exposure is at most 2.0")
  func security() throws {
    #expect(try pair.hosts[0].exposure(of: Pair.unit) <= 2.0)
  }

  @Test("The journal has the event's fields, and its catalog explains each message")
  func journalFields() throws {
    let (owner, _) = try pair.start()
    try owner.shell("journalctl --sync")
    let lines = try owner.shell("journalctl --unit=\(Pair.unit) VRRP_STATE=active --output=json --no-pager")
    let entries = try lines.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(!entries.isEmpty)
    for entry in entries {
      let text = entry["MESSAGE"] as? String ?? ""
      #expect(entry["VIP"] as? String == Pair.vip, "\(text)")
      let id = try #require(entry["MESSAGE_ID"] as? String, "\(text)")
      #expect(try owner.shell("journalctl --list-catalog \(id)").contains("vipd:"), "\(id) \(text)")
    }
  }

  @Test("Removal stops the instances, purge leaves nothing behind")
  func remove() throws {
    let (owner, other) = try pair.start()
    try owner.configure("[VRRP]\nPriority=100")
    try owner.shell("systemctl enable --quiet \(Pair.unit)")
    try owner.shell("apt-get remove --yes vipd")
    #expect(try !owner.has(Pair.vip))
    #expect(try owner.shell("ls /etc/vip") == "219.conf")
    try pair.settle(on: other)

    try owner.shell("apt-get purge --yes vipd")
    let left = try owner.shell("find / /run /tmp /dev/shm -xdev -iname '*vip*' ! -name 'vipw*'")
    #expect(left == "")
    #expect(try owner.run(["getent", "passwd", "_vipd"]).status != 0)
    #expect(try owner.run(["getent", "group", "_vipd"]).status != 0)
    // Units whose last process ends are forgotten a moment later.
    try eventually("no unit is left") {
      try owner.shell("systemctl list-units --all --no-legend 'vip*'") == ""
    }
    #expect(try owner.shell("journalctl --list-catalog | grep vipd: || true") == "")
  }
}
