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
    first.hear(member("b"), at: at(0))
    second.hear(member("a"), at: at(0))
    #expect(first.reason(at: at(1)) == nil)
    #expect(second.reason(at: at(1)) == .waiting("a"))
    second.hear(member("a", active: true), at: at(2))
    #expect(second.reason(at: at(3)) == nil)
  }

  @Test func oneThatCannotKeepsAllBack() {
    var leader = group("a")
    leader.hear(member("b", able: false), at: at(0))
    #expect(leader.reason(at: at(1)) == .unable("b"))
    leader.hear(member("b"), at: at(2))
    #expect(leader.reason(at: at(3)) == nil)
  }

  @Test func aRestartIsNotNoticed() {
    var leader = group("a")
    leader.hear(member("b"), at: at(0))
    #expect(leader.reason(at: at(2500)) == nil)
    #expect(leader.reason(at: at(2501)) == .silent("b"))
    leader.hear(member("b"), at: at(2600))
    #expect(leader.reason(at: at(2601)) == nil)
  }

  @Test func whoWasStoppedIsForgotten() {
    var leader = group("a")
    leader.hear(member("b", able: false), at: at(0))
    leader.forget("b")
    #expect(leader.reason(at: at(9999)) == nil)
  }

  @Test func changesAreToldAtOnceAndTheRestInTime() {
    // Four times before silence counts.
    var own = group("a")
    let told = [0, 624].map { own.isTelling(at: at($0)) }
    #expect(told == [true, false])
    #expect(own.deadline(after: at(0)) == at(625))
    let isNews = [100, 101].map { own.update(isAble: true, isActive: false, at: at($0)) }
    #expect(isNews == [true, false])
    #expect(own.deadline(after: at(101)) == at(725))
  }

  @Test func silenceIsNoticedWhenItBegins() {
    var own = group("a")
    _ = own.isTelling(at: at(0))
    own.hear(member("b"), at: at(0))
    _ = own.isTelling(at: at(2400))
    let silent = at(2500) + .nanoseconds(1)
    #expect(own.deadline(after: at(2400)) == silent)
    #expect(own.reason(at: silent) == .silent("b"))
    // It is silent by now: nothing else is waited for.
    #expect(own.deadline(after: silent) == at(3025))
  }

  @Test func forgersFillNoMemory() {
    var own = group("a")
    for number in 0..<1000 { own.hear(member("m\(number)"), at: at(0)) }
    #expect(own.names.count == 255)
    own.hear(member("a", able: false), at: at(0))
    #expect(own.names.count == 255)
  }
}
