import Lab
import Testing

extension SystemdTests {
  @Suite("What an operator does", .timeLimit(.minutes(5)))
  struct ControlTests {
    let pair: Pair
    let owner: Container
    let other: Container

    init() throws {
      pair = try Pair()
      (owner, other) = try pair.start()
    }

    @Test("Everybody may look through the sandbox, only root may change; a hold outlasts a restart")
    func control() throws {
      let stranger = "setpriv --reuid=65534 --regid=65534 --clear-groups"
      let list = try owner.shell("sleep 2; \(stranger) vipctl 2>&1 || echo \"status $?\"")
      #expect(list.contains(other.address) && !list.contains("status"), "\(list)")
      let refused = try owner.shell("\(stranger) vipctl handover 219 2>&1 || echo \"status $?\"")
      #expect(refused.contains("only root may do that") && refused.contains("status 77"))
      _ = try pair.settle(on: owner)

      #expect(try owner.shell("vipctl handover 219").contains("\(other.address) has taken over"))
      _ = try pair.settle(on: other)
      try owner.shell("vipctl hold 219")
      try owner.shell("systemctl restart \(Pair.unit)")
      // It has yet to hear the Active router: that is worth an exit status.
      #expect(try owner.shell("vipctl || true").contains("held by its operator"))
      let alone = try other.shell("vipctl handover 219 2>&1 || echo \"status $?\"")
      #expect(alone.contains("status 1"), "who is held takes nothing over")
      try owner.shell("vipctl release 219")
      try eventually("the released host stands by again") {
        try other.shell("vipctl handover 219 2>&1 || true").contains("has taken over")
      }
      _ = try pair.settle(on: owner)
    }
  }
}
