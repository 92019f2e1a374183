public import Internet

/// How instants are told to people and to programs, by the wall clock and in the time zone of this host.
public struct Calendar {
  /// For people: `2025-11-22 08:14:03 UTC`.
  public let localTime: (Instant) -> String
  /// For programs: microseconds since 1970.
  public let microseconds: (Instant) -> UInt64

  /// Both.
  public init(localTime: @escaping (Instant) -> String, microseconds: @escaping (Instant) -> UInt64) {
    self.localTime = localTime
    self.microseconds = microseconds
  }
}

extension Collection where Element: CustomStringConvertible {
  /// For a line that somebody reads: at most four; of more, three and how many others there are.
  public var abridged: String {
    let isLong = count > 4
    let names = prefix(isLong ? 3 : 4).map(\.description).joined(separator: " ")
    return isLong ? "\(names) and \(count - 3) more" : names
  }
}
