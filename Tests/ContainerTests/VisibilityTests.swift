import Foundation
import Lab
import Testing

/// The MESSAGE_IDs of vipd's catalog.
enum Message {
  static let holding = "8d7777cfafc84af3a1d164f9e9d65d8a"
  static let isolated = "d3f4c987964b481a9ef8e152c09ac56b"
  static let handoverRefused = "6b4b7546bb4245d68848974eb0aef7b5"
  static let handedOver = "6254ef3987d34bc88144d912927f8a2a"
  static let late = "5084e3c3c21b4eda8d141f4e1af71847"
  static let checkFailed = "1961daffb0f74fb3bafb1b4625b3f143"
  static let checkPassed = "10234067ca7d4500b71f8e349c7d50e9"
  static let unitsUnwatched = "3caa0b38d8a74a339bb938e0e1b8480d"
  static let realtimeMissing = "a047783043f045ae9a6f4d17815f8819"
}

extension SystemdTests {
  @Suite("What an operator sees", .timeLimit(.minutes(5)))
  struct VisibilityTests {
    let pair: Pair
    let owner: Container
    let other: Container

    init() throws {
      pair = try Pair()
      (owner, other) = try pair.start()
    }

    @Test("systemctl status names the owner, since when, the standbys, and what was last heard")
    func status() throws {
      try eventually("the owner knows its standby") {
        try status(of: owner).contains("standing by: \(other.address)")
      }
      #expect(try status(of: owner).contains("Active since "))
      #expect(try status(of: owner).contains("owns \(Pair.vip)/24 on eth0"))
      #expect(try status(of: other).contains("Backup since "))
      #expect(
        try status(of: other).contains(
          "\(owner.address) at \(owner.mac()) (priority 100) owns \(Pair.vip)/24"))
      try owner.shell("systemctl stop \(Pair.unit)")
      try eventually("the new owner heard the old one resign") {
        try status(of: other).contains("last heard \(owner.address) (resigning) at ")
      }
    }

    @Test("The state file says the same to scripts, and belongs to nobody but the daemon")
    func stateFile() throws {
      var state = try owner.state()
      #expect(state["INSTANCE"] == "219")
      #expect(state["VIP"] == "\(Pair.vip)/24")
      #expect(state["INTERFACE"] == "eth0")
      #expect(state["VRRP_VRID"] == "219")
      #expect(state["VRRP_STATE"] == "active")
      #expect(state["OWNED"] == "yes")
      #expect(try state["STATUS"] == owner.property("StatusText"))
      state = try other.state()
      #expect(state["VRRP_STATE"] == "backup")
      #expect(state["OWNED"] == "no")
      #expect(state["VRRP_ACTIVE"] == owner.address)
      #expect(state["HOLDING"] == nil)
      #expect(
        try owner.shell("stat --format='%U %a' /run/vip/219 /run/vip/219/state /run/vip/219/resume")
          == "_vipd 755\n_vipd 644\n_vipd 600")
    }

    @Test("A blocked VRRP shows on the host that holds, and moves nothing")
    func blockedVRRP() throws {
      defer { try? pair.lab.dropVRRP(false) }
      try pair.lab.dropVRRP()
      try eventually("the Backup router holds") { try other.state()["HOLDING"] == "answered" }
      let text = try status(of: other)
      #expect(text.contains("Heartbeat lost from \(owner.address)"))
      #expect(try text.contains("still answered by \(owner.mac())"))
      try pair.settle(on: owner)
      try explain(Message.holding, on: other)
      try pair.lab.dropVRRP(false)
      try eventually("the Backup router no longer holds") { try other.state()["HOLDING"] == nil }
    }

    @Test("A Backup router that is cut off holds and says so")
    func isolatedBackup() throws {
      defer { try? other.unplug(false) }
      // The gateway's silence means something only once it has answered.
      Thread.sleep(forTimeInterval: 5)
      try other.unplug()
      try eventually("the Backup router holds") { try other.state()["HOLDING"] == "isolated" }
      #expect(try status(of: other).contains("Isolated: heartbeat lost"))
      try pair.settle(on: owner)
      try other.unplug(false)
      try eventually("the Backup router no longer holds") { try other.state()["HOLDING"] == nil }
      try pair.settle(on: owner)
    }

    /// journalctl -x shows the catalog's explanation below the entry.
    private func explain(_ id: String, on host: Container) throws {
      let text = try host.shell(
        "journalctl --sync; journalctl --catalog --unit=\(Pair.unit) MESSAGE_ID=\(id) --no-pager")
      let subject = try host.shell(
        "journalctl --dump-catalog \(id) | sed -n 's/^Subject: //p' | sed 's/@VIP@.*//'")
      #expect(!subject.isEmpty)
      #expect(text.contains(subject), "\(text)")
      #expect(text.contains("man:vipd(8)"), "\(text)")
    }

    private func status(of host: Container) throws -> String {
      try host.run(["systemctl", "status", "--no-pager", "--full", Pair.unit]).output
    }
  }
}
