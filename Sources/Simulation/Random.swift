import Internet

/// What is drawn in a run.
///
/// Each host and each cable has its own, so that leaving out one fault changes as little as possible of what
/// the others meet: a schedule that is being shrunk stays close to the run that failed.
struct Random: Hashable, Sendable {
  private var generator: SplitMix64

  init(seed: UInt64, stream: UInt64) {
    generator = SplitMix64(state: seed)
    _ = next()
    generator.state ^= stream &* 0xD1B5_4A32_D192_ED03
    _ = next()
  }

  mutating func next() -> UInt64 { generator.next() }

  /// 0..<limit
  mutating func below(_ limit: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(limit)).high) }

  mutating func within(_ range: ClosedRange<Int64>) -> Int64 {
    range.lowerBound + Int64(below(Int(range.upperBound - range.lowerBound) + 1))
  }

  /// True in `percent` of 100 cases.
  mutating func chance(_ percent: Int) -> Bool { percent > 0 && below(100) < percent }

  /// Between 2^low and 2^high, every power of two as likely as the next: short and long alike.
  mutating func logarithmic(_ low: Int, _ high: Int) -> Int64 {
    let exponent = Int64(1) << Int64(low + below(high - low))
    return exponent + Int64(below(Int(exponent)))
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
