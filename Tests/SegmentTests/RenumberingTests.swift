import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  /// The owner's host gets another address of its own, or the same once more.
  @Suite struct RenumberingTests {
    private static let own = "192.168.1.217/24"
    private static let other = "192.168.1.227/24"

    /// One step, and what is to be true of the host then.
    struct Change: CustomTestStringConvertible {
      let testDescription: String
      /// For `ip -batch`, which leaves no time in between.
      let commands: [String]
      /// The host's address afterwards.
      let source: String
    }

    static let changes = [
      Change(
        testDescription: "the new one first",
        commands: ["address add \(other) dev eth0", "address delete \(own) dev eth0"], source: "192.168.1.227"
      ),
      Change(
        testDescription: "the old one first",
        commands: ["address delete \(own) dev eth0", "address add \(other) dev eth0"], source: "192.168.1.227"
      ),
      Change(
        testDescription: "the same again",
        commands: ["address delete \(own) dev eth0", "address add \(own) dev eth0"], source: "192.168.1.217"),
      Change(
        testDescription: "another prefix length",
        commands: ["address delete \(own) dev eth0", "address add 192.168.1.217/23 dev eth0"],
        source: "192.168.1.217"),
    ]

    /// The kernel makes the VIP the primary address of the subnet in between.
    @Test(arguments: changes) func theVIPStaysAndIsNoSource(_ change: Change) throws {
      let scene = try Scene()
      try scene.startPair()
      pause(.milliseconds(1500))
      let host = try scene.segment.host(217)
      let script = "\(try scene.daemon(217).runtimeDirectory)/../renumbering"
      try File.write(change.commands.map { "\($0)\n" }.joined(), to: script)
      let start = MonotonicClock.now
      try host.namespace.command(["ip", "-batch", script]).run()
      pause(.seconds(1))
      #expect(scene.probe.report(from: start, to: MonotonicClock.now).outage < .milliseconds(100))
      #expect(scene.segment.ownership.history.acquisition(of: scene.vip, by: 218, from: start) == nil)
      let way = try host.namespace.command(["ip", "route", "get", "192.168.1.218"]).run()
      #expect(way.contains("dev eth0 src \(change.source) ") && !way.contains(" via "), "\(way)")
    }
  }
}
