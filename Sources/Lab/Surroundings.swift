/// What the hosts have to live with, beside a fault.
package enum Surroundings: String, Sendable, CaseIterable {
  case quiet = "quiet"
  /// Busy loops at normal priority, four for each processor.
  case saturated = "processors saturated"
  /// Of whatever passes the switch.
  case lossy = "30 % loss"

  /// Makes it so on `segment`, as long as what is returned, or the segment, is there.
  func begin(on segment: Segment) throws -> Load? {
    switch self {
    case .quiet: return nil
    case .saturated: return try Load(in: segment.client.namespace)
    case .lossy:
      try segment.lose(percent: 30)
      return nil
    }
  }
}
