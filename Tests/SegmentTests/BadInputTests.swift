import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  @Suite struct BadInputTests {
    private struct Refusal {
      let configuration: String?
      var instance = "219"
      /// What the line must contain.
      let says: [String]
    }

    private func file(_ lines: String...) -> String {
      let address = lines.contains { $0.hasPrefix("Address=") } ? [] : ["Address=192.168.1.219/24"]
      return (["[VirtualIP]"] + address + lines).joined(separator: "\n") + "\n"
    }

    private var table: [Refusal] {
      [
        Refusal(configuration: "[Nonsense]\nKey=1\n", says: ["219.conf:1:", "Nonsense"]),
        Refusal(configuration: file("Adress=192.168.1.219"), says: ["219.conf:3:", "Adress"]),
        Refusal(configuration: file("Address=192.168.1.300"), says: ["219.conf:2:", "192.168.1.300"]),
        Refusal(
          configuration: file("[VRRP]", "AdvertisementIntervalSec=quick"), says: ["219.conf:4:", "quick"]),
        Refusal(configuration: file("[VRRP]", "VirtualRouterID=0"), says: ["219.conf:4:", "1", "255"]),
        Refusal(configuration: file("[VRRP]", "VirtualRouterID=256"), says: ["219.conf:4:", "256"]),
        Refusal(configuration: file("[VRRP]", "Priority=0"), says: ["219.conf:4:", "Priority", "1"]),
        Refusal(configuration: file("Interface=eth7", "Label=eth0:0"), says: ["219.conf:4:", "eth7"]),
        Refusal(configuration: file("Interface=lo"), says: ["219.conf:3:", "lo"]),
        Refusal(configuration: file("Address=192.168.1.255/24"), says: ["219.conf:2:", "192.168.1.255"]),
        Refusal(configuration: nil, instance: "database", says: ["database"]),
      ]
    }

    @Test func refusedWithOneLineAndNoAddressTouched() throws {
      let segment = try Segment()
      let before = MonotonicClock.now
      for refusal in table {
        let daemon = try HostDaemon(
          .vipd, on: 217, of: segment, configuration: refusal.configuration, instance: refusal.instance)
        let status = try daemon.waitForExit(within: Scene.patience)
        try segment.loop.wait(for: "a line", within: .seconds(2)) { !daemon.log.isEmpty }
        let log = daemon.log
        #expect(status == 78, "\(log)")
        #expect(log.count == 1, "\(log)")
        for part in refusal.says { #expect(log.first?.contains(part) == true, "\(log) lacks \(part)") }
      }
      let touched = segment.ownership.addressMessages(of: 217, from: before)
      #expect(touched.isEmpty, "\(touched)")
    }

    @Test(arguments: [("net_admin", "CAP_NET_ADMIN"), ("net_raw", "CAP_NET_RAW")])
    func aMissingCapabilityIsNamed(dropped: String, name: String) throws {
      let segment = try Segment()
      let before = MonotonicClock.now
      let daemon = try HostDaemon(
        .vipd, on: 217, of: segment, wrapper: ["setpriv", "--bounding-set", "-\(dropped)"])
      #expect(try daemon.waitForExit(within: Scene.patience) == 77)
      try segment.loop.wait(for: "a line", within: .seconds(2)) { !daemon.log.isEmpty }
      let first = try #require(daemon.log.first)
      #expect(daemon.log.count == 1 && first.contains("\(name) missing"), "\(daemon.log)")
      #expect(segment.ownership.addressMessages(of: 217, from: before).isEmpty)
    }

    @Test func aWrongCommandLineIsAUsageError() throws {
      let segment = try Segment()
      let namespace = try segment.host(217).namespace
      let vipd = try HostDaemon.vipdPath()
      #expect(try namespace.command([vipd]).complete().status == 64)
      #expect(try namespace.command([vipd, "--nonsense", "219"]).complete().status == 64)
    }

    @Test func checkTellsEverySettingAndTouchesNothing() throws {
      let segment = try Segment()
      let before = MonotonicClock.now
      let path = "\(segment.directory)/check"
      try File.makeDirectory(path)
      try File.write(DaemonSettings().text(for: .vipd), to: "\(path)/219.conf")
      let command = [try HostDaemon.vipdPath(), "--config-dir", path, "--check", "219"]
      let (status, output) = try segment.host(217).namespace.command(command).complete()
      #expect(status == 0)
      #expect(output.contains("192.168.1.219/24") && output.contains("219.conf:"))
      #expect(segment.ownership.addressMessages(of: 217, from: before).isEmpty)
    }
  }
}
