import Internet
import Testing

@testable import Ownership

@Suite struct WitnessTurnTests {
  @Test func allAreAskedForInTurn() {
    var turn = WitnessTurn()
    #expect((0..<6).map { _ in turn.next(of: 3, asksAll: true) } == [1, 2, 0, 1, 2, 0])
    #expect(turn.next(of: 1, asksAll: true) == 0)
  }

  @Test func nobodyAnswersAndAllAreAskedFor() {
    var turn = WitnessTurn()
    #expect((0..<4).map { _ in turn.next(of: 3, asksAll: false) } == [1, 2, 0, 1])
  }

  /// An owner that never had the others does not seem to be silent.
  @Test func onlyWhatWasAnsweredForProvesSomething() {
    var turn = WitnessTurn()
    turn.hear(0)
    #expect((0..<3).map { _ in turn.next(of: 3, asksAll: false) } == [0, 0, 0])
    turn.hear(2)
    #expect((0..<4).map { _ in turn.next(of: 3, asksAll: true) } == [1, 2, 0, 1])
  }

  /// One that somebody deleted may be put back: it is asked for, and the silence of all must be longer.
  @Test func whatIsNotAnsweredForIsDoubted() {
    var turn = WitnessTurn()
    turn.hear(0)
    turn.hear(1)
    #expect(turn.missesUntilSilent == 2)
    #expect(turn.next(of: 3, asksAll: false) == 1)
    #expect(turn.next(of: 3, asksAll: false) == 0)
    turn.hear(0)
    #expect(turn.missesUntilSilent == 4)
    #expect((0..<2).map { _ in turn.next(of: 3, asksAll: false) } == [1, 0])
    turn.hear(1)
    #expect(turn.next(of: 3, asksAll: false) == 1)
    turn.hear(0)
    turn.hear(1)
    #expect(turn.missesUntilSilent == 2)
  }

  /// An owner that has been without it for a while does not have it.
  @Test func whatIsNotAnsweredForAgainAndAgainProvesNothing() {
    var turn = WitnessTurn()
    turn.hear(0)
    turn.hear(1)
    for _ in 0..<2 {
      #expect(turn.next(of: 2, asksAll: true) == 1)
      #expect(turn.next(of: 2, asksAll: true) == 0)
      turn.hear(0)
    }
    #expect(turn.missesUntilSilent == 2)
    #expect((0..<3).map { _ in turn.next(of: 2, asksAll: false) } == [0, 0, 0])
  }

  /// What no answer came for, and none for any other either, is asked for again: the owner fell silent.
  @Test func silenceForgetsNothing() {
    var turn = WitnessTurn()
    turn.hear(0)
    for _ in 0..<5 { #expect(turn.next(of: 2, asksAll: false) == 0) }
    turn.hear(0)
    #expect(turn.next(of: 2, asksAll: false) == 0)
  }

  @Test func whatWasAnsweredForKeepsThatWithAnotherIndex() {
    var turn = WitnessTurn()
    turn.hear(0)
    turn.readdress { set in set.contains(AddressSet(index: 0)) ? AddressSet(index: 2) : [] }
    #expect((0..<2).map { _ in turn.next(of: 4, asksAll: false) } == [2, 2])
    turn.readdress { _ in [] }
    #expect((0..<2).map { _ in turn.next(of: 2, asksAll: false) } == [1, 0])
  }
}
