import Simulation

/// Many seeds on several threads.
struct Campaign {
  struct Tally: Sendable {
    var coverage = Coverage()
    /// Seeds that broke a promise, and which.
    var failures: [(seed: UInt64, violation: Violation)] = []
  }

  private static let chunk = 1000

  /// Runs the seeds from `first` on; progress goes to standard error.
  static func run(first: UInt64, count: Int, jobs: Int, in simulator: Simulator) async -> Tally {
    let start = ContinuousClock.now
    var total = Tally()
    var next = 0
    var done = 0
    await withTaskGroup(of: (Tally, Int).self) { group in
      func startOne() {
        guard next < count else { return }
        let size = min(chunk, count - next)
        let begin = first + UInt64(next)
        next += size
        group.addTask { (runChunk(first: begin, count: size, in: simulator), size) }
      }
      for _ in 0..<jobs { startOne() }
      for await (tally, size) in group {
        done += size
        for (seed, violation) in tally.failures { StandardError.print("seed \(seed): \(violation)") }
        total.coverage.add(tally.coverage)
        total.failures += tally.failures
        progress(done, of: count, since: start, failures: total.failures.count)
        startOne()
      }
    }
    total.failures.sort { $0.seed < $1.seed }
    return total
  }

  private static func runChunk(first: UInt64, count: Int, in fresh: Simulator) -> Tally {
    var simulator = fresh
    var tally = Tally()
    for seed in first..<first + UInt64(count) {
      if let violation = simulator.run(Case(seed: seed)).violation {
        tally.failures.append((seed, violation))
      }
    }
    tally.coverage = simulator.coverage
    return tally
  }

  private static func progress(
    _ done: Int, of count: Int, since start: ContinuousClock.Instant, failures: Int
  ) {
    guard done % 20_000 == 0 || done == count else { return }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rate = Int(Double(done) / seconds)
    StandardError.print("\(done) of \(count) runs, \(rate) a second, \(failures) failed")
  }
}
