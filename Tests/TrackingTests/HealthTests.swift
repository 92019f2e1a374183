import Internet
import Testing
import Tracking

@Suite struct VerdictTests {
  private let threshold = Verdict.Threshold(rise: 2, fall: 3)

  @Test func aCheckFallsAndRisesAfterResultsInARow() {
    var verdict = Verdict(assumedToPass: true)
    let results = [true, false, false, true, false, false, false, false, true, false, true, true, true]
    let news = results.map { verdict.note($0, threshold) }
    #expect(news.indices.filter { news[$0] } == [6, 11])
    #expect(verdict.passes)
  }

  @Test func aRestartedDaemonNeedsAllFailuresBeforeItGivesUpWhatItHas() {
    var verdict = Verdict(assumedToPass: true)
    let news = [verdict.note(false, threshold), verdict.note(false, threshold)]
    #expect(news == [false, false])
    #expect(verdict.passes && verdict.isKnown)
    let last = verdict.note(false, threshold)
    #expect(last && !verdict.passes)
  }

  @Test func aFreshDaemonPassesWithItsFirstPass() {
    var verdict = Verdict(assumedToPass: false)
    let news = verdict.note(true, threshold)
    #expect(news && verdict.passes)
  }

  @Test func aFirstFailureIsNewsAlthoughItWasAssumed() {
    var verdict = Verdict(assumedToPass: false)
    let news = [verdict.note(false, threshold), verdict.note(false, threshold)]
    #expect(news == [true, false])
    // Now that it has failed, it takes all of rise.
    let rising = [verdict.note(true, threshold), verdict.note(true, threshold)]
    #expect(rising == [false, true])
  }
}

@Suite struct HealthTests {
  private func fail(_ health: inout Health, _ index: Int) {
    let isNews = health.note(index, passed: false, .immediate)
    #expect(isNews)
  }

  @Test func oneFailingCheckIsEnough() {
    var health = Health(penalties: [0, 0, 0], assumedToPass: true)
    #expect(health.fitness == .fit)
    fail(&health, 1)
    #expect(health.fitness == .unfit)
    let isNews = health.note(1, passed: true, .immediate)
    #expect(isNews && health.fitness == .fit)
  }

  @Test func penaltiesAddUpAndLeaveAPriority() {
    var health = Health(penalties: [60, 20, 60], assumedToPass: true)
    fail(&health, 0)
    #expect(health.fitness == .penalized(60))
    fail(&health, 2)
    #expect(health.fitness == .penalized(120))
    #expect(health.fitness.priority(configured: 100) == 1)
    #expect(health.fitness.priority(configured: 200) == 80)
    #expect(Fitness.fit.priority(configured: 100) == 100)
    #expect(Fitness.unfit.priority(configured: 100) == 100)
  }

  @Test func whatMustHoldCountsMoreThanPenalties() {
    var health = Health(penalties: [0, 20], assumedToPass: true)
    fail(&health, 1)
    #expect(health.fitness == .penalized(20))
    fail(&health, 0)
    #expect(health.fitness == .unfit)
  }

  @Test func nothingToCheckIsFit() {
    #expect(Health(penalties: [], assumedToPass: false).fitness == .fit)
    #expect(Health(penalties: [0], assumedToPass: false).fitness == .unfit)
  }

  @Test func aReloadKeepsTheVerdictsOfTheChecksThatStay() {
    var health = Health(penalties: [0, 0], assumedToPass: true)
    fail(&health, 1)
    let swapped = Health(replacing: health, origins: [1, nil, 0], penalties: [10, 0, 0])
    #expect([0, 1, 2].map(swapped.passes) == [false, true, true])
    #expect(swapped.fitness == .penalized(10))
    #expect(Health(replacing: health, origins: [0], penalties: [0]).fitness == .fit)
  }
}

@Suite struct CommandScheduleTests {
  private func at(_ milliseconds: Int) -> Instant { Instant(sinceBoot: .milliseconds(milliseconds)) }

  private func schedule() -> CommandSchedule {
    CommandSchedule(interval: .milliseconds(1000), timeout: .milliseconds(2500), first: at(0))
  }

  @Test func runsStartAnIntervalApart() {
    var schedule = schedule()
    for start in [0, 1000, 2000] {
      #expect(schedule.deadline == at(start))
      let action = schedule.timer(at: at(start))
      #expect(action == .start)
      let early = schedule.timer(at: at(start + 10))
      #expect(early == nil)
      let counts = schedule.ended(at: at(start + 20))
      #expect(counts)
    }
  }

  @Test func aSlowRunDelaysTheNext() {
    var schedule = schedule()
    _ = schedule.timer(at: at(0))
    #expect(schedule.deadline == at(2500))
    let counts = schedule.ended(at: at(1700))
    #expect(counts && schedule.deadline == at(1700))
  }

  @Test func aRunThatHangsFailsOnceAndIsFollowedByTheNext() {
    var schedule = schedule()
    _ = schedule.timer(at: at(0))
    let action = schedule.timer(at: at(2500))
    #expect(action == .kill)
    let counts = schedule.ended(at: at(2510))
    #expect(!counts, "it was counted when it was killed")
    #expect(schedule.deadline == at(2510))
  }

  @Test func aRunThatCannotBeKilledFailsEveryInterval() {
    var schedule = schedule()
    _ = schedule.timer(at: at(0))
    let actions = [2500, 3500, 4500].map { schedule.timer(at: at($0)) }
    #expect(actions == [.kill, .failAgain, .failAgain])
    let counts = schedule.ended(at: at(4600))
    #expect(!counts && schedule.deadline == at(4600))
  }

  @Test func anEndWithoutARunIsNone() {
    var schedule = schedule()
    let counts = schedule.ended(at: at(100))
    #expect(!counts && schedule.deadline == at(0))
  }
}
