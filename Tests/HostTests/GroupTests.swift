import Internet
import Testing

@testable import Host

@Suite struct GroupTests {
  private func member(_ name: String, able: Bool = true, active: Bool = false) -> Group.Member {
    Group.Member(name: name, isAble: able, isActive: active)
  }

  private func group(_ name: String) -> Group { Group(name: name, lease: .seconds(2)) }

  @Test func aloneIsFree() {
    #expect(group("b").reason(at: at(0)) == nil)
  }

  @Test func theFirstNameLeads() {
    var (first, second) = (group("a"), group("b"))
    first.hear(member("b"))
    second.hear(member("a"))
    #expect(first.reason(at: at(1)) == nil)
    #expect(second.reason(at: at(1)) == .waiting("a"))
    second.hear(member("a", active: true))
    #expect(second.reason(at: at(3)) == nil)
  }

  @Test func oneThatCannotKeepsAllBack() {
    var leader = group("a")
    leader.hear(member("b", able: false))
    #expect(leader.reason(at: at(1)) == .unable("b"))
    leader.hear(member("b"))
    #expect(leader.reason(at: at(3)) == nil)
  }

  @Test func onlyTheLeaderKnowsOfTheOthers() {
    var third = group("c")
    third.hear(member("b", able: false))
    third.hear(member("a", active: true))
    #expect(third.reason(at: at(0)) == nil)
    third.hear(member("a", able: false))
    #expect(third.reason(at: at(0)) == .unable("a"))
  }

  @Test func aRestartIsNotNoticed() {
    var leader = group("a")
    leader.hear(member("b"))
    #expect(leader.deadline(after: at(0)) == nil && leader.reason(at: at(9999)) == nil)
    let isLost = leader.lose("b", at: at(0))
    #expect(isLost && leader.deadline(after: at(0)) == at(2500))
    #expect(leader.reason(at: at(2499)) == nil)
    #expect(leader.reason(at: at(2500)) == .silent("b"))
    leader.hear(member("b"))
    #expect(leader.reason(at: at(2600)) == nil && leader.deadline(after: at(2600)) == nil)
  }

  @Test func whoIsNotConnectedIsNotLost() {
    var leader = group("a")
    var losses = [leader.lose("b", at: at(0))]
    leader.hear(poll: member("b"), at: at(0))
    losses.append(leader.lose("b", at: at(100)))
    leader.hear(member("b"))
    leader.forget("b")
    losses.append(leader.lose("b", at: at(200)))
    #expect(losses == [false, false, false] && leader.deadline(after: at(200)) == at(625))
  }

  @Test func whoWasStoppedIsForgotten() {
    var leader = group("a")
    leader.hear(member("b", able: false))
    leader.forget("b")
    #expect(leader.reason(at: at(9999)) == nil)
  }

  @Test func changesAreToldToWhomTheyMatter() {
    var (first, second) = (group("a"), group("b"))
    for name in ["c", "d"] {
      first.hear(member(name))
      second.hear(member(name))
    }
    #expect(first.audience == ["c", "d"] && second.audience == ["c", "d"])
    second.hear(member("a"))
    #expect(second.audience == ["a"])
    second.hear(poll: member("d"), at: at(0))
    #expect(second.audience == ["a", "d"])
    second.forget("a")
    #expect(second.leader == "b" && second.audience == ["c", "d"])
    let news = [false, true, true].map { second.update(isAble: true, isActive: $0, address: nil) }
    #expect(news == [true, true, false])
  }

  @Test func whoPollsMayNotBeSilent() {
    var own = group("a")
    own.hear(poll: member("b"), at: at(0))
    #expect(own.deadline(after: at(0)) == at(625))
    let told = [624, 625, 1249, 1250].map { own.isTelling(at: at($0)) }
    #expect(told == [false, true, false, true])
    #expect(own.reason(at: at(2499)) == nil && own.reason(at: at(2500)) == .silent("b"))
    own.hear(member("b"))
    _ = own.isTelling(at: at(2600))
    #expect(own.deadline(after: at(2600)) == nil)
  }

  @Test func onlyWhoLeadsAsksAll() {
    var (first, second) = (group("a"), group("b"))
    first.hear(member("b"))
    first.hear(poll: member("c"), at: at(0))
    second.hear(member("a"))
    let asked = [first.ask(at: at(0)), second.ask(at: at(0))]
    #expect(asked == [["b"], []])
    #expect(first.reason(at: at(2500)) == .silent("b"))
    first.hear(member("b"))
    #expect(first.reason(at: at(2600)) == .silent("c"))
  }

  @Test func whoLostItsAddressWithoutAWordHasHalfASecond() {
    let address = IPAddress.ipv4(IPv4Address(bits: 0xC0A8_01DC))
    var leader = group("a")
    var other = Group.Member(name: "b", isAble: true, isActive: true, address: address)
    leader.hear(other)
    #expect(leader.addresses == [address])
    var asked = [leader.miss(.ipv4(IPv4Address(bits: 1)), at: at(0)), leader.miss(address, at: at(0))]
    #expect(asked == [nil, "b"])
    #expect(leader.reason(at: at(499)) == nil && leader.reason(at: at(500)) == .silent("b"))
    other.isActive = false
    leader.hear(other)
    asked = [leader.miss(address, at: at(600))]
    #expect(asked == [nil] && leader.addresses.isEmpty)
    // It has been dead for a while: it may be back in time.
    other.isActive = true
    leader.hear(other)
    _ = leader.lose("b", at: at(1000))
    asked = [leader.miss(address, at: at(1000))]
    #expect(asked == [nil])
    #expect(leader.deadline(after: at(1000)) == at(3500))
  }

  @Test func forgersFillNoMemory() {
    var own = group("a")
    for number in 0..<1000 { own.hear(member("m\(number)")) }
    #expect(own.names.count == 255)
    own.hear(member("a", able: false))
    #expect(own.names.count == 255)
  }
}
