import Internet
import Testing

@testable import Neighbor

/// Of many packets some are lost: what is not answered then need not be silent.
@Suite struct WitnessDoubtTests {
  private var witness = Witness()
  private var now = Instant(sinceBoot: .seconds(1))
  private let owner = MACAddress(bits: 0x0200_0000_0001)

  init() {
    witness.ask(every: .milliseconds(25), at: now)
    ask(answered: true)
  }

  private mutating func ask(answered isAnswered: Bool, every pace: Duration = .milliseconds(25)) {
    witness.ask(every: pace, at: now)
    now = max(now, witness.deadline ?? now)
    _ = witness.probe(for: .ipv4, at: now)
    if isAnswered { witness.hear(owner, for: .ipv4, at: now) }
  }

  /// Probes that stay unanswered until it is silent; the last one is missed when another one is due.
  private mutating func probesUntilSilent(every pace: Duration = .milliseconds(25)) -> Int {
    for count in 0..<30 {
      ask(answered: false, every: pace)
      if witness.isSilent { return count }
    }
    return .max
  }

  @Test mutating func whereNothingIsLostTwoAreEnough() {
    for _ in 0..<20 { ask(answered: true) }
    #expect(probesUntilSilent() == 2)
  }

  /// Half of all rounds, as with three packets of ten.
  @Test mutating func whereMuchIsLostItTakesTen() {
    for number in 0..<20 { ask(answered: number % 2 == 1) }
    #expect(witness.isAnswered)
    #expect(probesUntilSilent() == 10)
  }

  /// An Advertisement was lost, and the next one came.
  @Test mutating func whatElseIsLostCountsToo() {
    for _ in 0..<3 { witness.noteLoss() }
    #expect(probesUntilSilent() == 5)
  }

  /// A quarter of a second is what it may cost.
  @Test(arguments: [(250, 3), (1060, 2)]) mutating func aSlowPaceIsNotMadeSlower(pace: Int, probes: Int) {
    for number in 0..<20 { ask(answered: number % 2 == 1) }
    #expect(probesUntilSilent(every: .milliseconds(pace)) == probes)
  }

  /// An owner that lacks one of two addresses is asked for both, in no hurry.
  @Test mutating func whatAnOwnerDoesNotHaveIsNotLost() {
    for number in 0..<20 { ask(answered: number % 2 == 1, every: .milliseconds(1060)) }
    #expect(probesUntilSilent() == 2)
  }

  @Test mutating func aClaimTrusts() {
    for number in 0..<20 { ask(answered: number % 2 == 1) }
    witness.trust()
    #expect(probesUntilSilent(every: .milliseconds(4)) == 2)
  }

  @Test mutating func whatWasLostIsForgotten() {
    for number in 0..<20 { ask(answered: number % 2 == 1) }
    for _ in 0..<8 { ask(answered: true) }
    #expect(probesUntilSilent() == 2)
  }
}
