public import Internet

/// A set of an instance's addresses by their index in its configuration, at most 64.
public struct AddressSet: OptionSet, Hashable, Sendable {
  /// Bit N stands for address N.
  public let rawValue: UInt64

  /// The set of these bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The set of the one address at `index`, 0...63.
  public init(index: Int) { rawValue = 1 << UInt64(index) }

  /// The first `count` addresses, 1...64.
  public static func all(_ count: Int) -> AddressSet { AddressSet(rawValue: ~0 >> UInt64(64 - count)) }

  /// Calls `body` with each index, in ascending order.
  public func forEach(_ body: (Int) -> Void) {
    var rest = rawValue
    while rest != 0 {
      body(rest.trailingZeroBitCount)
      rest &= rest - 1
    }
  }

  /// The addresses of `before` in this set that are the same to a kernel as one of `after`, by their index there.
  public func moved(from before: [IPNetwork], to after: [IPNetwork]) -> AddressSet {
    var result: AddressSet = []
    forEach { index in
      if let moved = after.firstIndex(where: { $0.isSameAddress(as: before[index]) }) {
        result.insert(AddressSet(index: moved))
      }
    }
    return result
  }

  /// How many there are.
  public var count: Int { rawValue.nonzeroBitCount }
}
