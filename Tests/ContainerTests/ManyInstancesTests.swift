import Foundation
import Internet
import Lab
import Testing

extension SystemdTests {
  /// More than start in the time for which the kernel keeps an address, or systemd waits for a sign of life.
  @Suite("Many instances on a host", .timeLimit(.minutes(5)))
  struct ManyInstancesTests {
    private static let count = 32
    private static let units = "$(seq -f vip@m%g.service \(count))"
    private let pair: Pair
    private var owner: Container { pair.hosts[0] }

    init() throws {
      // As the package does on a host; containers share it with this machine, and cannot.
      let watchers = "/proc/sys/fs/inotify/max_user_instances"
      let text = try String(contentsOfFile: watchers, encoding: .utf8)
      if let limit = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)), limit < 1024 {
        try "1024\n".write(toFile: watchers, atomically: false, encoding: .utf8)
      }
      pair = try Pair()
      for (host, priority) in zip(pair.hosts, [200, 100]) {
        try host.shell(
          """
          for n in $(seq \(Self.count)); do
            printf '[VirtualIP]\\nAddress=10.219.0.%d/32\\nInterface=eth0\\n' $n
            printf '[VRRP]\\nVirtualRouterID=%d\\nPriority=\(priority)\\nAdvertisementIntervalSec=1s\\n' $n
          done | split --lines=7 --numeric-suffixes=1 --suffix-length=2 --additional-suffix=.conf - /etc/vip/m
          for n in $(seq 9); do mv /etc/vip/m0$n.conf /etc/vip/m$n.conf; done
          """)
      }
    }

    /// How many of them the host's kernel has.
    private func owned(by host: Container) throws -> Int {
      try Int(host.shell("ip -o address show dev eth0 | grep -c ' 10[.]219[.]' || true")) ?? 0
    }

    /// How often systemd has started one again.
    private func restarts(on host: Container) throws -> Int {
      let lines = try host.shell("systemctl show --value --property=NRestarts 'vip@m*.service'")
      return lines.split(separator: "\n").compactMap { Int($0) }.reduce(0, +)
    }

    private func stop() throws {
      for host in pair.hosts.reversed() { try host.shell("systemctl stop 'vip@m*.service'", limit: 100) }
    }

    @Test("They start, all at once, and an upgrade restarts them one after the other: nothing moves")
    func upgrade() throws {
      defer { try? stop() }
      for host in pair.hosts {
        try host.shell("systemctl start \(Self.units)", limit: 100)
        if host.name == owner.name {
          try eventually("all are owned") { try owned(by: owner) == Self.count }
        }
      }
      let active = "systemctl list-units --plain --no-legend --state=active 'vip-active@m*.target' | wc -l"
      try eventually("systemd knows of all") { try owner.shell(active) == "\(Self.count)" }
      _ = try pair.lab.client("ip route replace 10.219.0.0/24 dev bond0")
      try owner.copy(Pair.package(), to: "/root/package.deb")
      let view = try pair.lab.observe(try #require(IPv4Address("10.219.0.\(Self.count)")))
      try view.waitForAnswer(from: Int(owner.octet))
      let pids = "systemctl show --value --property=MainPID 'vip@m*.service'"
      let before = try owner.shell(pids)
      let seen = try view.during { try owner.install("/root/package.deb", options: "--reinstall") }
      print("An upgrade of \(Self.count) instances: \(seen.changes) changes; of the last one: \(seen)")
      #expect(seen.changes == 0 && seen.owners == [[Int(owner.octet)]] && seen.probe.lost == 0)
      #expect(
        Set(before.split(separator: "\n")).isDisjoint(with: try owner.shell(pids).split(separator: "\n")))
      #expect(try owned(by: owner) == Self.count)
      #expect(try pair.hosts.map { try restarts(on: $0) } == [0, 0])
    }
  }
}
