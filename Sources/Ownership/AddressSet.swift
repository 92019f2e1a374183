public import Internet

/// A set of an instance's addresses by their index in its configuration, at most 255. A member is a set of one.
public struct AddressSet: SetAlgebra, Hashable, Sendable {
  /// An Advertisement counts its addresses in one octet (RFC 9568 §5.2.5).
  public static let capacity = 255

  /// Bit N of the two stands for address N, or 128 + N.
  private var low: UInt128
  private var high: UInt128

  @inline(__always)
  private init(low: UInt128, high: UInt128) { (self.low, self.high) = (low, high) }

  /// No address.
  @inline(__always)
  public init() { self.init(low: 0, high: 0) }

  /// The set of the one address at `index`, 0..<`capacity`.
  @inline(__always)
  public init(index: Int) {
    self =
      index < 128 ? Self(low: 1 &<< UInt128(index), high: 0) : Self(low: 0, high: 1 &<< UInt128(index - 128))
  }

  /// The first `count` addresses, 0...`capacity`.
  public static func all(_ count: Int) -> AddressSet {
    count < 128
      ? Self(low: 1 &<< UInt128(count) &- 1, high: 0) : Self(low: .max, high: 1 &<< UInt128(count - 128) &- 1)
  }

  /// Calls `body` with each index, in ascending order.
  public func forEach(_ body: (Int) -> Void) {
    var rest = self
    while let index = rest.popFirst() { body(index) }
  }

  /// The lowest index; nil of none.
  public var first: Int? {
    if low != 0 { return low.trailingZeroBitCount }
    return high != 0 ? 128 + high.trailingZeroBitCount : nil
  }

  /// The lowest index, which is in the set no more; nil of none.
  public mutating func popFirst() -> Int? {
    guard let first else { return nil }
    if low != 0 { low &= low &- 1 } else { high &= high &- 1 }
    return first
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
  public var count: Int { low.nonzeroBitCount + high.nonzeroBitCount }

  // MARK: SetAlgebra

  /// Whether there is none.
  @inline(__always)
  public var isEmpty: Bool { low | high == 0 }

  /// What is in either.
  @inline(__always)
  public func union(_ other: AddressSet) -> AddressSet { Self(low: low | other.low, high: high | other.high) }

  /// What is in both.
  @inline(__always)
  public func intersection(_ other: AddressSet) -> AddressSet {
    Self(low: low & other.low, high: high & other.high)
  }

  /// What is in one of them only.
  @inline(__always)
  public func symmetricDifference(_ other: AddressSet) -> AddressSet {
    Self(low: low ^ other.low, high: high ^ other.high)
  }

  /// Without what is in `other`.
  @inline(__always)
  public func subtracting(_ other: AddressSet) -> AddressSet {
    Self(low: low & ~other.low, high: high & ~other.high)
  }

  /// Whether all are in `other`.
  @inline(__always)
  public func isSubset(of other: AddressSet) -> Bool { subtracting(other).isEmpty }

  /// Whether all of `other` are here.
  @inline(__always)
  public func isSuperset(of other: AddressSet) -> Bool { other.isSubset(of: self) }

  /// Whether all of `member` are here.
  @inline(__always)
  public func contains(_ member: AddressSet) -> Bool { isSuperset(of: member) }

  /// Takes in what is in `other`.
  @inline(__always)
  public mutating func formUnion(_ other: AddressSet) { self = union(other) }

  /// Leaves what is in both.
  @inline(__always)
  public mutating func formIntersection(_ other: AddressSet) { self = intersection(other) }

  /// Leaves what is in one of them only.
  @inline(__always)
  public mutating func formSymmetricDifference(_ other: AddressSet) { self = symmetricDifference(other) }

  /// Takes out what is in `other`.
  @inline(__always)
  public mutating func subtract(_ other: AddressSet) { self = subtracting(other) }

  /// Takes in `member`; whether it was not there.
  @discardableResult @inline(__always)
  public mutating func insert(_ member: AddressSet) -> (inserted: Bool, memberAfterInsert: AddressSet) {
    let isThere = contains(member)
    formUnion(member)
    return (!isThere, member)
  }

  /// Takes out `member`; nil if it was not there.
  @discardableResult @inline(__always)
  public mutating func remove(_ member: AddressSet) -> AddressSet? {
    let isThere = contains(member)
    subtract(member)
    return isThere ? member : nil
  }

  /// Takes in `member`; nil if it was not there.
  @discardableResult @inline(__always)
  public mutating func update(with member: AddressSet) -> AddressSet? {
    let isThere = contains(member)
    formUnion(member)
    return isThere ? member : nil
  }
}

extension AddressSet: CustomStringConvertible {
  /// The indices, as in `[0, 2]`.
  public var description: String {
    var indices: [Int] = []
    forEach { indices.append($0) }
    return "\(indices)"
  }
}
