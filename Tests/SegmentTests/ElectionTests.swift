import Glibc
import Internet
import Lab
import Testing

extension SegmentTests {
  @Suite struct ElectionTests {
    @Test func fromColdThereIsExactlyOneOwner() throws {
      let scene = try Scene()
      try scene.start(217)
      try scene.start(218)
      try scene.segment.loop.wait(for: "an owner", within: Scene.patience) {
        !scene.segment.ownership.history.owners(of: scene.vip).isEmpty
      }
      pause(.milliseconds(600))
      let start = MonotonicClock.now
      pause(.seconds(1))
      #expect(scene.segment.ownership.history.owners(of: scene.vip).count == 1)
      scene.expectUnchanged(since: start)
    }

    @Test func ofTwoActiveRoutersWithEqualPriorityTheGreaterAddressStays() throws {
      let scene = try Scene()
      try scene.segment.dropEverything()
      try scene.start(217)
      try scene.start(218)
      try scene.expectOwners(217, 218)
      try scene.segment.dropEverything(false)
      try scene.expectOwners(218)
    }

    @Test func theHigherPriorityWins() throws {
      let scene = try Scene()
      try scene.segment.dropEverything()
      try scene.start(217) { $0.priority = 101 }
      try scene.start(218)
      try scene.expectOwners(217, 218)
      try scene.segment.dropEverything(false)
      try scene.expectOwners(217)
    }

    @Test func whoComesLaterWithEqualPriorityStaysBackup() throws {
      let scene = try Scene()
      let start = MonotonicClock.now
      try scene.startPair()
      pause(.seconds(1))
      try scene.expectOwners(217)
      #expect(scene.overlap(since: start).all == .zero)
    }

    @Test func aHigherPriorityPreempts() throws {
      let scene = try Scene()
      try scene.start(218)
      try scene.expectOwners(218)
      let start = MonotonicClock.now
      try scene.start(217) { $0.priority = 200 }
      try scene.expectOwners(217)
      #expect(scene.overlap(since: start).all == .zero, "it waits until the other no longer answers")
    }

    @Test func preemptionWaitsForItsDelay() throws {
      let scene = try Scene()
      try scene.start(218)
      try scene.expectOwners(218)
      let start = MonotonicClock.now
      try scene.start(217) {
        $0.priority = 200
        $0.preemptDelay = .seconds(2)
      }
      try scene.expectOwners(217)
      let taken = try #require(
        scene.segment.ownership.history.acquisition(of: scene.vip, by: 217, from: start))
      #expect(taken - start >= .seconds(2))
      #expect(taken - start < .seconds(8))
    }

    @Test func withoutPreemptAHigherPriorityWaitsUntilItIsNeeded() throws {
      let scene = try Scene()
      try scene.start(218)
      try scene.expectOwners(218)
      try scene.start(217) {
        $0.priority = 200
        $0.preempts = false
      }
      pause(.seconds(2))
      try scene.expectOwners(218)
      try scene.daemon(218).stop()
      try scene.expectOwners(217)
    }

    @Test func ofThreeHostsTheNextHighestPriorityTakesOver() throws {
      let scene = try Scene(hosts: [216, 217, 218])
      try scene.start(217) { $0.priority = 200 }
      try scene.expectOwners(217)
      try scene.start(218) { $0.priority = 50 }
      try scene.start(216) { $0.priority = 150 }
      pause(.seconds(1))
      try scene.expectOwners(217)
      try scene.segment.pullCable(217)
      try scene.expectOwners(216)
      pause(.milliseconds(500))
      try scene.expectOwners(216)
    }
  }
}
