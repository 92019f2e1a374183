import Foundation
import Lab
import Testing

extension SystemdTests {
  @Suite("What cannot be as the unit wants it", .timeLimit(.minutes(5)))
  struct StartTests {
    let pair: Pair
    var host: Container { pair.hosts[0] }

    init() throws { pair = try Pair() }

    /// Runs `body` with a drop-in for the unit.
    private func with(_ dropIn: String, _ body: () throws -> Void) throws {
      let directory = "/run/systemd/system/\(Pair.unit).d"
      try host.shell(
        "mkdir -p \(directory); printf '[Service]\n\(dropIn)\n' >\(directory)/test.conf; systemctl daemon-reload"
      )
      defer { _ = try? host.shell("rm -r \(directory); systemctl daemon-reload") }
      try body()
    }

    private func now() throws -> String { try host.shell("date +@%s.%6N") }

    private func starts(since time: String) throws -> Int {
      let journal = try host.shell(
        "journalctl --sync; journalctl --since='\(time)' --unit=\(Pair.unit) --output=cat --no-pager")
      return journal.split(separator: "\n").count { $0.hasPrefix("Starting \(Pair.unit)") }
    }

    @Test(
      "What never gets to work is tried again, at a pace, until it can",
      arguments: [
        (line: "ExecStart=\nExecStart=/nonexistent", status: "203", most: 2),
        (line: "ExecStart=\nExecStart=/bin/sh -c \"kill -SEGV $$$$\"", status: "11", most: 40),
      ])
    func pace(line: String, status: String, most: Int) throws {
      let before = try now()
      try with(line) {
        #expect(try host.run(["systemctl", "start", Pair.unit]).status != 0)
        Thread.sleep(forTimeInterval: 7)
        let count = try starts(since: before)
        let journal = try host.journal().suffix(2000)
        #expect(count >= 2 && count <= most, "\(line): \(count) starts in 7 s: \(journal)")
        #expect(journal.contains("status=\(status)/"))
      }
      // Nobody starts it but the timer.
      try eventually("it runs") { try host.property("ActiveState") == "active" }
    }

    @Test(
      "Who stops an instance ends its tries",
      arguments: [
        "systemctl stop \(Pair.unit)", "systemctl stop vip.target", "systemctl disable --now \(Pair.unit)",
      ])
    func stop(command: String) throws {
      try with("ExecStart=\nExecStart=/nonexistent") {
        _ = try host.run(["systemctl", "start", Pair.unit])
        #expect(try host.shell("systemctl is-active vip-retry@219.timer") == "active")
        try host.shell(command)
      }
      #expect(try host.run(["systemctl", "is-active", "vip-retry@219.timer"]).output == "inactive")
    }

    @Test("Restarts in a row, more than ever are made, are all done, and it runs afterwards")
    func restarts() throws {
      try host.shell("systemctl start \(Pair.unit)")
      let script =
        "n=0; for i in $(seq 30); do systemctl restart \(Pair.unit) 2>/dev/null && n=$((n + 1)); done; echo $n"
      #expect(try Int(host.shell(script, limit: 60)) ?? 0 >= 15)
      try eventually("it runs") { try host.property("ActiveState") == "active" }
    }

    @Test("In a container without privileges it runs without realtime priority, and says so")
    func unprivileged() throws {
      let host = try pair.lab.bootUnprivileged(octet: 216)
      defer { try? host.powerOff() }
      try pair.install(on: host)
      try host.shell("systemctl start \(Pair.unit)")
      try eventually("it owns the VIP") { try host.property("StatusText").hasPrefix("Active") }
      #expect(try host.property("NRestarts") == "0")
      #expect(try host.property("StatusText").contains("without realtime priority"))
      #expect(try host.shell("chrt --pid \(host.mainPID())").contains("SCHED_OTHER"))
      #expect(try host.entries("MESSAGE_ID=\(Message.realtimeMissing)").count == 1)
      let check = try host.run(["vipctl", "check", "219"]).output
      #expect(check.contains("note     priority") && check.contains("lxc.prlimit.rtprio"), "\(check)")
      #expect(try host.shell("ip -o address show dev eth0").contains(" \(Pair.vip)/24 "))
      let pid = try host.mainPID()
      try host.shell("kill -KILL \(pid)")
      try eventually("the next run") {
        try host.property("MainPID") != "\(pid)" && host.property("ActiveState") == "active"
      }
    }
  }
}
