import Internet

/// Limits how often addresses that somebody else removes are added again: at once as long as that is rare,
/// but a program that removes them in a loop must not turn this one into its mirror.
struct ReinstatementBudget: Hashable, Sendable {
  private var waiting: AddressSet = []
  /// When the addresses that had to wait are due.
  private(set) var deadline: Instant?
  private var windowEnd: Instant?
  private var spent: UInt8 = 0

  private static let perWindow = 20
  private static let window = Duration.seconds(1)

  /// Asks for `addresses` to be added again.
  mutating func request(_ addresses: AddressSet) { waiting.formUnion(addresses) }

  /// Those that may be added now.
  mutating func take(at now: Instant) -> AddressSet {
    if let end = windowEnd, now < end {
      guard spent < Self.perWindow else {
        deadline = end
        return []
      }
    } else {
      windowEnd = now + Self.window
      spent = 0
    }
    defer { waiting = [] }
    deadline = nil
    if !waiting.isEmpty { spent += 1 }
    return waiting
  }
}
